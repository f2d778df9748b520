"""Waits that end early when something about a job changes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from generation.domain.job import JobId
from generation.protocol.clock import Clock, sleep_or


class Wakeups:
    """The jobs that are being run in this process, each with an event that wakes it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._events: dict[JobId, asyncio.Event] = {}

    def __contains__(self, job_id: JobId) -> bool:
        return job_id in self._events

    @contextmanager
    def running(self, job_id: JobId) -> Iterator[None]:
        """While this lasts the job can wait and be woken."""
        self._events[job_id] = asyncio.Event()
        try:
            yield
        finally:
            del self._events[job_id]

    def wake(self, job_id: JobId) -> None:
        """End the job's wait, or its next one; nothing happens where it is not being run."""
        if event := self._events.get(job_id):
            event.set()

    async def wait(self, job_id: JobId, seconds: float) -> None:
        """Wait that long, or until the job is woken."""
        await sleep_or(self._clock, seconds, self._events[job_id])
        self._events[job_id].clear()
