"""Notices an engine that hangs, and ends the process: a call that is stuck in a driver cannot be interrupted.

The alarm is a timer of the C runtime that needs no interpreter, so it rings even while the stuck call holds Python's
global lock. It writes what every thread was doing into a file in the data folder and ends the process at once; whoever
started the worker starts it again, and the requests that were being rendered are in the database.
"""

import faulthandler
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TextIO, runtime_checkable

import structlog

from generation.request import GenerationRequest
from worker.engine import Engine, Render
from worker.exits import HANG_FILE, has_hung

log = structlog.get_logger()

SLOWER_THAN_USUAL: Final = 20.0
"""A step may take so many times what it takes on average: the first one of a size is slow, and memory may be short."""
_REARM: Final = 0.9
"""An alarm that is due in nearly the time wanted is left as it is: setting one starts a thread."""


class Alarm(Protocol):
    """Ends the process unless it is put off in time."""

    def ring_in(self, seconds: float) -> None:
        """From now on, ring in so many seconds; replaces what was set before."""
        ...

    def silence(self) -> None:
        """Do not ring."""
        ...


class NoAlarm:
    """Never rings."""

    def ring_in(self, seconds: float) -> None:
        """Nothing happens, ever."""

    def silence(self) -> None:
        """Nothing was to happen."""


class ProcessAlarm:
    """Ends this process with exit code 1 after writing every thread's stack to ``file``."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def ring_in(self, seconds: float) -> None:
        """End the process in so many seconds."""
        faulthandler.dump_traceback_later(seconds, exit=True, file=self._file)

    def silence(self) -> None:
        """Let the process live."""
        faulthandler.cancel_dump_traceback_later()


@runtime_checkable
class KnowsItsSteps(Protocol):
    """An engine that can say how long a step of a request takes on this machine."""

    def step_seconds(self, request: GenerationRequest) -> float | None:
        """On average, rendered alone; None before anything was measured."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an engine may be silent, in seconds: within a step, and while it loads or compiles. 0 is for ever."""

    step: float = 60.0
    loading: float = 600.0


class Watchdog:
    """What the engine's thread tells before everything that may hang; every method is called on that thread only."""

    def __init__(
        self, alarm: Alarm, patience: Patience = Patience(), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._alarm = alarm
        self._patience = patience
        self._clock = clock
        self._due: float | None = None

    def engine_loads(self) -> None:
        """It loads, or compiles."""
        self._expect(self._patience.loading)

    def engine_works(self, engine: Engine, renders: Iterable[Render]) -> None:
        """It advances some of these renders, begins or finishes one."""
        patience = self._patience.step
        if patience and isinstance(engine, KnowsItsSteps):
            slowest = max((engine.step_seconds(render.request) or 0.0 for render in renders), default=0.0)
            patience = max(patience, SLOWER_THAN_USUAL * slowest)
        self._expect(patience)

    def engine_rests(self) -> None:
        """It waits for something to do, for as long as it takes."""
        if self._due is not None:
            self._due = None
            self._alarm.silence()

    def _expect(self, seconds: float) -> None:
        if not seconds:
            self.engine_rests()
            return
        now = self._clock()
        if self._due is None or not _REARM * seconds <= self._due - now <= seconds:
            self._due = now + seconds
            self._alarm.ring_in(seconds)


@contextmanager
def watching(folder: Path, patience: Patience) -> Iterator[Watchdog]:
    """A watchdog over this process for as long as the block lasts. Tells of the hang that ended the one before."""
    path = folder / HANG_FILE
    if has_hung(folder):
        kept = path.replace(path.with_name("last-hang.txt"))
        log.warning("the worker before this one hung and was ended; its stacks are kept", file=str(kept))
    with path.open("w", encoding="utf-8") as file:
        watchdog = Watchdog(ProcessAlarm(file), patience)
        try:
            yield watchdog
        finally:
            watchdog.engine_rests()
