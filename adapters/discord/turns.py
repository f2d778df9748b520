"""One request at a time per job's message, and no progress after the outcome: an edit that was late would undo it."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from generation.job import JobId

_REMEMBERED: Final = 4096


class Turns:
    """Whose turn it is to write a job's message."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[JobId, asyncio.Lock] = WeakValueDictionary()
        self._ended: OrderedDict[JobId, None] = OrderedDict()

    @asynccontextmanager
    async def for_progress(self, job_id: JobId) -> AsyncIterator[bool]:
        """The turn; False where the outcome has been here before."""
        lock = self._lock(job_id)
        async with lock:
            yield job_id not in self._ended

    @asynccontextmanager
    async def for_outcome(self, job_id: JobId) -> AsyncIterator[None]:
        """The turn, once progress that is on its way has arrived; from now on there is none."""
        self._ended[job_id] = None
        self._ended.move_to_end(job_id)
        if len(self._ended) > _REMEMBERED:
            self._ended.popitem(last=False)
        lock = self._lock(job_id)
        async with lock:
            yield

    def _lock(self, job_id: JobId) -> asyncio.Lock:
        return self._locks.setdefault(job_id, asyncio.Lock())
