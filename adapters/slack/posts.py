"""Posts the messages of jobs: each one once, even where Slack's answer is lost on its way back."""

from typing import Final

from adapters.slack.api import SlackApi
from adapters.slack.failures import SlackDelayed
from adapters.slack.pace import PostTurns
from adapters.slack.values import Content, Mark, Place
from generation.errors import DeliveryError
from generation.job import JobId
from generation.ports import Clock

LOOKS: Final = (0.0, 1.0, 3.0)
"""Seconds before each look for a message whose posting was not answered."""
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

    async def post(self, place: Place, content: Content, mark: Mark) -> str:
        """Post a message under a mark; returns its ``ts``. Where no good answer came, look whether it stands.

        Raises DeliveryError; a SlackDelayed whose ``may_be_done`` is set only where looking was not possible.
        """
        await self._turns.turn(place.channel)
        posted_at = self._clock.now().timestamp()
        try:
            return await self._api.post(place, content, mark=mark)
        except SlackDelayed as error:
            if not error.may_be_done:
                raise
            found = await self.find(place, mark, since=posted_at)
            if found is None:
                raise
            return found

    async def find(self, place: Place, mark: Mark, *, since: float) -> str | None:
        """The ``ts`` of the message with that mark, posted at about that time (seconds since the epoch).

        None when it is not there, or cannot be looked for (the app may have been denied the history scopes).
        """
        for pause in LOOKS:
            if pause:
                await self._clock.sleep(pause)
            try:
                found = await self._api.find(place, mark, between=(since - _BEFORE, since + _AFTER))
            except SlackDelayed:
                continue
            except DeliveryError:
                return None
            if found is not None:
                return found
        return None
