"""Keeps within what Slack allows: a message a second and channel, and edits a minute and workspace."""

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


class EditBudget:
    """Counts ``chat.update`` calls of one workspace over the last minute; results go before progress.

    The more messages show progress, the more of the budget waits for their results, and the less often each is edited.
    """

    def __init__(self, clock: Clock, per_minute: int = EDITS_PER_MINUTE) -> None:
        self._clock = clock
        self._per_minute = per_minute
        self._edits: deque[datetime] = deque()
        self._in_progress: dict[str, datetime] = {}

    def for_progress(self, job_id: str) -> None:
        """Take one edit that shows how far a job is. Raises SlackDelayed when none is left for that."""
        now = self._clock.now()
        self._in_progress[job_id] = now
        self._in_progress = {job: at for job, at in self._in_progress.items() if at > now - _MINUTE}
        kept = min(MOST_KEPT, max(LEAST_KEPT, len(self._in_progress)))
        self._take(now, max(1, self._per_minute - kept))

    def for_result(self, job_id: str) -> None:
        """Take one edit that shows an outcome. Raises SlackDelayed when the whole minute is used up."""
        self._in_progress.pop(job_id, None)
        self._take(self._clock.now(), self._per_minute)

    def exhausted(self, seconds: float) -> None:
        """Slack counts otherwise: nothing for that long."""
        until = self._clock.now() + timedelta(seconds=seconds)
        self._edits = deque([until - _MINUTE] * self._per_minute)

    def _take(self, now: datetime, most: int) -> None:
        while self._edits and self._edits[0] <= now - _MINUTE:
            self._edits.popleft()
        if len(self._edits) >= most:
            frees = self._edits[len(self._edits) - most] + _MINUTE
            raise SlackDelayed("budget", "too many messages are moving", retry_after=(frees - now).total_seconds())
        self._edits.append(now)


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
