"""Threads for work that blocks, which a cancellation waits for."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

_BETWEEN_INTERRUPTS: Final = 0.05

T = TypeVar("T")


async def in_thread(
    work: Callable[..., T],
    *arguments: object,
    threads: Executor | None = None,
    interrupt: Callable[[], None] = lambda: None,
) -> T:
    """The result of work that blocks, done in a thread: one of ``threads``, else one of the
    loop's.

    A cancellation calls ``interrupt`` and returns only when the thread has left the work: what it
    works on is then free for others, and what it has made can be cleaned up.
    """
    doing = asyncio.get_running_loop().run_in_executor(threads, partial(work, *arguments))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        while not doing.done():
            # again and again: a statement that begins after an interruption is not interrupted
            interrupt()
            with suppress(asyncio.CancelledError):
                await asyncio.wait([doing], timeout=_BETWEEN_INTERRUPTS)
        if not doing.cancelled():
            doing.exception()  # read, so that asyncio does not report it
        raise
