"""Every chat that has a token: built from the settings, run side by side, one's end leaving the others alone."""

import asyncio
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

import structlog
from pydantic import SecretStr
from starlette.routing import Route

from bot.settings import Settings
from generation.errors import ChatUnusable
from generation.places import Platform
from generation.ports import Messenger
from generation.service import Service


class Chat(Protocol):
    """One platform's adapter as the process sees it."""

    @property
    def messenger(self) -> Messenger: ...

    async def run(self, service: Service) -> None:
        """Serve members until cancelled. Raises ChatUnusable for what only the operator can change."""
        ...

    async def close(self) -> None:
        """Nothing is delivered any more."""
        ...


@runtime_checkable
class HasRoutes(Protocol):
    """A chat whose platform may also call us."""

    def routes(self, service: Service) -> list[Route]:
        """What the web app has to serve for it."""
        ...


class NoChatLeft(Exception):
    """Every configured chat has refused; the message has a sentence for each."""


class Chats:
    """The chats of one process."""

    def __init__(self, chats: Mapping[Platform, Chat]) -> None:
        self._chats = dict(chats)
        self._refused: dict[Platform, str] = {}
        self._log = structlog.get_logger("flipbook.chats")

    @property
    def messengers(self) -> dict[Platform, Messenger]:
        """Who delivers to which platform."""
        return {platform: chat.messenger for platform, chat in self._chats.items()}

    @property
    def states(self) -> dict[str, str]:
        """A word or a sentence per chat, for health pages."""
        return {f"chat {platform.value}": self._refused.get(platform, "serving") for platform in self._chats}

    def routes(self, service: Service) -> list[Route]:
        """Where platforms call us."""
        found = [chat.routes(service) for chat in self._chats.values() if isinstance(chat, HasRoutes)]
        return [route for routes in found for route in routes]

    def __bool__(self) -> bool:
        return bool(self._chats)

    async def run(self, service: Service) -> None:
        """Serve all of them until cancelled. Raises NoChatLeft when none of those configured can be served."""
        async with asyncio.TaskGroup() as group:
            for platform, chat in self._chats.items():
                group.create_task(self._serve(platform, chat, service), name=f"chat {platform.value}")

    async def _serve(self, platform: Platform, chat: Chat, service: Service) -> None:
        try:
            await chat.run(service)
        except ChatUnusable as error:
            self._refused[platform] = str(error)
            self._log.error("chat refused", chat=platform.value, reason=str(error))
            if len(self._refused) == len(self._chats):
                raise NoChatLeft(" ".join(self._refused.values())) from error

    async def close(self) -> None:
        """Close all of them."""
        for chat in self._chats.values():
            await chat.close()


def chats_of(settings: Settings) -> Chats:
    """The chats whose tokens are set."""
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
    )


def _slack(settings: Settings, token: SecretStr) -> Chat:
    from adapters.slack import SlackChat  # noqa: PLC0415 - takes a third of a second

    return SlackChat(
        token,
        app_token=settings.slack_app_token,
        signing_secret=settings.slack_signing_secret,
        api_url=settings.slack_api_url,
        admins=settings.slack_admins,
    )
