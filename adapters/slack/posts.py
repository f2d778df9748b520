"""Posts the messages of jobs: each one once, even where Slack's answer is lost on its way back."""

from collections.abc import Sequence
from typing import Final

from adapters.slack.api import SlackApi
from adapters.slack.failures import SlackDelayed
from adapters.slack.pace import PostTurns
from adapters.slack.values import Content, Mark, Place
from generation.errors import RungFailed
from generation.job import JobId
from generation.ports import Clock

LOOKS: Final = (0.0, 1.0, 3.0)
"""Seconds before each look for a message whose posting has just gone unanswered."""
_BEFORE: Final = 30.0
_AFTER: Final = 240.0
"""How far Slack's clock and ours, and a posting and its answer, may lie apart in seconds."""


class Posts:
    """Posts in turn, and looks before it posts again. ``opening`` are jobs whose first message is on its way."""

    def __init__(self, api: SlackApi, clock: Clock, turns: PostTurns | None = None) -> None:
        self._api = api
        self._clock = clock
        self._turns = turns or PostTurns(clock)
        self.opening: set[JobId] = set()

    async def post(self, place: Place, content: Content, mark: Mark, *, tried_at: Sequence[float] = ()) -> str:
        """Post a message under a mark; returns its ``ts``.

        ``tried_at`` is when it may have been posted before, by a try without an answer or by a process that is gone
        (seconds since the epoch): there it is looked for first. Raises DeliveryError; of a SlackDelayed,
        ``may_be_done`` says whether the next try has to look.
        """
        for moment in tried_at:
            if (found := await self._find(place, mark, moment)) is not None:
                return found
        tried = self._clock.now()
        try:
            async with self._turns.turn(place.channel):
                tried = self._clock.now()
                return await self._api.post(place, content, mark=mark)
        except SlackDelayed as error:
            found = await self._find(place, mark, tried.timestamp(), looks=LOOKS) if error.may_be_done else None
            if found is None:
                raise SlackDelayed(error.code, error.reason, retry_after=error.retry_after) from error
            return found

    async def _find(self, place: Place, mark: Mark, near: float, *, looks: Sequence[float] = (0.0,)) -> str | None:
        """The ``ts`` of the message with that mark, posted near that moment; None when it is not there, or the app was
        denied the scopes to look. Raises SlackDelayed when nobody could look; ``looks`` are the pauses before each try.
        """
        unseen: SlackDelayed | None = None
        for pause in looks:
            if pause:
                await self._clock.sleep(pause)
            try:
                found = await self._api.find(place, mark, between=(near - _BEFORE, near + _AFTER))
            except RungFailed:
                return None
            except SlackDelayed as error:
                unseen = error
                continue
            unseen = None
            if found is not None:
                return found
        if unseen is not None:
            raise SlackDelayed(unseen.code, unseen.reason, retry_after=unseen.retry_after, may_be_done=True)
        return None
