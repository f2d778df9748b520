"""Keeps a standalone worker running: a small parent that holds the port and starts the worker again when it dies.

The worker itself can hang in a driver, be killed for want of memory or lose its GPU; none of that touches this process.
It owns the listening socket, so the address stays the same and callers who come meanwhile wait instead of failing.
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

from worker.exits import WorkerExit, has_hung

log = structlog.get_logger()

LEAVE_SECONDS: Final = 6.0
"""A little longer than the worker takes at most; then it is killed."""
_GAVE_UP: Final = "The worker died {} times in a row, last because {}. Look at the lines above, then start it again."


@dataclass(frozen=True, slots=True)
class Restarts:
    """When a worker is started again: pauses in seconds, each twice the last.

    most: after so many deaths in a row it is left alone. steady: whoever lived so long was well, and counts from one.
    """

    most: int = 8
    first_pause: float = 0.5
    longest_pause: float = 30.0
    steady: float = 600.0

    def pause_after(self, deaths: int) -> float:
        """How long to wait after so many deaths in a row."""
        return min(self.longest_pause, self.first_pause * 2.0 ** (deaths - 1))


class Keeper:
    """Runs the worker's command, with its standard input as the pipe by which it notices our end."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        data_dir: Path,
        *,
        keeps_open: Sequence[int] = (),
        restarts: Restarts = Restarts(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`keeps_open` are the file descriptors that the worker inherits, the listening socket's among them."""
        self._command = tuple(command)
        self._environment = dict(environment)
        self._data_dir = data_dir
        self._keeps_open = tuple(keeps_open)
        self._restarts = restarts
        self._clock = clock
        self._stop = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def run(self) -> int:
        """Until the worker ends for good or a signal says stop; the exit code."""
        deaths = 0
        with self._signals():
            while not self._stop.is_set():
                began = self._clock()
                code = self._run_once()
                reason = None if self._stop.is_set() else self._why_again(code)
                if reason is None:
                    return code
                deaths = 1 if self._clock() - began >= self._restarts.steady else deaths + 1
                if deaths >= self._restarts.most:
                    print(_GAVE_UP.format(deaths, reason), file=sys.stderr, flush=True)
                    return WorkerExit.DEVICE_LOST
                pause = self._restarts.pause_after(deaths)
                log.warning("starting the worker again", because=reason, in_seconds=pause)
                self._stop.wait(pause)
        return WorkerExit.STOPPED

    def _why_again(self, code: int) -> str | None:
        """Why a worker that ended so is worth another try; None when it would only end so again."""
        if has_hung(self._data_dir):
            return "it hung"
        if code < 0:
            return f"it was killed by signal {-code}"
        return "it lost its device or broke" if code == WorkerExit.DEVICE_LOST else None

    def _run_once(self) -> int:
        with subprocess.Popen(  # noqa: S603 -- our own command
            self._command,
            stdin=subprocess.PIPE,
            env=self._environment,
            pass_fds=self._keeps_open,
            start_new_session=True,  # a Ctrl-C at the terminal is ours to pass on
        ) as child:
            self._child = child
            if self._stop.is_set():
                self._end(child)
            return child.wait()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._told_to_stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _told_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop.set()
        if self._child is not None:
            self._end(self._child)

    def _end(self, child: "subprocess.Popen[bytes]") -> None:
        if child.returncode is None:
            child.terminate()
            killing = threading.Timer(LEAVE_SECONDS, child.kill)
            killing.daemon = True
            killing.start()
