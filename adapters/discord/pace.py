"""How much may be sent to a channel by the bot's own token, so that nothing ever queues inside discord.py.

Discord shares one bucket (5 in 5 seconds) among all edits of a channel's messages, and another among new ones.
"""

from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from generation.ports import Clock


@dataclass(frozen=True, slots=True)
class Allowance:
    """``requests`` in any ``seconds``, of which progress may use ``for_progress``: the rest is kept for results.

    One below Discord's own figure: discord.py holds the request that empties a bucket until the bucket is full again.
    """

    requests: int = 4
    seconds: float = 5.0
    for_progress: int = 2


class ChannelBudget:
    """Counts what was sent to each channel lately."""

    def __init__(self, clock: Clock, allowance: Allowance | None = None) -> None:
        self._clock = clock
        self._allowance = allowance or Allowance()
        self._sent: dict[int, deque[datetime]] = {}
        self._results_waiting: Counter[int] = Counter()

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
        """Take a slot for what may wait: as long as a result waits for one, it is the result's."""
        while True:
            if self._results_waiting[channel_id]:
                wait: float | None = self._allowance.seconds / self._allowance.requests
            else:
                wait = self._take(channel_id, self._allowance.requests)
            if wait is None:
                return
            await self._clock.sleep(wait)

    def _take(self, channel_id: int, most: int) -> float | None:
        now = self._clock.now()
        window = timedelta(seconds=self._allowance.seconds)
        sent = self._sent.setdefault(channel_id, deque())
        while sent and now - sent[0] >= window:
            sent.popleft()
        if len(sent) < most:
            sent.append(now)
            self._forget_quiet_channels(now - window)
            return None
        return (sent[-most] + window - now).total_seconds()

    def _forget_quiet_channels(self, before: datetime) -> None:
        if len(self._sent) > 1000:
            self._sent = {channel: sent for channel, sent in self._sent.items() if sent and sent[-1] > before}
