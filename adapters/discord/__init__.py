"""Discord: members' commands, buttons and reactions to the service, and the messenger that brings clips back."""

from adapters.discord.chat import API_URL, GATEWAY_URL, DiscordChat, Waits
from adapters.discord.checkup import check_discord
from adapters.discord.errors import DiscordUnusable
from adapters.discord.permissions import NEEDS, Need, invite_url

__all__ = [
    "API_URL",
    "GATEWAY_URL",
    "NEEDS",
    "DiscordChat",
    "DiscordUnusable",
    "Need",
    "Waits",
    "check_discord",
    "invite_url",
]
