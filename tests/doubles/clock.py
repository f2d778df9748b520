"""Clocks that tests control: no test waits for real time to pass."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""When tests happen, unless they say otherwise."""

_SETTLING_ROUNDS = 50


async def settle() -> None:
    """Let every task run until it waits for something else than the event loop's next round."""
    for _ in range(_SETTLING_ROUNDS):
        await asyncio.sleep(0)


class ManualClock:
    """Time stands still until :meth:`advance`; sleepers wake in the order of their alarms."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self._alarms: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        alarm = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._alarms, (self._now + timedelta(seconds=max(0.0, seconds)), self._count, alarm))
        await alarm

    @property
    def sleepers(self) -> int:
        """How many wait for this clock."""
        return sum(not alarm.done() for _, _, alarm in self._alarms)

    async def advance(self, seconds: float) -> None:
        """Move time, stopping at each alarm until all that woke wait again."""
        target = self._now + timedelta(seconds=seconds)
        await settle()
        while self._alarms and self._alarms[0][0] <= target:
            due, _, alarm = heapq.heappop(self._alarms)
            if alarm.done():
                continue
            self._now = max(self._now, due)
            alarm.set_result(None)
            await settle()
        self._now = target


class AutoClock:
    """Every sleep ends at once and has taken its time; ``slept`` lists how long each was."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move time without a sleep."""
        self._now += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += timedelta(seconds=max(0.0, seconds))
        await asyncio.sleep(0)
