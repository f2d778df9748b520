"""How much may be sent to a channel by the bot's own token, so that nothing ever queues inside discord.py.

Discord shares one bucket (5 in 5 seconds) among all edits of a channel's messages, and another among new ones.
"""

import asyncio
from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from generation.ports import Clock


@dataclass(frozen=True, slots=True)
class Allowance:
    """``requests`` in any ``seconds``, of which progress may use ``for_progress``: the rest is kept for results.
    ``at_once`` of what may wait go together, further ones evenly apart, so that a result never meets a used-up window.

    One below Discord's own figure: discord.py holds the request that empties a bucket until the bucket is full again.
    Half a second above Discord's five: it counts when a request arrives, and not all are on their way equally long.
    """

    requests: int = 4
    seconds: float = 5.5
    for_progress: int = 2
    at_once: int = 2

    @property
    def apart(self) -> float:
        """Seconds between two requests that use up the whole allowance evenly."""
        return self.seconds / self.requests


class ChannelBudget:
    """Counts what was sent to each channel lately."""

    def __init__(self, clock: Clock, allowance: Allowance | None = None) -> None:
        self._clock = clock
        self._allowance = allowance or Allowance()
        self._sent: dict[int, deque[datetime]] = {}
        self._results_waiting: Counter[int] = Counter()
        self._line: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def wait_for_progress(self, channel_id: int) -> float | None:
        """Take a slot for progress and return None, or the seconds until there may be one."""
        return self._take(channel_id, self._allowance.for_progress)

    async def slot(self, channel_id: int) -> None:
        """Take a slot for a result, waiting for it outside of discord.py."""
        self._results_waiting[channel_id] += 1
        try:
            while (wait := self._take(channel_id, self._allowance.requests)) is not None:
                await self._clock.sleep(wait)
        finally:
            self._results_waiting[channel_id] -= 1
            self._results_waiting += Counter()  # keeps what is above zero

    async def slot_after_results(self, channel_id: int) -> None:
        """Take a slot for what may wait, in the order of asking: while a result waits for one, it is the result's."""
        async with self._line.setdefault(channel_id, asyncio.Lock()):
            while (wait := self._take_evenly(channel_id)) is not None:
                await self._clock.sleep(wait)

    def _take_evenly(self, channel_id: int) -> float | None:
        """As :meth:`_take`, but behind results, and after a first few no two closer together than need be."""
        apart = self._allowance.apart
        if self._results_waiting[channel_id]:
            return apart
        now = self._clock.now()
        sent = self._sent_lately(channel_id, now)
        if len(sent) >= self._allowance.at_once and (since := (now - sent[-1]).total_seconds()) < apart:
            return apart - since
        return self._take(channel_id, self._allowance.requests)

    def _take(self, channel_id: int, most: int) -> float | None:
        now = self._clock.now()
        sent = self._sent_lately(channel_id, now)
        if len(sent) < most:
            sent.append(now)
            self._forget_quiet_channels(now - self._window)
            return None
        return (sent[-most] + self._window - now).total_seconds()

    def _sent_lately(self, channel_id: int, now: datetime) -> deque[datetime]:
        sent = self._sent.setdefault(channel_id, deque())
        while sent and now - sent[0] >= self._window:
            sent.popleft()
        return sent

    @property
    def _window(self) -> timedelta:
        return timedelta(seconds=self._allowance.seconds)

    def _forget_quiet_channels(self, before: datetime) -> None:
        if len(self._sent) > 1000:
            self._sent = {channel: sent for channel, sent in self._sent.items() if sent and sent[-1] > before}
