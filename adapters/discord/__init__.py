"""Discord: translates commands, buttons and reactions into service calls, and delivers clips."""

from adapters.discord.chat import API_URL, GATEWAY_URL, DiscordChat, DiscordTiming
from adapters.discord.errors import DiscordUnusable
from adapters.discord.setup.checks import check_discord
from adapters.discord.setup.permissions import (
    REQUIRED_PERMISSIONS,
    RequiredPermission,
    invite_url,
)

__all__ = [
    "API_URL",
    "GATEWAY_URL",
    "REQUIRED_PERMISSIONS",
    "DiscordChat",
    "DiscordTiming",
    "DiscordUnusable",
    "RequiredPermission",
    "check_discord",
    "invite_url",
]
