"""Discord as one part of a running Flipbook: logs in, registers the commands, listens, reconnects
and disconnects cleanly."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import discord
import structlog
from discord.gateway import DiscordWebSocket, KeepAliveHandler
from pydantic import SecretStr

from adapters.discord.client import FlipbookClient
from adapters.discord.command_sync import sync_commands
from adapters.discord.delivery.messenger import DiscordMessenger
from adapters.discord.errors import NETWORK, DiscordUnusable, close_sentence
from adapters.discord.handlers.first_message import DEFER_AFTER_SECONDS
from adapters.discord.handlers.interactions import (
    ANSWER_WITHIN_SECONDS,
    OPEN_WITHIN_SECONDS,
    InteractionHandler,
)
from adapters.discord.logging import shorten_library_log
from adapters.discord.session import Session, use_addresses
from generation.ports import Messenger
from generation.protocol.backoff import Backoff
from generation.protocol.clock import Clock, SystemClock
from generation.service import Service

API_URL: Final = "https://discord.com/api/v10"
GATEWAY_URL: Final = "wss://gateway.discord.gg/"
_RECONNECT: Final = Backoff(first=1.0, longest=60.0)


@dataclass(frozen=True, slots=True)
class DiscordTiming:
    """Durations in seconds.

    ``defer_after``: from the start of submitting to a deferred response; ``open_within`` and
    ``answer_within``: from an interaction until a form is given up, and until any other response is
    deferred. ``reconnect``: pauses between attempts to connect. ``new_session``: between two new
    gateway sessions. ``heartbeat``: without an answer from the gateway before the connection counts
    as dead. ``drain``: for running handlers at shutdown.
    """

    defer_after: float = DEFER_AFTER_SECONDS
    open_within: float = OPEN_WITHIN_SECONDS
    answer_within: float = ANSWER_WITHIN_SECONDS
    reconnect: Backoff = _RECONNECT
    new_session: float = 5.0
    heartbeat: float = 60.0
    drain: float = 3.0


class DiscordChat:
    """The Discord side of the bot. ``state_dir`` is a folder for what it has to know after a
    restart."""

    def __init__(
        self,
        token: SecretStr,
        *,
        state_dir: Path,
        api_url: str = API_URL,
        gateway_url: str = GATEWAY_URL,
        proxy: str | None = None,
        clock: Clock | None = None,
        timing: DiscordTiming | None = None,
    ) -> None:
        # before the first client: discord.py reads them from class attributes
        use_addresses(api_url, gateway_url)
        shorten_library_log()
        self._state_dir = state_dir
        self._proxy = proxy
        self._clock = clock or SystemClock()
        self._timing = timing or DiscordTiming()
        self._session = Session(token, self._new_client)
        self._messenger = DiscordMessenger(self._session, clock=self._clock)
        self._log = structlog.get_logger("flipbook.discord")

    @property
    def messenger(self) -> Messenger:
        """Posts and edits over REST; works before and without the gateway."""
        return self._messenger

    @property
    def is_connected(self) -> bool:
        """Whether what members do arrives now."""
        client = self._session.present
        return client is not None and not client.is_closed() and client.is_connected

    async def run(self, service: Service) -> None:
        """Serve members until cancelled; reconnects after every break, and resumes the gateway
        session where Discord allows it.

        Raises DiscordUnusable, in one sentence, for what only the operator can change, such as a
        wrong token.
        """
        self._messenger.policy_of = service.policy_of
        timing = self._timing
        handler = InteractionHandler(
            service,
            self._messenger,
            clock=self._clock,
            defer_after=timing.defer_after,
            open_within=timing.open_within,
            answer_within=timing.answer_within,
        )
        attempt = 1
        try:
            while True:
                try:
                    await self._serve(handler)
                    # it was connected, so the next break starts with the shortest pause again
                    attempt = 1
                except (discord.DiscordException, *NETWORK) as error:
                    # discord.py handles most breaks by itself; this one has ended its connect()
                    self._log.warning(
                        "Discord cannot be reached",
                        error=type(error).__name__,
                        retry_in=self._timing.reconnect.before(attempt),
                    )
                await self._clock.sleep(self._timing.reconnect.before(attempt))
                attempt += 1
        finally:
            # the REST client stays open until close(), so running handlers can still respond
            await handler.drain(self._timing.drain)

    async def close(self) -> None:
        """Log out for good; nothing can be delivered any more."""
        await self._session.close()

    def _new_client(self) -> FlipbookClient:
        return FlipbookClient(
            heartbeat_timeout=self._timing.heartbeat,
            between_sessions=self._timing.new_session,
            proxy=self._proxy,
        )

    async def _serve(self, handler: InteractionHandler) -> None:
        client = await self._session.login()
        # after a break the client may be the same one: it is set up once
        if client.handler is None:
            client.serve(handler)
            await sync_commands(client, self._state_dir)
        try:
            await _stay_connected(client)
        finally:
            client.is_connected = False
            await _disconnect(client)


async def _stay_connected(client: FlipbookClient) -> None:
    """Listen for as long as discord.py keeps the connection. Raises DiscordUnusable for a refusal
    that will stay."""
    try:
        await client.connect()
    except discord.PrivilegedIntentsRequired as error:
        # discord.py raises this in place of the close code 4014
        raise DiscordUnusable(close_sentence(4014)) from error
    except discord.ConnectionClosed as error:
        # raised only for codes after which Discord does not want another attempt
        raise DiscordUnusable(close_sentence(error.code)) from error
    except AttributeError as error:
        if _socket(client) is not None:
            raise
        # discord.py reads its socket after a failed first connection, when there is none yet
        raise discord.GatewayNotFound from error


async def _disconnect(client: FlipbookClient) -> None:
    """Close the connection, and stop the heartbeat thread of one that was still being made:
    discord.py leaves it running."""
    socket = _socket(client)
    if socket is not None and socket.open:
        # 1000 ends the session at Discord, so that the bot does not stay shown as online
        await socket.close(code=1000)
    for thread in threading.enumerate():
        if isinstance(thread, KeepAliveHandler) and thread.ws.loop is client.loop:
            thread.stop()


def _socket(client: FlipbookClient) -> DiscordWebSocket | None:
    """The client's connection; None before the first one, which discord.py's types leave out."""
    return client.ws
