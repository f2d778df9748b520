"""The worker's settings, read as the command line reads them: options win over the environment."""

from collections.abc import Mapping

from bot.settings import in_sentences, load_settings
from worker.settings import WorkerSettings


def load_worker_settings(given: Mapping[str, object]) -> WorkerSettings:
    """Read the environment and ``.env``; ``given`` (by field name) wins over both.

    Where they name no data folder, it is the one that `flipbook run` gives to its own worker, with its models.

    Raises SettingsError naming each variable that is wrong, never showing its value.
    """
    with in_sentences(lambda field: f"FLIPBOOK_WORKER_{field.upper()}"):
        settings = WorkerSettings(**given)  # type: ignore[arg-type]
    if "data_dir" in settings.model_fields_set:
        return settings
    house = load_settings()
    places = {"data_dir": house.data_dir / "worker", "models_dir": settings.models_dir or house.models}
    return settings.model_copy(update=places)
