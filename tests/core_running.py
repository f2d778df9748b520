"""A core at work in a test: its loops running, its clock moved by hand until something is so."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from core import Core
from doubles.clock import ManualClock
from generation.domain.job import JobStatus


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
    async with asyncio.timeout(10):
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
