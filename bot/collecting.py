"""When Python's garbage collector goes through everything: in quiet moments.

Going through all objects stops everything for as long as it takes: hundreds of milliseconds with a thousand jobs under
way, and by itself the collector does it most often exactly then. So what was loaded at the start is left alone, young
objects are collected as always, and old ones when few jobs are under way, or after a long time in any case.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from generation.ports import Clock

_YOUNG: Final = 1_000
_MIDDLE: Final = 5
_NEVER: Final = 1_000_000_000
_QUIET: Final = 8


@dataclass(frozen=True, slots=True)
class Collecting:
    """``under_way`` says how many jobs are. Looks every ``every`` seconds; after ``at_most`` it collects in any case:
    what is lost in reference cycles meanwhile is a few kilobytes per job."""

    clock: Clock
    under_way: Callable[[], int]
    collect: Callable[[], object] = gc.collect
    every: float = 60.0
    at_most: float = 1800.0

    async def run(self) -> None:
        """Collect now and then, until cancelled."""
        waited = 0.0
        while True:
            await self.clock.sleep(self.every)
            waited += self.every
            if self.under_way() <= _QUIET or waited >= self.at_most:
                self.collect()
                waited = 0.0


@contextmanager
def start_left_alone() -> Iterator[None]:
    """Within, the collector leaves out what there is now, and goes through old objects only when it is told to."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _NEVER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
