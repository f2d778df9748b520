"""Posts the messages of jobs, each once, also where Slack's answer is lost."""

from collections.abc import Sequence
from typing import Final

from adapters.slack.delivery.rate_limits import PostSlots
from adapters.slack.errors import SlackDelayed, TokenDead
from adapters.slack.models import MessageMetadata, PostTarget, SlackContent
from adapters.slack.web_api import SlackApi
from generation.domain.job import JobId
from generation.protocol.clock import Clock
from generation.protocol.errors import DeliveryStepFailed

SEARCH_PAUSES: Final = (0.0, 1.0, 3.0)
"""Seconds before each search for a message whose post has just gone unanswered."""
_SEARCH_BEFORE: Final = 30.0
_SEARCH_AFTER: Final = 240.0
"""The searched time around a post, in seconds: Slack's clock may differ from ours, and Slack may
take its time."""


class SlackPosts:
    """Posts within the rate limit, and searches before it posts again.

    ``opening`` are the jobs whose first message is being posted, ``slots`` the turns of everything
    that becomes a new message.
    """

    def __init__(self, api: SlackApi, clock: Clock, slots: PostSlots | None = None) -> None:
        self._api = api
        self._clock = clock
        self.slots = slots or PostSlots(clock)
        self.opening: set[JobId] = set()

    async def post(
        self,
        target: PostTarget,
        content: SlackContent,
        metadata: MessageMetadata,
        *,
        tried_at: Sequence[float] = (),
    ) -> str:
        """Post a message with its metadata; returns its ``ts``.

        ``tried_at`` are the times (seconds since the epoch) of earlier posts that may have worked:
        there it is searched for first. Raises DeliveryError; the ``may_be_done`` of a SlackDelayed
        says whether the next try has to search.
        """
        for moment in tried_at:
            if (found := await self._find(target, metadata, moment)) is not None:
                return found
        posted_at = self._clock.now()
        try:
            async with self.slots.slot(target.channel):
                posted_at = self._clock.now()
                # the wait for the slot is over, so the search is around this time
                return await self._api.post(target, content, metadata=metadata)
        except TokenDead:
            raise
        except SlackDelayed as error:
            found = (
                await self._find(target, metadata, posted_at.timestamp(), pauses=SEARCH_PAUSES)
                if error.may_be_done
                else None
            )
            if found is None:
                # the search has shown that nothing was posted
                raise SlackDelayed(
                    error.code, error.reason, retry_after=error.retry_after
                ) from error
            return found

    async def _find(
        self,
        target: PostTarget,
        metadata: MessageMetadata,
        near: float,
        *,
        pauses: Sequence[float] = (0.0,),
    ) -> str | None:
        """The ``ts`` of the message with that metadata, posted near that time; None when there is
        none, or the app lacks the scopes to search. ``pauses`` are the seconds before each try.

        Raises SlackDelayed when the last try failed.
        """
        failed: SlackDelayed | None = None
        # Slack lists a new message a moment late
        for pause in pauses:
            if pause:
                await self._clock.sleep(pause)
            try:
                found = await self._api.find(
                    target, metadata, between=(near - _SEARCH_BEFORE, near + _SEARCH_AFTER)
                )
            # the app lacks the history scopes, or the channel is closed
            except DeliveryStepFailed:
                return None
            except SlackDelayed as error:
                failed = error
                continue
            failed = None
            if found is not None:
                return found
        if failed is not None:
            raise SlackDelayed(
                failed.code, failed.reason, retry_after=failed.retry_after, may_be_done=True
            )
        return None
