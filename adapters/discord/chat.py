"""Discord as one part of a running Flipbook: log in, register, listen, come back after every break, leave tidily."""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import discord
from discord.gateway import DiscordWebSocket, KeepAliveHandler
from pydantic import SecretStr

from adapters.discord.account import Account, use_addresses
from adapters.discord.client import FlipbookClient
from adapters.discord.errors import NETWORK, DiscordUnusable, close_sentence
from adapters.discord.first_answer import DEFER_AFTER_SECONDS
from adapters.discord.library_log import shorten_library_log
from adapters.discord.messenger import DiscordMessenger
from adapters.discord.reception import Reception
from adapters.discord.sync import sync_commands
from generation.clock import SystemClock
from generation.ports import Clock, Messenger
from generation.service import Service

_log = logging.getLogger(__name__)

API_URL: Final = "https://discord.com/api/v10"
GATEWAY_URL: Final = "wss://gateway.discord.gg/"


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the chat waits, in seconds: before an answer is deferred, before it tries to connect again (doubling),
    between two new sessions, for the gateway's heartbeat, and at the end for who is being served."""

    defer_after: float = DEFER_AFTER_SECONDS
    first_retry: float = 1.0
    longest_retry: float = 60.0
    new_session: float = 5.0
    heartbeat: float = 60.0
    leave: float = 3.0


class DiscordChat:
    """The Discord side of the bot. ``state_dir`` is a folder for what is to be remembered between starts."""

    def __init__(
        self,
        token: SecretStr,
        *,
        state_dir: Path,
        api_url: str = API_URL,
        gateway_url: str = GATEWAY_URL,
        clock: Clock | None = None,
        waits: Waits | None = None,
    ) -> None:
        use_addresses(api_url, gateway_url)
        shorten_library_log()
        self._state_dir = state_dir
        self._clock = clock or SystemClock()
        self._waits = waits or Waits()
        self._account = Account(token, self._new_client)
        self._messenger = DiscordMessenger(self._account, clock=self._clock)

    @property
    def messenger(self) -> Messenger:
        """Posts and edits by REST; works before and without the gateway."""
        return self._messenger

    async def run(self, service: Service) -> None:
        """Serve members until cancelled; connections that break are made again, and resumed where Discord lets us.

        Raises DiscordUnusable, in one sentence, for what only the operator can change: a wrong token above all.
        """
        reception = Reception(service, self._messenger, clock=self._clock, defer_after=self._waits.defer_after)
        retry = self._waits.first_retry
        try:
            while True:
                try:
                    await self._serve(reception)
                    retry = self._waits.first_retry
                except (discord.DiscordException, *NETWORK) as error:
                    _log.warning("Discord cannot be reached (%s); trying again in %g s", type(error).__name__, retry)
                await self._clock.sleep(retry)
                retry = min(self._waits.longest_retry, retry * 2)
        finally:
            await reception.let_everybody_leave(self._waits.leave)

    async def close(self) -> None:
        """Leave Discord for good; nothing can be delivered any more."""
        await self._account.close()

    def _new_client(self) -> FlipbookClient:
        return FlipbookClient(heartbeat_timeout=self._waits.heartbeat, between_sessions=self._waits.new_session)

    async def _serve(self, reception: Reception) -> None:
        client = await self._account.login()
        if client.reception is None:
            client.serve(reception)
            await sync_commands(client, self._state_dir)
        try:
            await _stay_connected(client)
        finally:
            await _hang_up(client)


async def _stay_connected(client: FlipbookClient) -> None:
    """Listen for as long as discord.py keeps the connection. Raises DiscordUnusable for a refusal that will stay."""
    try:
        await client.connect()
    except discord.PrivilegedIntentsRequired as error:
        raise DiscordUnusable(close_sentence(4014)) from error
    except discord.ConnectionClosed as error:
        raise DiscordUnusable(close_sentence(error.code)) from error
    except AttributeError as error:
        if _socket(client) is not None:
            raise
        # discord.py stumbles when its very first connection fails: it asks a socket that there never was
        raise discord.GatewayNotFound from error


async def _hang_up(client: FlipbookClient) -> None:
    """Close the connection, and stop the heart of one that was still being made: nobody else does."""
    socket = _socket(client)
    if socket is not None and socket.open:
        await socket.close(code=1000)
    for thread in threading.enumerate():
        if isinstance(thread, KeepAliveHandler) and thread.ws.loop is client.loop:
            thread.stop()


def _socket(client: FlipbookClient) -> DiscordWebSocket | None:
    """The client's connection; None before the first one, whatever discord.py's types say."""
    return client.ws
