"""``flipbook worker``: from the command line's options to a running worker, and one that is kept running."""

import contextlib
import sys
from collections.abc import Mapping

from bot.settings import child_environment
from bot.worker_settings import load_worker_settings
from worker.exits import WorkerExit
from worker.settings import WorkerSettings

COMMAND = (sys.executable, "-m", "bot", "worker")


def serve_here(given: Mapping[str, object]) -> int:
    """Serve until a signal says stop; the exit code. Options win over the environment.

    A worker that leaves with its parent is watched over by that parent; any other gets a small one of its own.

    Raises SettingsError naming each variable that is wrong.
    """
    settings = load_worker_settings(given)
    if not settings.exit_with_parent:
        return _keep(settings, given)
    from worker.serve import serve  # noqa: PLC0415 -- the parent, which is there for long, needs none of it

    return serve(settings)


def _keep(settings: WorkerSettings, given: Mapping[str, object]) -> int:
    from worker.keeper import Keeper  # noqa: PLC0415
    from worker.listening import listen  # noqa: PLC0415

    try:
        with contextlib.closing(listen(settings)) as listener:
            environment = child_environment(
                **{f"FLIPBOOK_WORKER_{name.upper()}": str(value) for name, value in given.items()},
                FLIPBOOK_WORKER_LISTENER_FD=str(listener.fileno()),
                FLIPBOOK_WORKER_EXIT_WITH_PARENT="true",
            )
            return Keeper(COMMAND, environment, settings.data_dir, keeps_open=[listener.fileno()]).run()
    except OSError as error:
        print(f"The worker cannot start: {error}", file=sys.stderr)
        return WorkerExit.FAILED
