"""The bot's login: one discord.py client, shared by the gateway and the messenger."""

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from pydantic import SecretStr

from adapters.discord.errors import CLOSE_CODES, NETWORK, DiscordUnusable, delivery_error
from generation.protocol.errors import DeliveryDelayed

_UNUSABLE_SECONDS: Final = 300.0
AnyClient_co = TypeVar("AnyClient_co", bound=discord.Client, covariant=True)


def use_addresses(api_url: str, gateway_url: str) -> None:
    """Set Discord's addresses. discord.py keeps one of each per process, so the last call counts
    for all clients."""
    Route.BASE = api_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


class Session(Generic[AnyClient_co]):
    """Logs in at the first call; makes a new client when the last one was closed or could not log
    in."""

    def __init__(self, token: SecretStr, new_client: Callable[[], AnyClient_co]) -> None:
        self._token = token
        self._new_client = new_client
        self._client: AnyClient_co | None = None
        self._logging_in = asyncio.Lock()
        self._unusable: DiscordUnusable | None = None

    async def client(self) -> AnyClient_co:
        """The logged-in client; usable over REST before and without the gateway.

        Raises DeliveryDelayed when there is none at the moment.
        """
        try:
            return await self.login()
        except DiscordUnusable as error:
            raise DeliveryDelayed(
                "the bot is not logged in to Discord", retry_after=_UNUSABLE_SECONDS
            ) from error
        except (discord.DiscordException, *NETWORK) as error:
            raise delivery_error(error) from error

    async def login(self) -> AnyClient_co:
        """As :meth:`client`; raises DiscordUnusable for a token that Discord has refused (it is not
        tried again) and after closing, else what discord.py and the network raise."""
        # the gateway and deliveries ask at the same time after a start: one login serves both
        async with self._logging_in:
            if self._unusable is not None:
                raise self._unusable
            if self._client is None or self._client.is_closed():
                self._client = await self._logged_in()
            return self._client

    @property
    def present(self) -> AnyClient_co | None:
        """The client, whether it is logged in or not; None before the first login."""
        return self._client

    async def close(self) -> None:
        """Close the client for good."""
        async with self._logging_in:
            # a delivery that comes after this must not log in again
            self._unusable = DiscordUnusable("The connection to Discord has been closed.")
            if self._client is not None and not self._client.is_closed():
                await self._client.close()

    async def _logged_in(self) -> AnyClient_co:
        client = self._new_client()
        try:
            await client.login(self._token.get_secret_value())
        except discord.LoginFailure as error:
            # not tried again: Discord counts 401s, and restricts addresses with too many
            await client.close()
            self._unusable = DiscordUnusable(CLOSE_CODES[4004])
            raise self._unusable from error
        except BaseException:
            # cancellation too: an unclosed client leaks its HTTP connections
            await client.close()
            raise
        return client
