"""Checks of the chats' tokens at the platforms, for ``flipbook setup`` and ``flipbook doctor``."""

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bot.settings import Settings, proxy_of
from generation.diagnostics import Checkup
from generation.protocol.clock import Clock

if TYPE_CHECKING:
    from adapters.slack import SlackAccess


async def discord_checkup(settings: Settings, token: SecretStr, clock: Clock) -> Checkup:
    """Check a token at Discord, at the address in the settings."""
    from adapters.discord import check_discord  # noqa: PLC0415 - takes a third of a second

    return await check_discord(
        token,
        api_url=settings.discord_api_url,
        gateway_url=settings.discord_gateway_url,
        proxy=proxy_of(settings, settings.discord_api_url),
        clock=clock,
    )


async def slack_checkup(settings: Settings, access: "SlackAccess", clock: Clock) -> Checkup:
    """Check tokens at Slack, at the address in the settings."""
    from adapters.slack import check_slack  # noqa: PLC0415 - takes a third of a second

    proxied = replace(access, proxy=proxy_of(settings, settings.slack_api_url))
    return await check_slack(proxied, api_url=settings.slack_api_url, clock=clock)


def slack_access(settings: Settings, bot_token: SecretStr) -> "SlackAccess":
    """The bot token together with what else is set for Slack."""
    from adapters.slack import SlackAccess  # noqa: PLC0415

    return SlackAccess(
        bot_token, settings.slack_app_token, settings.slack_signing_secret, settings.public_url
    )
