"""Keeps within what Slack allows: a message a second and channel, edits and lookups a minute and workspace."""

from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from adapters.slack.failures import SlackDelayed
from generation.ports import Clock

EDITS_PER_MINUTE: Final = 50
"""Slack's documented lower bound for ``chat.update`` in one workspace (tier 3)."""
LEAST_KEPT, MOST_KEPT = 15, 45
"""Of those, how many are kept for results: as many as there are messages that will want one."""
SECONDS_BETWEEN_POSTS: Final = 1.1
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

    The more messages show progress, the more of the budget waits for their results, and the less often each is edited.
    """

    def __init__(self, clock: Clock, per_minute: int = EDITS_PER_MINUTE) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._window = MinuteWindow(clock)
        self._in_progress: dict[str, datetime] = {}

    def for_progress(self, job_id: str) -> None:
        """Take one edit that shows how far a job is. Raises SlackDelayed when none is left for that."""
        now = self._clock.now()
        self._in_progress[job_id] = now
        self._in_progress = {job: at for job, at in self._in_progress.items() if at > now - _MINUTE}
        kept = min(MOST_KEPT, max(LEAST_KEPT, len(self._in_progress)))
        self._take(max(1, self._per_minute - kept))

    def for_result(self, job_id: str) -> None:
        """Take one edit that shows an outcome. Raises SlackDelayed when the whole minute is used up."""
        self._in_progress.pop(job_id, None)
        self._take(self._per_minute)

    def exhausted(self, seconds: float) -> None:
        """Slack has asked us to slow down: nothing for that long."""
        self._window.fill(self._per_minute, seconds)

    def _take(self, most: int) -> None:
        if wait := self._window.take(most):
            raise SlackDelayed("budget", "too many messages are moving at once", retry_after=wait)


class PostTurns:
    """Hands out turns to post: one a second and channel, in the order of asking."""

    def __init__(self, clock: Clock, seconds: float = SECONDS_BETWEEN_POSTS) -> None:
        self._clock = clock
        self._seconds = timedelta(seconds=seconds)
        self._next: dict[str, datetime] = {}

    async def turn(self, channel: str) -> None:
        """Wait until it is this message's turn in that channel."""
        now = self._clock.now()
        mine = max(now, self._next.get(channel, now))
        self._next = _still_ahead(self._next.items(), now) | {channel: mine + self._seconds}
        if mine > now:
            await self._clock.sleep((mine - now).total_seconds())


def _still_ahead(turns: Iterable[tuple[str, datetime]], now: datetime) -> dict[str, datetime]:
    return {channel: at for channel, at in turns if at > now}
