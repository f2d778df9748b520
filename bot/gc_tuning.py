"""Runs Python's full garbage collections in quiet moments.

A full collection stops everything for hundreds of milliseconds with a thousand jobs under way, and
by itself Python runs it most often exactly then. So the objects of the start are frozen, young
objects are collected as always, and old ones while few jobs are under way, or at the latest after a
fixed time.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from generation.protocol.clock import Clock

_YOUNG_THRESHOLD: Final = 1_000
_MIDDLE_THRESHOLD: Final = 5
_OLD_THRESHOLD: Final = 1_000_000_000
"""Never reached: full collections run only from :class:`GcTuning`."""
_FEW_JOBS: Final = 8


@dataclass(frozen=True, slots=True)
class GcTuning:
    """Collects while at most a few jobs are in flight, and in any case after ``longest_seconds``:
    reference cycles of some kilobytes per job are kept that long."""

    clock: Clock
    jobs_in_flight: Callable[[], int]
    collect: Callable[[], object] = gc.collect
    interval_seconds: float = 60.0
    longest_seconds: float = 1800.0

    async def run(self) -> None:
        """Check once per interval whether to collect, until cancelled."""
        waited = 0.0
        while True:
            await self.clock.sleep(self.interval_seconds)
            waited += self.interval_seconds
            if self.jobs_in_flight() <= _FEW_JOBS or waited >= self.longest_seconds:
                self.collect()
                waited = 0.0


@contextmanager
def startup_objects_frozen() -> Iterator[None]:
    """Within, the objects that exist now are never collected, and other old ones only by an
    explicit ``gc.collect()``."""
    before = gc.get_threshold()
    gc.collect()  # what the start has left as garbage would be frozen with the rest
    gc.freeze()
    gc.set_threshold(_YOUNG_THRESHOLD, _MIDDLE_THRESHOLD, _OLD_THRESHOLD)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
