"""Choices that Discord's app offers while a member types. What is typed need not be one of them."""

import asyncio
from typing import Any, Final

import discord
from discord import app_commands

from adapters.discord.handlers.access import AccessDenied
from adapters.discord.handlers.interactions import InteractionContext, InteractionHandler
from generation.domain.style import style_key
from generation.protocol.errors import FlipbookError

MOST_CHOICES: Final = 25
"""What Discord takes in one answer."""
DEADLINE_SECONDS: Final = 1.5
"""Discord wants the answer within three seconds; no choices are better than a late answer."""

Choice = app_commands.Choice[str]


async def style_choices(
    handler: InteractionHandler, interaction: discord.Interaction[Any], typed: str
) -> list[Choice]:
    """The names of the server's styles that hold what is typed; none where they cannot be read."""
    try:
        server = InteractionContext.of(interaction).server
        async with asyncio.timeout(DEADLINE_SECONDS):
            names = (await handler.service.styles_of(server)).names
    except (AccessDenied, FlipbookError, TimeoutError):
        return []
    fitting = [name for name in names if style_key(typed) in style_key(name)]
    return [Choice(name=name, value=name) for name in fitting[:MOST_CHOICES]]
