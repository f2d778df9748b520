"""``/flipbook-admin styles …``: words that the server puts around its members' prompts."""

from typing import Any, Final

import discord
from discord import app_commands

from adapters.discord.handlers.admin.guard import for_admins
from adapters.discord.handlers.autocomplete import Choice, style_choices
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import (
    CommandGroup,
    InteractionContext,
    InteractionHandler,
)
from adapters.discord.handlers.options import QUALITIES, SIZES, Style, StyleWords
from adapters.discord.text import lists
from generation.rules.forms.styles import style_of
from generation.text.forms.styles import CLEARED, style_changes

_NONE: Final = app_commands.Choice(name="none: the member's, else the usual", value=CLEARED)
_ABOUT: Final = {
    "prefix": "Words before the prompt",
    "suffix": "Words after the prompt",
    "negative_prompt": "Words to avoid",
    "quality": "The quality of clips whose members choose none",
    "size": "The size of clips whose members choose none",
}


class StyleCommands(CommandGroup):
    def __init__(self, handler: InteractionHandler) -> None:
        super().__init__(handler, name="styles", description="Looks with a name for prompts")

    async def style_choices(
        self, interaction: discord.Interaction[Any], typed: str
    ) -> list[Choice]:
        """The server's styles."""
        return await style_choices(self.handler, interaction, typed)

    @app_commands.command(description="Show the styles, or all words of one")
    @app_commands.describe(style="Which one, in full")
    @app_commands.autocomplete(style=style_choices)
    @for_admins
    async def list(self, context: InteractionContext, style: Style | None = None) -> None:
        """All styles, or one in full."""
        found = await self.service.styles_of(context.server)
        shown = lists.styles(found) if style is None else lists.style(found, style)
        await tell(context.interaction, shown)

    @app_commands.command(description="Offer one more style")
    @app_commands.describe(name="What members choose it by", **_ABOUT)
    @app_commands.choices(quality=QUALITIES, size=SIZES)
    @for_admins
    async def add(
        self,
        context: InteractionContext,
        name: Style,
        *,
        prefix: StyleWords | None = None,
        suffix: StyleWords | None = None,
        negative_prompt: StyleWords | None = None,
        quality: str | None = None,
        size: str | None = None,
    ) -> None:
        """A new style."""
        style = style_of(
            style_changes(
                name=name,
                prefix=prefix,
                suffix=suffix,
                negative_prompt=negative_prompt,
                quality=quality,
                size=size,
            )
        )
        styles = await self.service.add_style(context.server, style, by=context.user)
        await tell(context.interaction, lists.style(styles, style.name))

    @app_commands.command(description="Change a style: only what you fill in, “-” for nothing")
    @app_commands.describe(style="Which one", name="A new name", **_ABOUT)
    @app_commands.choices(quality=[*QUALITIES, _NONE], size=[*SIZES, _NONE])
    @app_commands.autocomplete(style=style_choices)
    @for_admins
    async def edit(
        self,
        context: InteractionContext,
        style: Style,
        *,
        name: Style | None = None,
        prefix: StyleWords | None = None,
        suffix: StyleWords | None = None,
        negative_prompt: StyleWords | None = None,
        quality: str | None = None,
        size: str | None = None,
    ) -> None:
        """Parts of a style."""
        changes = style_changes(
            name=name,
            prefix=prefix,
            suffix=suffix,
            negative_prompt=negative_prompt,
            quality=quality,
            size=size,
        )
        styles = await self.service.edit_style(context.server, style, changes, by=context.user)
        await tell(context.interaction, lists.style(styles, name or style))

    @app_commands.command(description="Offer a style no longer")
    @app_commands.describe(style="Which one")
    @app_commands.autocomplete(style=style_choices)
    @for_admins
    async def remove(self, context: InteractionContext, style: Style) -> None:
        """One style."""
        await self.service.remove_style(context.server, style, by=context.user)
        await tell(context.interaction, lists.removed_style(style))

    @app_commands.command(description="Go back to the styles that Flipbook brings")
    @for_admins
    async def reset(self, context: InteractionContext) -> None:
        """The shipped styles."""
        styles = await self.service.reset_styles(context.server, by=context.user)
        await tell(context.interaction, lists.styles(styles))
