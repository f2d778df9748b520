"""``/flipbook-admin limits …``."""

from discord import app_commands

from adapters.discord.handlers.access import AccessDenied, require_admin
from adapters.discord.handlers.admin.guard import for_admins
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import (
    CommandGroup,
    InteractionContext,
    InteractionHandler,
)
from adapters.discord.handlers.options import LIMITS, PRESET_CHOICES, LimitText
from adapters.discord.text import admin
from adapters.discord.text.layout import notice_buttons
from adapters.discord.text.markup import DISCORD
from generation.rules.limits import LimitName
from generation.rules.limits.presets import Preset
from generation.service import Service
from generation.text.limits import limit_named, limit_value, unknown_limit_words
from generation.text.rules.chat import preset_from
from generation.text.rules.presets import apply_button, preset_buttons, pressed_preset


class LimitCommands(CommandGroup):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="limits", description="What members may make")

    @app_commands.command(description="Show what is set, the operator's ceilings, what is in force")
    @for_admins
    async def show(self, context: InteractionContext) -> None:
        """All limits."""
        await _tell_rules(self.service, context)

    @app_commands.command(description="Change one limit")
    @app_commands.describe(
        limit="Which one",
        value="A number, an amount, a size such as 512x512, or none; for quality: standard, turbo",
    )
    @app_commands.choices(limit=LIMITS)
    @for_admins
    async def set(self, context: InteractionContext, limit: str, value: LimitText) -> None:
        """One limit."""
        name = chosen_limit(limit)
        changes = {name.value: limit_value(name, value, DISCORD)}
        change = await self.service.change_rules(context.server, changes, by=context.user)
        await tell(context.interaction, admin.changed(change, [name]))

    @app_commands.command(description="Go back to the operator's limits")
    @for_admins
    async def reset(self, context: InteractionContext) -> None:
        """The operator's defaults."""
        await self.service.reset_limits(context.server, by=context.user)
        await _tell_rules(self.service, context)

    @app_commands.command(description="Limits for a kind of server: see them, then apply them")
    @app_commands.describe(preset="Which kind of server", apply="Change it; else it is shown")
    @app_commands.choices(preset=PRESET_CHOICES)
    @for_admins
    async def preset(self, context: InteractionContext, preset: str, apply: bool = False) -> None:
        """First the difference, then, by one more step, the change."""
        await _tell_preset(self.service, context, preset_from(preset), apply=apply)


async def press_preset(service: Service, context: InteractionContext) -> bool:
    """The same by the buttons under both answers; False for other buttons."""
    found = pressed_preset(context.interaction.custom_id or "")
    if found is None:
        return False
    # at every press: the member may be no admin any more
    require_admin(context.interaction)
    preset, apply = found
    await _tell_preset(service, context, preset, apply=apply)
    return True


async def _tell_rules(service: Service, context: InteractionContext) -> None:
    rules = admin.rules(await service.rules_of(context.server))
    await tell(context.interaction, rules, notice_buttons(preset_buttons(DISCORD)))


async def _tell_preset(
    service: Service, context: InteractionContext, preset: Preset, *, apply: bool
) -> None:
    if apply:
        change = await service.apply_preset(context.server, preset, by=context.user)
    else:
        change = await service.preset_difference(context.server, preset)
    is_offered = not apply and change.before != change.after
    buttons = [apply_button(preset, DISCORD)] if is_offered else []
    said = admin.preset(preset, change, is_applied=apply)
    await tell(context.interaction, said, notice_buttons(buttons))


def chosen_limit(text: str) -> LimitName:
    """The limit of a choice; but an old client, or a program, may send anything. Raises
    AccessDenied."""
    try:
        return limit_named(text)
    except ValueError:
        raise AccessDenied(unknown_limit_words(text, DISCORD)) from None
