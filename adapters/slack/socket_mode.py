"""Socket Mode: one connection, opened again whenever it breaks. When an acknowledgement is lost,
Slack delivers again."""

from typing import Final

import aiohttp
import structlog
from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from adapters.proxies import open_session
from adapters.slack.logging import quiet_logger
from adapters.slack.web_client import web_client

PING_SECONDS: Final = 10.0
"""A socket that dies without a close frame is replaced within this time."""


class SlackSocket(AsyncSocketModeHandler):
    """Bolt's handler, with one line in the log for an acknowledgement that met a dying socket."""

    def __init__(
        self,
        app: AsyncApp,
        app_token: SecretStr,
        api_url: str,
        ping_seconds: float = PING_SECONDS,
        *,
        proxy: str | None = None,
    ) -> None:
        """Needs a running event loop."""
        self._session = open_session(proxy)
        super().__init__(
            app,
            app_token.get_secret_value(),
            logger=quiet_logger("flipbook.slack.socket"),
            web_client=web_client(app_token, api_url, self._session, repeatable=True),
            ping_interval=ping_seconds,
        )
        self._log = structlog.get_logger("flipbook.slack")

    async def connect(self, address: str) -> None:
        """Open the first connection, at an address that Slack has just given; tries until it
        succeeds."""
        # with an address set, slack_sdk asks for none of its own, whose refusal it only logs
        self.client.wss_uri = address
        await self._use_our_session()
        await self.connect_async()  # type: ignore[no-untyped-call]

    async def _use_our_session(self) -> None:
        """slack_sdk's own session goes through no SOCKS proxy, nor does it know NO_PROXY."""
        await self.client.aiohttp_client_session.close()
        self.client.aiohttp_client_session = self._session
        self.client.proxy = None

    async def close(self) -> None:
        """Close the connection for good."""
        await self.close_async()  # type: ignore[no-untyped-call]

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Handle one envelope."""
        try:
            await super().handle(client, req)
        # slack_sdk would log each with its traceback
        except (TimeoutError, ConnectionError, aiohttp.ClientError) as error:
            self._log.info(
                "an acknowledgement was lost with its socket; Slack delivers again",
                error=type(error).__name__,
            )
