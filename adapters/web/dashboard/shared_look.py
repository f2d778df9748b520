"""What is dear to find out: found out once for all who ask, and remembered."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from generation.protocol.clock import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen(Generic[T]):
    """What was found, and when."""

    at: datetime
    found: T


class SharedLook(Generic[T]):
    """One look at a time: who asks while one is under way gets what that one finds."""

    def __init__(self, look: Callable[[], Awaitable[T]], clock: Clock) -> None:
        self._look = look
        self._clock = clock
        self._task: asyncio.Task[Seen[T]] | None = None
        self.latest: Seen[T] | None = None
        """What the last look has found; None before the first."""

    @property
    def is_under_way(self) -> bool:
        """Whether somebody looks now."""
        return self._task is not None

    async def again(self) -> Seen[T]:
        """Look now. Raises what the look raises."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="a look at something dear")
        # it goes on where the one who has asked for it leaves: others may wait too
        return await asyncio.shield(self._task)

    async def recent(self, *, age: timedelta, patience: float) -> Seen[T] | None:
        """What was found at most that long ago, else what a look finds within ``patience`` seconds,
        else the last that there is. Raises what the look raises."""
        if self.latest is None or not self._is_younger(self.latest, age):
            try:
                async with asyncio.timeout(patience):
                    return await self.again()
            except TimeoutError:
                pass
        return self.latest

    def close(self) -> None:
        """End a look under way, at the end of the process."""
        if self._task is not None:
            self._task.cancel()

    def _is_younger(self, seen: Seen[T], age: timedelta) -> bool:
        # a clock that was set back must not keep it for ever
        return seen.at <= self._clock.now() < seen.at + age

    async def _run(self) -> Seen[T]:
        try:
            self.latest = Seen(self._clock.now(), await self._look())
            return self.latest
        finally:
            self._task = None
