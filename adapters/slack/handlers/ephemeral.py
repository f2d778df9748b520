"""Sends messages that only one member reads."""

from collections.abc import Awaitable, Callable
from typing import Final

from adapters.slack.errors import SlackDelayed
from adapters.slack.models import Act, PostTarget, SlackContent
from adapters.slack.web_api import SlackApi
from generation.protocol.clock import Clock

TRIES: Final = 3
LONGEST_PAUSE: Final = 30.0
"""Seconds that an answer waits while Slack asks the bot to slow down."""


Answer = Callable[[Act, SlackContent], Awaitable[None]]


class EphemeralSender:
    """Answers an act so that only the person who acted reads it; ``at_home`` answers those that
    were made in no channel."""

    def __init__(self, api: SlackApi, clock: Clock, *, at_home: Answer) -> None:
        self._api = api
        self._clock = clock
        self._at_home = at_home

    async def send(self, act: Act, content: SlackContent) -> None:
        """To the act's ``response_url``, else as an ephemeral message where the person acted.

        In a workspace that the bot's token is not for, only the ``response_url`` works; without one
        nothing is sent. Raises DeliveryError.
        """
        for _ in range(1, TRIES):
            try:
                return await self._send(act, content)
            except SlackDelayed as error:
                # an answer that may stand already is not sent again
                if not error.is_rate_limit:
                    raise
                await self._clock.sleep(min(LONGEST_PAUSE, error.retry_after or 1.0))
        return await self._send(act, content)

    async def remove(self, act: Act) -> None:
        """Take away the private message that was acted on. Raises DeliveryError."""
        if act.response_url is not None:
            await self._api.remove_original(act.response_url)

    async def _send(self, act: Act, content: SlackContent) -> None:
        # it works in every channel, and in a workspace that the token is not for
        if act.response_url is not None:
            await self._api.respond(act.response_url, content)
        elif act.team != (await self._api.identity()).team:
            return
        elif not act.channel:
            await self._at_home(act, content)
        else:
            target = PostTarget(act.channel, content.thread or act.thread)
            await self._api.post_ephemeral(target, act.user, content)
