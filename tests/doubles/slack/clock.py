"""Slack's time, which a test moves, and waiting for the double to change without sleeping."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Changes:
    """Wakes the waiters for conditions on the double whenever something in it has changed."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    def announce(self) -> None:
        """Something changed: every waiting condition is looked at again."""
        for event in self._waiting:
            event.set()

    async def until(self, condition: Callable[[], T], timeout: float | None) -> T:
        """The condition's first true value; TimeoutError after `timeout` real seconds without one (None: never)."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(timeout):
                while not (value := condition()):
                    await event.wait()
                    event.clear()
                return value
        finally:
            self._waiting.discard(event)


class Clock:
    """Runs with the real seconds of `ticks`, plus whatever a test advanced it by. Only Slack's side sees it."""

    def __init__(self, changes: Changes, ticks: Callable[[], float] = time.monotonic) -> None:
        self._changes = changes
        self._ticks = ticks
        self._offset = time.time() - ticks()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._ticks() + self._offset

    def advance(self, seconds: float) -> None:
        """Let that much time pass at once."""
        self._offset += seconds
        self._changes.announce()
