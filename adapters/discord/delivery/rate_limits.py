"""Discord's rate limits, kept on our side: per channel by the bot's own token, so that nothing
queues inside discord.py, and for the whole address when Cloudflare bans it.

Discord shares one bucket (5 in 5 seconds) among all edits of a channel's messages, and another
among new ones.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

import discord

from adapters.discord.errors import as_delivery_errors, retry_after
from generation.protocol.clock import Clock
from generation.protocol.errors import DeliveryDelayed

_MOST_CHANNELS: Final = 1000


@dataclass(frozen=True, slots=True)
class RateLimit:
    """``requests`` in any ``seconds``, of which progress may use ``for_progress``: the rest is kept
    for results. First messages go ``at_once`` up to that number, further ones at even intervals, so
    that a result never meets a used-up window.

    One below Discord's own figure: discord.py holds the request that empties a bucket until the
    bucket is full again. Half a second above Discord's five: Discord counts when a request arrives,
    and requests take unequally long.
    """

    requests: int = 4
    seconds: float = 5.5
    for_progress: int = 2
    at_once: int = 2

    @property
    def interval(self) -> float:
        """Seconds between two requests that use up the whole limit evenly."""
        return self.seconds / self.requests


class ChannelRateLimiter:
    """Counts what was sent to each channel in the last window."""

    def __init__(self, clock: Clock, limit: RateLimit | None = None) -> None:
        self._clock = clock
        self._limit = limit or RateLimit()
        self._sent: dict[int, deque[datetime]] = {}
        self._results_waiting: Counter[int] = Counter()
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def try_acquire_for_progress(self, channel_id: int) -> float | None:
        """Take a slot for progress and return None, or the seconds until there may be one."""
        return self._try_acquire(channel_id, self._limit.for_progress)

    async def acquire(self, channel_id: int) -> None:
        """Take a slot for a result, waiting for it outside of discord.py."""
        # counted, so that first messages let results go first
        self._results_waiting[channel_id] += 1
        try:
            # asks again after each pause: another task may have taken the slot meanwhile
            while (wait := self._try_acquire(channel_id, self._limit.requests)) is not None:
                await self._clock.sleep(wait)
        finally:
            self._results_waiting[channel_id] -= 1
            self._results_waiting += Counter()  # drops the counts at zero

    async def acquire_after_results(self, channel_id: int) -> None:
        """Take a slot for a first message, in the order of the calls, and after every waiting
        result."""
        # a lock is fair; the weak dictionary drops it with the last task that waits for it
        async with self._locks.setdefault(channel_id, asyncio.Lock()):
            while (wait := self._try_acquire_evenly(channel_id)) is not None:
                await self._clock.sleep(wait)

    def _try_acquire_evenly(self, channel_id: int) -> float | None:
        """As :meth:`_try_acquire`, but after results, and at even intervals after a first few."""
        interval = self._limit.interval
        if self._results_waiting[channel_id]:
            return interval
        now = self._clock.now()
        sent = self._sent_in_window(channel_id, now)
        if (
            len(sent) >= self._limit.at_once
            and (since := (now - sent[-1]).total_seconds()) < interval
        ):
            return interval - since
        return self._try_acquire(channel_id, self._limit.requests)

    def _try_acquire(self, channel_id: int, most: int) -> float | None:
        now = self._clock.now()
        sent = self._sent_in_window(channel_id, now)
        if len(sent) < most:
            sent.append(now)
            self._forget_quiet_channels(now - self._window)
            return None
        # a slot is free once the most-th last request has left the window
        return (sent[-most] + self._window - now).total_seconds()

    def _sent_in_window(self, channel_id: int, now: datetime) -> deque[datetime]:
        sent = self._sent.setdefault(channel_id, deque())
        while sent and now - sent[0] >= self._window:
            sent.popleft()
        return sent

    @property
    def _window(self) -> timedelta:
        return timedelta(seconds=self._limit.seconds)

    def _forget_quiet_channels(self, before: datetime) -> None:
        # not a BoundedCache: a channel with requests in the window must never be dropped
        if len(self._sent) > _MOST_CHANNELS:
            self._sent = {
                channel: sent for channel, sent in self._sent.items() if sent and sent[-1] > before
            }


class CloudflareBan:
    """Keeps every job from sending while Cloudflare bans the bot's IP address: unlike Discord's own
    429 that covers all routes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until: datetime | None = None

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Send inside. Raises DeliveryDelayed or DeliveryStepFailed; during a ban at once, without
        a request."""
        left = self._seconds_left()
        if left > 0:
            raise DeliveryDelayed("Discord asks for a pause", retry_after=left)
        with as_delivery_errors():
            try:
                yield
            except discord.HTTPException as error:
                if _is_cloudflare(error):
                    self._until = self._clock.now() + timedelta(seconds=retry_after(error))
                raise

    def _seconds_left(self) -> float:
        return 0.0 if self._until is None else (self._until - self._clock.now()).total_seconds()


def _is_cloudflare(error: discord.HTTPException) -> bool:
    """Whether a 429 is Cloudflare's: Discord's own have a ``Via`` header."""
    return error.status == 429 and "Via" not in error.response.headers
