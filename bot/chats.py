"""The chats that have a token: built from the settings and run side by side.

One that ends does not affect the others.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import structlog
from pydantic import SecretStr
from starlette.routing import Route

from bot.settings import Settings, proxy_of
from generation.domain.refs import Platform
from generation.ports import Messenger
from generation.protocol.errors import ChatUnusable
from generation.service import Service


class Chat(Protocol):
    """One platform's adapter as the process sees it."""

    @property
    def messenger(self) -> Messenger: ...

    async def run(self, service: Service) -> None:
        """Serve members until cancelled. Raises ChatUnusable for what only the operator can
        change."""
        ...

    async def close(self) -> None:
        """Close the connections; nothing can be delivered afterwards."""
        ...


@runtime_checkable
class HasRoutes(Protocol):
    """A chat whose platform may send requests to the web app."""

    def routes(self, service: Service) -> list[Route]:
        """The routes that the web app has to serve for it."""
        ...


@runtime_checkable
class TellsTrouble(Protocol):
    """A chat that knows when it runs and still cannot post."""

    @property
    def trouble(self) -> str | None:
        """A sentence; None while all is well."""
        ...


@runtime_checkable
class TellsConnection(Protocol):
    """A chat that knows whether it is connected."""

    @property
    def is_connected(self) -> bool:
        """Whether what members do arrives now."""
        ...


class NoChatLeft(Exception):
    """Every configured chat is unusable; the message has a sentence for each."""


class Chats:
    """The chats of one process."""

    def __init__(self, chats: Mapping[Platform, Chat]) -> None:
        self._chats = dict(chats)
        self._refused: dict[Platform, str] = {}
        self._log = structlog.get_logger("flipbook.chats")

    @property
    def messengers(self) -> dict[Platform, Messenger]:
        """The messenger that delivers to each platform."""
        return {platform: chat.messenger for platform, chat in self._chats.items()}

    @property
    def states(self) -> dict[str, str]:
        """A word or a sentence per chat, for health pages."""
        return {
            f"chat {platform.value}": self._trouble(platform, chat)
            or ("serving" if _is_connected(chat) else "connecting")
            for platform, chat in self._chats.items()
        }

    @property
    def troubles(self) -> tuple[str, ...]:
        """A sentence per chat that cannot be served until its operator acts."""
        found = (self._trouble(platform, chat) for platform, chat in self._chats.items())
        return tuple(trouble for trouble in found if trouble is not None)

    @property
    def is_any_served(self) -> bool:
        """Whether members of at least one chat can ask for clips and get them."""
        return any(
            self._trouble(platform, chat) is None and _is_connected(chat)
            for platform, chat in self._chats.items()
        )

    def _trouble(self, platform: Platform, chat: Chat) -> str | None:
        known = chat.trouble if isinstance(chat, TellsTrouble) else None
        return self._refused.get(platform) or known

    def routes(self, service: Service) -> list[Route]:
        """The routes for requests from all platforms."""
        found = [
            chat.routes(service) for chat in self._chats.values() if isinstance(chat, HasRoutes)
        ]
        return [route for routes in found for route in routes]

    def __bool__(self) -> bool:
        return bool(self._chats)

    async def run(self, service: Service) -> None:
        """Serve all of them until cancelled. Raises NoChatLeft when none can be served."""
        async with asyncio.TaskGroup() as group:
            for platform, chat in self._chats.items():
                group.create_task(
                    self._serve(platform, chat, service), name=f"chat {platform.value}"
                )

    async def _serve(self, platform: Platform, chat: Chat, service: Service) -> None:
        try:
            await chat.run(service)
        except ChatUnusable as error:
            # the end of one chat is not raised: the group would cancel the others
            self._refused[platform] = str(error)
            self._log.error("chat refused", chat=platform.value, reason=str(error))
            # but with no chat left there is nothing to run for
            if len(self._refused) == len(self._chats):
                raise NoChatLeft(" ".join(self._refused.values())) from error

    async def close(self) -> None:
        """Close all of them."""
        for chat in self._chats.values():
            await chat.close()


def _is_connected(chat: Chat) -> bool:
    return not isinstance(chat, TellsConnection) or chat.is_connected


def configured_chats(settings: Settings) -> Chats:
    """The chats whose tokens are set."""
    # each adapter is imported only where its chat is used
    chats: dict[Platform, Chat] = {}
    if settings.discord_token is not None:
        chats[Platform.DISCORD] = _discord(settings, settings.discord_token)
    if settings.slack_bot_token is not None:
        chats[Platform.SLACK] = _slack(settings, settings.slack_bot_token)
    return Chats(chats)


def _discord(settings: Settings, token: SecretStr) -> Chat:
    from adapters.discord import DiscordChat  # noqa: PLC0415 - takes a third of a second

    return DiscordChat(
        token,
        state_dir=settings.data_dir,
        api_url=settings.discord_api_url,
        gateway_url=settings.discord_gateway_url,
        proxy=proxy_of(settings, settings.discord_api_url),
    )


def _slack(settings: Settings, token: SecretStr) -> Chat:
    from adapters.slack import SlackChat  # noqa: PLC0415 - takes a third of a second

    return SlackChat(
        token,
        app_token=settings.slack_app_token,
        signing_secret=settings.slack_signing_secret,
        api_url=settings.slack_api_url,
        proxy=proxy_of(settings, settings.slack_api_url),
        admins=settings.slack_admins,
    )
