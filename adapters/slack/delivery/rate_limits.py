"""Keeps within Slack's rate limits: one post a second in a channel, edits and lookups a minute in a
workspace."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from adapters.slack.errors import SlackDelayed, slowed_down
from generation.protocol.clock import Clock

EDITS_PER_MINUTE: Final = 50
"""Slack's documented lower bound for ``chat.update`` in one workspace (tier 3)."""
LEAST_KEPT, MOST_KEPT = 15, 45
"""How many of those are kept for results: one for each job in progress, within these bounds."""
SECONDS_BETWEEN_POSTS: Final = 1.05
LEAST_CHANNELS: Final = 1024
"""So many channels are remembered before those without a recent post are forgotten."""
LONGEST_WAIT: Final = timedelta(seconds=30)
"""A post waits that long for its slot; one that would wait longer is put off."""
_MINUTE: Final = timedelta(minutes=1)


class MinuteWindow:
    """Counts calls of the last minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: deque[datetime] = deque()

    def take(self, most: int) -> float:
        """Count one more call and return 0 if the minute then has at most ``most``; else return the
        seconds until it would."""
        now = self._clock.now()
        while self._calls and self._calls[0] <= now - _MINUTE:
            self._calls.popleft()
        if len(self._calls) < most:
            self._calls.append(now)
            return 0.0
        # once this call is a minute old, fewer than most are left
        return (self._calls[len(self._calls) - most] + _MINUTE - now).total_seconds()

    def fill(self, most: int, seconds: float) -> None:
        """Allow no call for that long: Slack's own count has reached the limit."""
        # calls of one minute ago, but for those seconds, free their room together
        self._calls = deque([self._clock.now() + timedelta(seconds=seconds) - _MINUTE] * most)


class EditBudget:
    """Counts ``chat.update`` calls of one workspace; results go before progress.

    The more jobs show progress, the more of the budget is kept for their results, and the less
    often each message is edited. Every job gets a slot for its next edit; the slots are evenly
    spaced.
    """

    def __init__(self, clock: Clock, per_minute: int = EDITS_PER_MINUTE) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._window = MinuteWindow(clock)
        self._in_progress: dict[str, datetime] = {}
        self._slots: dict[str, datetime] = {}
        self._next_slot = clock.now()

    def for_progress(self, job_id: str) -> None:
        """Take one edit that shows a job's progress. Raises SlackDelayed before the job's slot."""
        now = self._clock.now()
        self._in_progress[job_id] = now
        slot = self._slots.get(job_id) or self._new_slot(now)
        if slot > now + _MINUTE:
            raise _too_many(_MINUTE.total_seconds())
        if slot > now:
            # the job asks again, and finds the slot that it was given
            self._slots[job_id] = slot
            raise _too_many((slot - now).total_seconds())
        self._slots.pop(job_id, None)
        self._take()

    def for_result(self, job_id: str) -> None:
        """Take one edit that shows an outcome. Raises SlackDelayed when the whole minute is used
        up."""
        self._in_progress.pop(job_id, None)
        self._slots.pop(job_id, None)
        self._take()

    def exhausted(self, seconds: float) -> None:
        """Slack has refused an edit: allow none for that long."""
        self._window.fill(self._per_minute, seconds)

    def _new_slot(self, now: datetime) -> datetime:
        """The next free slot; one that is more than a minute away is not reserved."""
        slot = max(now, self._next_slot)
        if slot <= now + _MINUTE:
            # a job without news for two minutes no longer counts as in progress
            self._in_progress = {
                job: at for job, at in self._in_progress.items() if at > now - 2 * _MINUTE
            }
            kept = min(MOST_KEPT, max(LEAST_KEPT, len(self._in_progress)))
            self._next_slot = slot + _MINUTE / max(1, self._per_minute - kept)
        return slot

    def _take(self) -> None:
        if wait := self._window.take(self._per_minute):
            raise _too_many(wait)


def _too_many(wait: float) -> SlackDelayed:
    return SlackDelayed("budget", "too many messages are moving at once", retry_after=wait)


class PostSlots:
    """Lets one post a second into a channel, first come, first served; after a 429 none before
    Slack's Retry-After is over.

    The second counts from Slack's answer to the last post, so no delay on the network puts two
    posts close together.
    """

    def __init__(self, clock: Clock, seconds: float = SECONDS_BETWEEN_POSTS) -> None:
        self._clock = clock
        self._pause = timedelta(seconds=seconds)
        self._free_at: dict[str, datetime] = {}
        self._most_kept = LEAST_CHANNELS
        self._posting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def seconds_until_free(self, channel: str, *, ahead: int = 0) -> float:
        """How long a post that is asked for now has to wait for its slot, with that many before
        it."""
        left = self._free_at.get(channel, self._clock.now()) - self._clock.now()
        return max(0.0, left.total_seconds()) + ahead * self._pause.total_seconds()

    @asynccontextmanager
    async def slot(self, channel: str) -> AsyncIterator[None]:
        """``async with slots.slot(channel)``: post in it. Raises SlackDelayed when the slot is more
        than :data:`LONGEST_WAIT` away."""
        async with self._posting.setdefault(channel, asyncio.Lock()):
            await self._wait_for(channel)
            pause = self._pause
            try:
                yield
            except SlackDelayed as error:
                if error.is_rate_limit:
                    # the posts that wait behind this one would each run into a 429 of their own
                    pause = max(pause, timedelta(seconds=error.retry_after or 1.0))
                raise
            finally:
                self._keep_until(channel, self._clock.now() + pause)

    async def _wait_for(self, channel: str) -> None:
        wait = self._free_at.get(channel, self._clock.now()) - self._clock.now()
        if wait > LONGEST_WAIT:
            raise slowed_down(wait.total_seconds())
        if wait > timedelta(0):
            await self._clock.sleep(wait.total_seconds())

    def _keep_until(self, channel: str, free_at: datetime) -> None:
        # only channels with a recent post are kept; to look at each after every post takes long
        if len(self._free_at) >= self._most_kept:
            now = self._clock.now()
            self._free_at = {each: at for each, at in self._free_at.items() if at > now}
            self._most_kept = max(LEAST_CHANNELS, 2 * len(self._free_at))
        self._free_at[channel] = free_at
