"""The group ``/flipbook-admin`` and its parts."""

from typing import Final

import discord
from discord import app_commands

from adapters.discord.handlers.admin.guard import for_admins
from adapters.discord.handlers.admin.limits import LimitCommands
from adapters.discord.handlers.admin.policy import BlockCommands, ChannelCommands, UnblockCommands
from adapters.discord.handlers.admin.styles import StyleCommands
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import (
    CommandGroup,
    InteractionContext,
    InteractionHandler,
)
from adapters.discord.text import lists

_MANAGERS: Final = discord.Permissions(manage_guild=True)


class AdminCommands(CommandGroup):
    """The command group for admins."""

    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(
            handler,
            name="flipbook-admin",
            description="Limits, channels and blocks of this server",
            # Discord shows the commands to managers only; a server can change that
            default_permissions=_MANAGERS,
        )
        self.add_command(LimitCommands(handler))
        self.add_command(ChannelCommands(handler))
        self.add_command(BlockCommands(handler))
        self.add_command(UnblockCommands(handler))
        self.add_command(StyleCommands(handler))

    @app_commands.command(description="Who changed what in this server")
    @for_admins
    async def audit(self, context: InteractionContext) -> None:
        """The last changes."""
        entries = await self.service.audit_of(context.server)
        await tell(context.interaction, lists.audit(entries))
