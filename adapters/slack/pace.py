"""Keeps within what Slack allows: a message a second and channel, edits and lookups a minute and workspace."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from adapters.slack.failures import SlackDelayed
from generation.ports import Clock

EDITS_PER_MINUTE: Final = 50
"""Slack's documented lower bound for ``chat.update`` in one workspace (tier 3)."""
LEAST_KEPT, MOST_KEPT = 15, 45
"""Of those, how many are kept for results: as many as there are messages that will want one."""
SECONDS_BETWEEN_POSTS: Final = 1.05
_MINUTE: Final = timedelta(minutes=1)


class MinuteWindow:
    """Counts what was done in the last minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._done: deque[datetime] = deque()

    def take(self, most: int) -> float:
        """Count one more if that keeps the minute at ``most``: 0. Else the seconds until it would."""
        now = self._clock.now()
        while self._done and self._done[0] <= now - _MINUTE:
            self._done.popleft()
        if len(self._done) < most:
            self._done.append(now)
            return 0.0
        return (self._done[len(self._done) - most] + _MINUTE - now).total_seconds()

    def fill(self, most: int, seconds: float) -> None:
        """Somebody else counts otherwise: nothing for that long."""
        self._done = deque([self._clock.now() + timedelta(seconds=seconds) - _MINUTE] * most)


class EditBudget:
    """Counts ``chat.update`` calls of one workspace; results go before progress.

    The more messages show progress, the more of the budget waits for their results, and the less often each is edited:
    each gets a turn of its own, and the turns lie evenly apart.
    """

    def __init__(self, clock: Clock, per_minute: int = EDITS_PER_MINUTE) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._window = MinuteWindow(clock)
        self._in_progress: dict[str, datetime] = {}
        self._turns: dict[str, datetime] = {}
        self._next_turn = clock.now()

    def for_progress(self, job_id: str) -> None:
        """Take one edit that shows how far a job is. Raises SlackDelayed until it is this job's turn."""
        now = self._clock.now()
        self._in_progress[job_id] = now
        turn = self._turns.get(job_id) or self._new_turn(now)
        if turn > now + _MINUTE:
            raise _too_many(_MINUTE.total_seconds())
        if turn > now:
            self._turns[job_id] = turn
            raise _too_many((turn - now).total_seconds())
        self._turns.pop(job_id, None)
        self._take()

    def for_result(self, job_id: str) -> None:
        """Take one edit that shows an outcome. Raises SlackDelayed when the whole minute is used up."""
        self._in_progress.pop(job_id, None)
        self._turns.pop(job_id, None)
        self._take()

    def exhausted(self, seconds: float) -> None:
        """Slack has asked us to slow down: nothing for that long."""
        self._window.fill(self._per_minute, seconds)

    def _new_turn(self, now: datetime) -> datetime:
        """The next free turn; one further away than a minute is not handed out."""
        turn = max(now, self._next_turn)
        if turn <= now + _MINUTE:
            self._in_progress = {job: at for job, at in self._in_progress.items() if at > now - 2 * _MINUTE}
            kept = min(MOST_KEPT, max(LEAST_KEPT, len(self._in_progress)))
            self._next_turn = turn + _MINUTE / max(1, self._per_minute - kept)
        return turn

    def _take(self) -> None:
        if wait := self._window.take(self._per_minute):
            raise _too_many(wait)


def _too_many(wait: float) -> SlackDelayed:
    return SlackDelayed("budget", "too many messages are moving at once", retry_after=wait)


class PostTurns:
    """Lets one message a second into a channel, in the order of asking: each begins a second after the last one was
    answered, so that no delay on the way brings two of them together."""

    def __init__(self, clock: Clock, seconds: float = SECONDS_BETWEEN_POSTS) -> None:
        self._clock = clock
        self._seconds = timedelta(seconds=seconds)
        self._free_at: dict[str, datetime] = {}
        self._posting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, channel: str) -> AsyncIterator[None]:
        """``async with turns.turn(channel)``: post in it."""
        async with self._posting.setdefault(channel, asyncio.Lock()):
            wait = self._free_at.get(channel, self._clock.now()) - self._clock.now()
            if wait > timedelta(0):
                await self._clock.sleep(wait.total_seconds())
            try:
                yield
            finally:
                now = self._clock.now()
                self._free_at = {each: at for each, at in self._free_at.items() if at > now}
                self._free_at[channel] = now + self._seconds
