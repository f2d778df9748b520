"""``/flipbook-admin limits …``."""

from discord import app_commands

from adapters.discord.handlers.access import AccessDenied
from adapters.discord.handlers.admin.guard import for_admins
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import (
    CommandGroup,
    InteractionContext,
    InteractionHandler,
)
from adapters.discord.handlers.options import LIMITS, LimitText
from adapters.discord.text import lists
from adapters.discord.text.markup import DISCORD
from generation.text.limits import limit_named, limit_value, unknown_limit_words


class LimitCommands(CommandGroup):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="limits", description="What members may make")

    @app_commands.command(description="Show the limits")
    @for_admins
    async def show(self, context: InteractionContext) -> None:
        """All limits."""
        limits = await self.service.limits_of(context.server)
        await tell(context.interaction, lists.limits_list(limits))

    @app_commands.command(description="Change one limit")
    @app_commands.describe(
        limit="Which one",
        value="A number, dollars, a size such as 512x512, or none; for quality: standard, turbo",
    )
    @app_commands.choices(limit=LIMITS)
    @for_admins
    async def set(self, context: InteractionContext, limit: str, value: LimitText) -> None:
        """One limit."""
        # a choice as a rule; but an old client, or a program, may send anything
        try:
            name = limit_named(limit)
        except ValueError:
            raise AccessDenied(unknown_limit_words(limit, DISCORD)) from None
        changes = {name.value: limit_value(name, value, DISCORD)}
        before = await self.service.limits_of(context.server)
        limits = await self.service.set_limits(context.server, changes, by=context.user)
        await tell(context.interaction, lists.changed_limit(limits, name, before=before))

    @app_commands.command(description="Go back to the operator's limits")
    @for_admins
    async def reset(self, context: InteractionContext) -> None:
        """The operator's defaults."""
        limits = await self.service.reset_limits(context.server, by=context.user)
        await tell(context.interaction, lists.limits_list(limits))
