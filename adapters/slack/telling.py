"""Says something to one member only."""

from adapters.slack.api import SlackApi
from adapters.slack.payloads import Act
from adapters.slack.values import Content, Place


class Teller:
    """Finds the way by which only the person who acted reads it."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api

    async def tell(self, act: Act, content: Content) -> None:
        """By the address that came with the act, else as an ephemeral message where they acted.

        Raises DeliveryError. In a workspace that is not the bot's own, only the first way is open.
        """
        if act.response_url is not None:
            await self._api.respond(act.response_url, content)
        elif act.team == (await self._api.identity()).team:
            await self._api.post_ephemeral(Place(act.channel, content.thread or act.thread), act.user, content)
