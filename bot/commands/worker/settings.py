"""The worker's settings as its commands read them: options win over the environment."""

from collections.abc import Mapping

import typer

from bot.exit_codes import Exit, die
from bot.settings import SettingsError, as_settings_error, load_shared_settings
from worker.settings import WorkerSettings


def load_worker_settings(given: Mapping[str, object]) -> WorkerSettings:
    """Read the environment and ``.env``; ``given`` (by field name) wins over both.

    Without a data folder among them, it is that of the worker that `flipbook run` embeds, with the
    same models.

    Raises SettingsError, which names each wrong variable and never its value.
    """
    with as_settings_error(lambda field: f"FLIPBOOK_WORKER_{field.upper()}"):
        settings = WorkerSettings(**given)  # type: ignore[arg-type]
    if "data_dir" in settings.model_fields_set:
        return settings
    # so that `flipbook worker models download` fills the folder that `flipbook run` reads
    shared = load_shared_settings()
    folders = {
        "data_dir": shared.data_dir / "worker",
        "models_dir": settings.models_dir or shared.models,
    }
    return settings.model_copy(update=folders)


def read_worker_settings(context: typer.Context, **options: object) -> WorkerSettings:
    """The settings for a subcommand of ``flipbook worker``: its own options, where they are not
    None, win over those before it.

    Ends the command with a sentence where a setting cannot be used.
    """
    own = {name: value for name, value in options.items() if value is not None}
    try:
        return load_worker_settings({**(context.obj or {}), **own})
    except SettingsError as error:
        die(Exit.INVALID, str(error))
