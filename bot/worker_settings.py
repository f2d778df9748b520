"""The worker's settings, read as the command line reads them: options win over the environment."""

from collections.abc import Mapping

from pydantic import ValidationError

from bot.settings import SettingsError, complaints
from worker.settings import WorkerSettings


def load_worker_settings(given: Mapping[str, object]) -> WorkerSettings:
    """Read the environment and ``.env``; ``given`` (by field name) wins over both.

    Raises SettingsError naming each variable that is wrong, never showing its value.
    """
    try:
        return WorkerSettings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError(complaints(error, lambda field: f"FLIPBOOK_WORKER_{field.upper()}")) from None
