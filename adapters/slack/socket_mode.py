"""Socket Mode: one connection that is opened again whenever it breaks; a lost answer is asked for again by Slack."""

from typing import Final

import aiohttp
import structlog
from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.quiet import quiet_logger

PING_SECONDS: Final = 10.0
"""A socket that dies without notice is replaced within this time."""


class Socket(AsyncSocketModeHandler):
    """Bolt's handler; an answer that meets a dying socket is one line in the log."""

    def __init__(self, app: AsyncApp, app_token: SecretStr, api_url: str, ping_seconds: float = PING_SECONDS) -> None:
        """Must be made while the event loop runs."""
        token = app_token.get_secret_value()
        super().__init__(
            app,
            token,
            logger=quiet_logger("flipbook.slack.socket"),
            web_client=AsyncWebClient(token=token, base_url=api_url),
            ping_interval=ping_seconds,
        )
        self._log = structlog.get_logger("flipbook.slack")

    async def connect(self, address: str) -> None:
        """Open the first connection, at an address that Slack has just given; tried until it stands."""
        self.client.wss_uri = address
        await self.connect_async()  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        """Leave; nothing is opened again."""
        await self.close_async()  # type: ignore[no-untyped-call]

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Serve one envelope."""
        try:
            await super().handle(client, req)
        except (TimeoutError, ConnectionError, aiohttp.ClientError) as error:
            self._log.info("an answer was lost with its socket; Slack asks again", error=type(error).__name__)
