"""Sends messages that only one member reads."""

from adapters.slack.models import Act, PostTarget, SlackContent
from adapters.slack.web_api import SlackApi


class EphemeralSender:
    """Answers an act so that only the person who acted reads it."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api

    async def send(self, act: Act, content: SlackContent) -> None:
        """To the act's ``response_url``, else as an ephemeral message where the person acted.

        In a workspace that the bot's token is not for, only the ``response_url`` works; without one
        nothing is sent. Raises DeliveryError.
        """
        # it works in every channel, and in a workspace that the token is not for
        if act.response_url is not None:
            await self._api.respond(act.response_url, content)
        elif act.team == (await self._api.identity()).team:
            target = PostTarget(act.channel, content.thread or act.thread)
            await self._api.post_ephemeral(target, act.user, content)
