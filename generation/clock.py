"""The real clock and real luck, and waiting by whatever clock one was given."""

import asyncio
import secrets
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from generation.ports import Clock
from generation.request import MAX_SEED


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""
        await asyncio.sleep(seconds)


class RandomSeeds:
    """Seeds that nobody can guess."""

    def draw(self) -> int:
        """0…2³²−1, every value as likely as the others."""
        return secrets.randbelow(MAX_SEED + 1)


async def sleep_or(clock: Clock, seconds: float, event: asyncio.Event) -> None:
    """Wait that long, or until the event is set."""
    sleeping = asyncio.create_task(clock.sleep(seconds))
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({sleeping, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleeping.cancel()
        waiting.cancel()


class Deadline:
    """``async with Deadline(clock, seconds)``: raises TimeoutError once that much of the clock's time has passed."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._scope = asyncio.timeout(None)
        self._alarm: asyncio.Task[None] | None = None

    def move(self, seconds: float) -> None:
        """From now on, that much time is left."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.create_task(self._expire(seconds))

    async def __aenter__(self) -> Self:
        await self._scope.__aenter__()
        self.move(self._seconds)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        await self._scope.__aexit__(kind, error, trace)

    async def _expire(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._scope.reschedule(asyncio.get_running_loop().time())
