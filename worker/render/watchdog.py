"""Notices an engine that hangs, and ends the process: a call stuck in a driver cannot be
interrupted.

The alarm is a timer of the C runtime. It needs no interpreter, so it fires even while the stuck
call holds Python's global lock. It writes every thread's stack into a file in the data folder and
ends the process at once; the supervisor starts the worker again, and the requests that were being
rendered are in the database.
"""

import faulthandler
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TextIO

import structlog

from worker.engine import Compiles, Engine, EstimatesSteps, Render
from worker.render.hang_report import HANG_FILE, LAST_HANG_FILE, has_hung

log = structlog.get_logger("flipbook.worker.render")

SLOWER_THAN_USUAL: Final = 20.0
"""How many times its average a step may take: the first one of a size is slow, and memory may be
short."""
FROM_CACHE_SECONDS: Final = 120.0
"""How long an engine may compile what a process beside it has compiled before: tracing it takes
seconds."""
_REARM: Final = 0.9
"""An alarm that is due in at least this share of the seconds asked for stays as it is: setting one
starts a thread."""


class Alarm(Protocol):
    """Ends the process unless it is set again or cancelled in time."""

    def set(self, seconds: float) -> None:
        """Fire in that many seconds; this replaces what was set before."""
        ...

    def cancel(self) -> None:
        """Do not fire."""
        ...


class NoAlarm:
    """Never fires."""

    def set(self, seconds: float) -> None:
        """Do nothing."""

    def cancel(self) -> None:
        """Do nothing."""


class ProcessAlarm:
    """Ends this process with exit code 1 after writing every thread's stack to ``file``."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def set(self, seconds: float) -> None:
        """End the process in that many seconds."""
        faulthandler.dump_traceback_later(seconds, exit=True, file=self._file)

    def cancel(self) -> None:
        """Keep the process alive."""
        faulthandler.cancel_dump_traceback_later()


@dataclass(frozen=True, slots=True)
class WatchdogTimeouts:
    """How long an engine may be silent, in seconds: within a step, and while it loads or compiles.
    0 is no limit."""

    step: float = 60.0
    loading: float = 600.0


class Watchdog:
    """The engine's thread calls it before everything that may hang; every method is called on that
    thread only."""

    def __init__(
        self,
        alarm: Alarm,
        timeouts: WatchdogTimeouts = WatchdogTimeouts(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._alarm = alarm
        self._timeouts = timeouts
        self._clock = clock
        self._due: float | None = None

    def engine_loads(self) -> None:
        """It starts to load."""
        self._set_alarm(self._timeouts.loading)

    def engine_idles(self, engine: object) -> None:
        """It starts a piece of its idle work, which is mostly compiling: as long as loading, unless
        the long part of it is done elsewhere."""
        seconds = self._timeouts.loading
        compiling = engine.compiling if isinstance(engine, Compiles) else None
        if seconds and compiling is not None and compiling.is_beside:
            seconds = min(seconds, FROM_CACHE_SECONDS)
        self._set_alarm(seconds)

    def engine_works(self, engine: Engine, renders: Iterable[Render]) -> None:
        """It starts to advance some of these renders, or begins or finishes one."""
        seconds = self._timeouts.step
        # a step of a large clip on a slow machine is healthy, however long it takes
        if seconds and isinstance(engine, EstimatesSteps):
            slowest = max(
                (engine.step_seconds(render.request) or 0.0 for render in renders), default=0.0
            )
            seconds = max(seconds, SLOWER_THAN_USUAL * slowest)
        self._set_alarm(seconds)

    def engine_rests(self) -> None:
        """It waits for something to do, for any length of time."""
        # cancelling costs a call into the C runtime, and it rests often
        if self._due is not None:
            self._due = None
            self._alarm.cancel()

    def _set_alarm(self, seconds: float) -> None:
        if not seconds:
            self.engine_rests()
            return
        now = self._clock()
        if self._due is None or not _REARM * seconds <= self._due - now <= seconds:
            self._due = now + seconds
            self._alarm.set(seconds)


@contextmanager
def watching(folder: Path, timeouts: WatchdogTimeouts) -> Iterator[Watchdog]:
    """A watchdog over this process during the block. Logs the hang that ended the worker before, if
    one did."""
    path = folder / HANG_FILE
    if has_hung(folder):
        # the new run needs an empty file, and the operator the old one
        report = path.replace(path.with_name(LAST_HANG_FILE))
        log.warning(
            "the worker before this one hung and was ended; its stacks are kept", file=str(report)
        )
    # the file is open already when the alarm fires: a stuck process could not open one
    with path.open("w", encoding="utf-8") as file:
        watchdog = Watchdog(ProcessAlarm(file), timeouts)
        try:
            yield watchdog
        finally:
            watchdog.engine_rests()
