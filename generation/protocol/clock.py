"""Time and randomness as arguments: the clock, deadlines by it, and the source of seeds."""

import asyncio
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

from generation.protocol.request import MAX_SEED


class Clock(Protocol):
    """What time it is, and waiting."""

    def now(self) -> datetime:
        """The present time, aware and in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; a test's clock need not take that long."""
        ...


class SeedSource(Protocol):
    """Where random seeds come from."""

    def draw(self) -> int:
        """A new seed, 0…2³²−1."""
        ...


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class RandomSeeds:
    """Seeds that cannot be guessed."""

    def draw(self) -> int:
        return secrets.randbelow(MAX_SEED + 1)


async def sleep_or(clock: Clock, seconds: float, event: asyncio.Event) -> None:
    """Wait that long, or until the event is set."""
    if event.is_set():
        return
    if isinstance(clock, SystemClock):
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
        return
    # two tasks, because a test's clock has no deadline that asyncio.timeout could take
    sleeping = asyncio.create_task(clock.sleep(seconds))
    waiting = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({sleeping, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleeping.cancel()
        waiting.cancel()


class Deadline:
    """``async with Deadline(clock, seconds)`` raises TimeoutError once the clock has advanced that
    much."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        # without a deadline of its own: _expire sets it when the clock says so
        self._scope = asyncio.timeout(None)
        self._alarm: asyncio.Task[None] | None = None
        self._until = self._rings_at = clock.now()
        self._has_moved = False

    def move(self, seconds: float) -> None:
        """Let that much time pass from now on."""
        self._seconds, self._has_moved = seconds, True
        self._until = self._clock.now() + timedelta(seconds=seconds)
        # an alarm that rings too early looks again: most deadlines are moved often, and only on
        if self._alarm is None or self._until < self._rings_at:
            self._cancel_alarm()
            self._alarm = asyncio.create_task(self._expire())

    async def __aenter__(self) -> Self:
        await self._scope.__aenter__()
        self.move(self._seconds)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cancel_alarm()
        await self._scope.__aexit__(kind, error, trace)

    def _cancel_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()

    async def _expire(self) -> None:
        while self._has_moved:
            self._has_moved, self._rings_at = False, self._until
            left = (self._until - self._clock.now()).total_seconds()
            # no longer than asked for, although the machine's time may have been set back
            await self._clock.sleep(min(left, self._seconds))
        # a deadline in the past: asyncio cancels the block and raises TimeoutError
        self._scope.reschedule(asyncio.get_running_loop().time())
