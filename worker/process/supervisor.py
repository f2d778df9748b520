"""Keeps a standalone worker running: a small parent process that holds the port and restarts the
worker when it dies.

The worker can hang in a driver, be killed because memory ran out, or lose its GPU; this process
survives all of that. It owns the listening socket, so the address stays the same, and callers who
come during a restart wait instead of failing.
"""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

import structlog

from generation.protocol.backoff import Backoff
from worker.process.exit_codes import WorkerExit
from worker.render.hang_report import has_hung

log = structlog.get_logger("flipbook.worker.process")

LEAVE_SECONDS: Final = 6.0
"""A little longer than the worker takes at most to stop; then it is killed."""
_BACKOFF: Final = Backoff(first=0.5, longest=30.0)
_GAVE_UP: Final = (
    "The worker died {} times in a row, last because {}. Look at the lines "
    "above, then start it again."
)


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """When a worker is restarted.

    max_deaths: after that many deaths in a row it is not restarted. backoff: the pause before each
    restart. steady_seconds: the death of a worker that ran this long counts as the first one again.
    """

    max_deaths: int = 8
    backoff: Backoff = _BACKOFF
    steady_seconds: float = 600.0


class WorkerSupervisor:
    """Runs the worker's command. The worker's standard input is a pipe from this process: it closes
    when this process ends, which tells the worker to end too."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        data_dir: Path,
        *,
        inherited_fds: Sequence[int] = (),
        restarts: RestartPolicy = RestartPolicy(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`inherited_fds` are the file descriptors that the worker inherits, the listening socket's
        among them."""
        self._command = tuple(command)
        self._environment = dict(environment)
        self._data_dir = data_dir
        self._inherited_fds = tuple(inherited_fds)
        self._restarts = restarts
        self._clock = clock
        self._stop = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Run until the worker ends for good or a signal stops it; returns the exit code."""
        deaths = 0
        with self._signals():
            while not self._stop.is_set():
                began = self._clock()
                code = self._run_worker()
                reason = None if self._stop.is_set() else self._restart_reason(code)
                if reason is None:
                    return code
                lasted = self._clock() - began
                # a worker that ran for long was healthy, so this is not a series
                deaths = 1 if lasted >= self._restarts.steady_seconds else deaths + 1
                if deaths >= self._restarts.max_deaths:
                    print(_GAVE_UP.format(deaths, reason), file=sys.stderr, flush=True)
                    return WorkerExit.DEVICE_LOST
                pause = self._restarts.backoff.before(deaths)
                log.warning("starting the worker again", because=reason, in_seconds=pause)
                self._stop.wait(pause)
        return WorkerExit.STOPPED

    def _restart_reason(self, code: int) -> str | None:
        """Why a worker with that exit code is restarted; None when it would only end the same way
        again."""
        # the watchdog ends the process with code 1, which alone would mean a failed start
        if has_hung(self._data_dir):
            return "it hung"
        if code < 0:
            return f"it was killed by signal {-code}"
        return "it lost its device or broke" if code == WorkerExit.DEVICE_LOST else None

    def _run_worker(self) -> int:
        with subprocess.Popen(  # noqa: S603 -- our own command
            self._command,
            stdin=subprocess.PIPE,
            env=self._environment,
            pass_fds=self._inherited_fds,
            start_new_session=True,  # a Ctrl-C at the terminal is ours to pass on
        ) as child:
            self._child = child
            # a signal that came just before found no child to pass it on to
            if self._stop.is_set():
                self._end(child)
            return child.wait()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        before = {
            # the caller's own handlers are set again
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()
        if self._child is not None:
            self._end(self._child)

    def _end(self, child: "subprocess.Popen[bytes]") -> None:
        if child.returncode is None:
            child.terminate()
            # this runs in a signal handler, which must not wait
            killing = threading.Timer(LEAVE_SECONDS, child.kill)
            killing.daemon = True
            killing.start()
