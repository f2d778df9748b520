"""Which worker a clip from the terminal is made by: that of the running bot whenever it renders
with the engine that was asked for, because a GPU serves one engine at a time."""

from bot.folders import WORKER_FOLDER, running_worker
from bot.settings import Settings
from worker.settings import EngineChoice


def with_worker_folder(settings: Settings, configured: EngineChoice) -> tuple[Settings, str]:
    """The settings to make a clip with, and the worker's part of the data folder. ``configured`` is
    the engine that a `flipbook run` would take, before any option of the command."""
    running, wanted = running_worker(settings.data_dir / WORKER_FOLDER), settings.engine
    if running is None:
        fits = wanted is configured  # a bot that starts meanwhile takes the same
    else:
        # animatediff-cpu is AnimateDiff too
        fits = wanted is EngineChoice.AUTO or running.engine.partition("-")[0] == wanted
    if fits:
        return settings, WORKER_FOLDER
    # a folder of its own, with the models of the bot's worker
    models = settings.models or settings.data_dir / WORKER_FOLDER / "models"
    return settings.model_copy(update={"models": models}), f"{WORKER_FOLDER}-{wanted}"
