"""A core at work in a test: alone with a clock that is moved by hand, or in a bot beside its chat's double."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from core import Core
from doubles.clock import ManualClock
from doubles.generation.backend import ScriptedBackend
from generation.domain.job import Job, JobStatus

PATIENCE_SECONDS = 40.0
PROMPT = "a paper boat on a stormy sea"


@dataclass
class RunningBot:
    """A whole bot while it runs, whichever chat it is in: what it has bought, stored and delivered."""

    core: Core
    backend: ScriptedBackend

    def release(self) -> None:
        """Let a held backend finish."""
        if self.backend.hold is not None:
            self.backend.hold.set()

    @property
    def bought(self) -> int:
        """How many jobs the backend was asked for."""
        return len(self.backend.submissions)

    @property
    def sent(self) -> list[Any]:
        """The deliveries that reached their message, in order."""
        return [item for item in self.core.observer.deliveries if item.status == "sent"]

    async def jobs(self) -> list[Job]:
        """Every job that there is, oldest first."""
        async with self.core.store.transaction() as tx:
            rows = await tx._connection.exec_driver_sql("SELECT id FROM jobs ORDER BY number")
            ids = [row[0] for row in rows]
        return [job for job_id in ids if (job := await self.core.store.job(job_id)) is not None]

    async def the_job(self) -> Job:
        """The only job."""
        (job,) = await self.jobs()
        return job

    async def until_status(self, status: JobStatus) -> None:
        """Until a job has reached this status."""
        await self.until(lambda: any(moved is status for _, moved in self.core.observer.moves))

    async def until_recorded(self, count: int = 1) -> None:
        """Until ``count`` deliveries are recorded as sent."""
        await self.until(lambda: len(self.sent) >= count)

    async def until(self, holds: Callable[[], object]) -> None:
        """Until a condition holds on the bot's side."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not holds():
                await asyncio.sleep(0.002)


@asynccontextmanager
async def dispatching(core: Core) -> AsyncIterator[None]:
    """The dispatcher at work; stopped and waited for at the end."""
    task = asyncio.create_task(core.dispatcher.run())
    try:
        yield
    finally:
        core.dispatcher.stop()
        await task


@asynccontextmanager
async def relaying(core: Core) -> AsyncIterator[None]:
    """The relay at work; stopped and waited for at the end."""
    task = asyncio.create_task(core.relay.run())
    try:
        yield
    finally:
        core.relay.stop()
        await task


async def until(core: Core, true: Callable[[], bool], *, step: float = 0.1) -> None:
    """Let the core work, and its clock tick, until something is so."""
    assert isinstance(core.clock, ManualClock)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not true():
            await asyncio.sleep(0.001)
            await core.clock.advance(step)


async def pass_time(core: Core, seconds: float) -> None:
    """Move the clock step by step, and let what it wakes reach the database and come back each time.

    An ``advance`` alone is over before a thread has answered: what did not happen then may only have had no time.
    """
    for _ in range(round(seconds * 2)):
        await core.clock.advance(0.5)
        await asyncio.sleep(0.005)


async def time_stands_still(seconds: float = 0.2) -> None:
    """Let everything run for so long while the test's clock does not move: what repeats itself now is a hot loop."""
    await asyncio.sleep(seconds)


def reached(core: Core, status: JobStatus, times: int = 1) -> Callable[[], bool]:
    """Whether that many jobs have reached the status."""
    return lambda: sum(moved is status for _, moved in core.observer.moves) >= times
