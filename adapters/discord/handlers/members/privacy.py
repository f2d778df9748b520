"""``/flipbook privacy``: what is kept of a member, a copy of it, and being forgotten; all of it is
ephemeral."""

import io
import re
from typing import Final

import discord

from adapters.discord.errors import NETWORK
from adapters.discord.handlers.ephemeral import defer_privately, tell
from adapters.discord.handlers.interactions import InteractionContext
from adapters.discord.text import render
from adapters.discord.text.layout import NO_MENTIONS, notice_buttons
from adapters.discord.text.markup import DISCORD
from generation.protocol.errors import ExportTooLarge, FlipbookError
from generation.service import Service
from generation.service.privacy import EXPORT_NAME
from generation.text import privacy_screens as screens
from generation.text.notices import NoticeText

_FORGET: Final = re.compile(rf"{re.escape(screens.FORGET)}(.{{1,64}})")


async def show_privacy(service: Service, context: InteractionContext) -> None:
    """What is kept, with the buttons for the rest."""
    facts = await service.privacy_of(context.user, context.server)
    days = facts.days.clips, facts.days.prompts
    shown = screens.privacy_screen(facts.kept, days, facts.makers, facts.forgetting_since, DISCORD)
    await _show(context, shown)


async def press_privacy(service: Service, context: InteractionContext) -> bool:
    """Do what a button of ours says; False where it is another one."""
    custom_id = context.interaction.custom_id or ""
    confirmed = _FORGET.fullmatch(custom_id)
    if confirmed is not None:
        # a forged proof, or one of another member, is refused
        await service.forget(context.user, context.server, confirmed[1])
        await tell(context.interaction, screens.forgetting_words(DISCORD))
    elif custom_id == screens.EXPORT:
        await _export(service, context)
    elif custom_id == screens.ASK:
        proof = service.confirmation_to_forget(context.user)
        await _show(context, screens.forget_question(proof, DISCORD))
    elif custom_id == screens.KEEP:
        await tell(context.interaction, screens.kept_words(DISCORD))
    else:
        return False
    return True


async def _show(context: InteractionContext, shown: NoticeText) -> None:
    view = notice_buttons(shown.buttons)
    await tell(context.interaction, "\n".join(shown.lines)[: render.MAX_CONTENT], view)


async def _export(service: Service, context: InteractionContext) -> None:
    interaction = context.interaction
    # thousands of clips take longer than a first response may
    await defer_privately(interaction)
    try:
        data = await service.export(context.user)
        await _send(service, context, data)
    except FlipbookError as error:
        # "thinking…" stays until the deferred response itself is edited
        await interaction.edit_original_response(
            content=render.refusal(error), allowed_mentions=NO_MENTIONS
        )


async def _send(service: Service, context: InteractionContext, data: bytes) -> None:
    interaction = context.interaction
    try:
        if len(data) > interaction.filesize_limit:
            raise ExportTooLarge
        await interaction.edit_original_response(
            content=screens.export_words(DISCORD, has_links=service.exports_have_links),
            attachments=[discord.File(io.BytesIO(data), EXPORT_NAME)],
            allowed_mentions=NO_MENTIONS,
        )
    except (ExportTooLarge, discord.DiscordException, *NETWORK):
        # it did not arrive, so it does not count
        await service.export_failed(context.user)
        raise
