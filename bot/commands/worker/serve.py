"""Runs the worker of ``flipbook worker``: directly, or under a small supervisor process."""

import contextlib
import sys
from collections.abc import Mapping

from bot.commands.settings_sources import settings_findings
from bot.commands.worker.settings import load_worker_settings
from bot.settings import child_environment
from generation.diagnostics import Grade
from worker.process.exit_codes import WorkerExit
from worker.settings import WorkerSettings

COMMAND = (sys.executable, "-m", "bot", "worker")


def serve_here(given: Mapping[str, object]) -> int:
    """Serve until a signal says stop; the exit code. Options win over the environment.

    A worker that exits with its parent is restarted by that parent; for any other, this process
    becomes a small supervisor with the worker as its child.

    Raises SettingsError, which names each wrong variable.
    """
    settings = load_worker_settings(given)
    if not settings.exit_with_parent:
        return _supervise(settings, given)
    # not in the supervisor, which runs as long as the worker and should stay small
    from worker.process.serve import serve  # noqa: PLC0415

    return serve(settings)


def _supervise(settings: WorkerSettings, given: Mapping[str, object]) -> int:
    from worker.process.listener import listen  # noqa: PLC0415
    from worker.process.supervisor import WorkerSupervisor  # noqa: PLC0415

    for finding in settings_findings():
        if finding.grade is not Grade.GOOD:
            print(finding, file=sys.stderr)
    try:
        # the supervisor holds the port: requests wait in its backlog while the worker restarts
        with contextlib.closing(listen(settings)) as listener:
            # in the environment: the child reads the same settings, and command lines are public
            environment = child_environment(
                **{f"FLIPBOOK_WORKER_{name.upper()}": str(value) for name, value in given.items()},
                FLIPBOOK_WORKER_LISTENER_FD=str(listener.fileno()),
                FLIPBOOK_WORKER_EXIT_WITH_PARENT="true",
            )
            return WorkerSupervisor(
                COMMAND, environment, settings.data_dir, inherited_fds=[listener.fileno()]
            ).run()
    except OSError as error:
        print(f"The worker cannot start: {error}", file=sys.stderr)
        return WorkerExit.FAILED
