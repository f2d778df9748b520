"""``flipbook worker``: from the command line's options to a running worker."""

from collections.abc import Mapping

from bot.worker_settings import load_worker_settings
from worker.serve import serve


def serve_here(given: Mapping[str, object]) -> int:
    """Serve until a signal says stop; the exit code. Options win over the environment.

    Raises SettingsError naming each variable that is wrong.
    """
    return serve(load_worker_settings(given))
