"""``flipbook worker``: from the command line's options to a running worker."""

from collections.abc import Mapping

from pydantic import ValidationError

from bot.settings import SettingsError, complaints
from worker.serve import serve
from worker.settings import WorkerSettings


def serve_here(given: Mapping[str, object]) -> int:
    """Serve until a signal says stop; the exit code. Options win over the environment.

    Raises SettingsError naming each variable that is wrong.
    """
    try:
        settings = WorkerSettings(**given)  # type: ignore[arg-type]
    except ValidationError as error:
        raise SettingsError(complaints(error, lambda field: f"FLIPBOOK_WORKER_{field.upper()}")) from None
    return serve(settings)
