"""Threads for what SQLite may take long for: opening a file, reading, waiting for the disk."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from typing import Final, TypeVar

from generation.protocol.errors import StoreBusy

_BETWEEN_INTERRUPTS: Final = 0.05

T = TypeVar("T")


async def in_thread(
    threads: Executor, function: Callable[[], T], *, interrupt: Callable[[], None] = lambda: None
) -> T:
    """Call a function in a thread.

    A cancellation calls ``interrupt`` and returns only when the thread has left the function: what
    it works on is then free for others. Raises StoreBusy when the threads have been shut down.
    """
    try:
        called = threads.submit(function)
    except RuntimeError as error:
        raise StoreBusy("the database was closed") from error
    try:
        return await asyncio.wrap_future(called)
    except asyncio.CancelledError:
        await _left(called, interrupt)
        raise


async def _left(called: Future[T], interrupt: Callable[[], None]) -> None:
    """Wait for the end of a call, through further cancellations."""
    while not called.done():
        # again and again: a statement that begins after an interruption is not interrupted
        interrupt()
        with suppress(asyncio.CancelledError, Exception):
            await asyncio.wait_for(asyncio.wrap_future(called), _BETWEEN_INTERRUPTS)
