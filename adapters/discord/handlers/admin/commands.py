"""The group ``/flipbook-admin`` and its parts."""

from typing import Final

import discord
from discord import app_commands

from adapters.discord.handlers.admin.allow_lists import AllowedMemberCommands, RoleCommands
from adapters.discord.handlers.admin.guard import for_admins, for_admins_and_operators
from adapters.discord.handlers.admin.limits import LimitCommands
from adapters.discord.handlers.admin.moderation import MODERATION
from adapters.discord.handlers.admin.policy import BlockCommands, ChannelCommands, UnblockCommands
from adapters.discord.handlers.admin.settings import SettingCommands
from adapters.discord.handlers.admin.styles import StyleCommands
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import (
    CommandGroup,
    InteractionContext,
    InteractionHandler,
)
from adapters.discord.handlers.options import Reason, Until
from adapters.discord.text import admin, lists
from generation.text.rules.moments import moment_from

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
        self.add_command(SettingCommands(handler))
        self.add_command(ChannelCommands(handler))
        self.add_command(RoleCommands(handler))
        self.add_command(AllowedMemberCommands(handler))
        self.add_command(BlockCommands(handler))
        self.add_command(UnblockCommands(handler))
        self.add_command(StyleCommands(handler))
        for group in MODERATION:
            self.add_command(group(handler))

    @app_commands.command(description="Who changed what in this server")
    @for_admins
    async def audit(self, context: InteractionContext) -> None:
        """The last changes."""
        entries = await self.service.audit_of(context.server)
        await tell(context.interaction, lists.audit(entries))

    @app_commands.command(description="Take no new clips; those under way finish")
    @app_commands.describe(
        reason="What members read",
        until="When it ends by itself: 30m, 2h, 1d or 18:00",
        everywhere="In all servers; for the bot's operators",
    )
    @for_admins_and_operators
    async def pause(
        self,
        context: InteractionContext,
        reason: Reason = "",
        until: Until = "",
        everywhere: bool = False,
    ) -> None:
        """Begin a pause."""
        zone = (await self.service.policy_of(context.server)).time_zone
        pause = await self.service.pause_from_chat(
            context.server,
            reason,
            by=context.user,
            until=moment_from(until, self.handler.clock.now(), zone) if until else None,
            everywhere=everywhere,
        )
        await tell(context.interaction, admin.paused(pause))

    @app_commands.command(description="Take new clips again")
    @app_commands.describe(everywhere="End the pause of all servers; for the bot's operators")
    @for_admins_and_operators
    async def resume(
        self,
        context: InteractionContext,
        everywhere: bool = False,
    ) -> None:
        """End a pause."""
        ended = await self.service.resume_from_chat(
            context.server, by=context.user, everywhere=everywhere
        )
        await tell(context.interaction, admin.resumed(ended))
