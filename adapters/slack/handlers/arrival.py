"""Welcomes a workspace: its admins where the operator has named some, else the first channel that
the bot is invited to. Slack does not say who has installed the app."""

from adapters.slack.handlers.payloads import Arrival
from adapters.slack.web_api import SlackApi
from generation.domain.refs import Platform, ServerRef
from generation.service import Service


class SlackArrival:
    """Handles the bot's arrival in a channel."""

    def __init__(self, api: SlackApi, service: Service) -> None:
        self._api = api
        self._service = service

    async def joined(self, team: str, arrival: Arrival) -> None:
        """Welcome the workspace there, once, if it is the bot that has come. Raises DeliveryError
        or StoreError."""
        identity = await self._api.identity()
        if team == identity.team and arrival.user == identity.bot_user:
            await self._service.welcome(ServerRef(Platform.SLACK, team), channel=arrival.channel)
