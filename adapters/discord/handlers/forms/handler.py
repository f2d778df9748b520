"""Forms: opened by ``/animate`` alone, by ✏️, by a message's menu and after a refusal; sent off, by
their custom_id alone, so that they work after a restart."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import discord
from discord import app_commands

from adapters.discord.handlers.access import AccessDenied
from adapters.discord.handlers.clips.context import actor_of
from adapters.discord.handlers.ephemeral import refuse, tell
from adapters.discord.handlers.interactions import InteractionContext, InteractionHandler
from adapters.discord.ids import OpenedForm, draft_in, edited_clip, modal_id, opened_form
from adapters.discord.refs import message_ref
from adapters.discord.text import render
from adapters.discord.text.form import form_modal, try_again_view, values_in
from adapters.discord.text.markup import DISCORD
from generation.domain.job import JobId
from generation.protocol.errors import (
    ChannelNotAllowed,
    FlipbookError,
    InvalidRequest,
    ServerNotAllowed,
    StoreBusy,
    UserBlocked,
)
from generation.rules.forms.form import Form, FormField, FormValues, is_private_in
from generation.text.forms.fields import (
    field_errors,
    kept_draft_words,
    late_form_words,
    no_text_words,
)
from generation.text.help import ANIMATE_TEXT

_LASTING: Final = (UserBlocked, ChannelNotAllowed, ServerNotAllowed)
"""Refusals that no other text changes."""

Menu = app_commands.ContextMenu


async def open_form(
    handler: InteractionHandler,
    context: InteractionContext,
    values: FormValues | None = None,
    *,
    parent: JobId | None = None,
) -> None:
    """Show the form with these values, on top of those of the clip that is edited. Raises
    FlipbookError."""
    roles = context.submit_context().roles
    form = handler.service.form(actor_of(context), values, parent=parent, roles=roles)
    try:
        opened = await handler.before_a_form(form)
    except StoreBusy:
        draft = _keep(handler, context, values or {}, parent)
        await tell(context.interaction, late_form_words(DISCORD), try_again_view(draft))
        return
    await _show(context, opened)


async def press(handler: InteractionHandler, context: InteractionContext) -> bool:
    """Open the form that a button opens; False for other buttons."""
    custom_id = context.interaction.custom_id or ""
    if (parent := edited_clip(custom_id)) is not None:
        await open_form(handler, context, parent=parent)
        return True
    if (draft := draft_in(custom_id)) is not None:
        actor, roles = actor_of(context), context.submit_context().roles
        # the button stays, so nothing is lost where it is too slow
        again = handler.service.form_again(draft, actor, roles=roles)
        await _show(context, await handler.before_a_form(again))
        return True
    return False


async def submit(handler: InteractionHandler, context: InteractionContext) -> bool:
    """Make the clip that a form asks for; a refusal offers the form again. False for other
    forms."""
    data: Any = context.interaction.data or {}
    opened = opened_form(str(data.get("custom_id", "")))
    if opened is not None:
        await _submit(handler, context, opened, values_in(data.get("components", [])))
    return opened is not None


async def offering_again(
    handler: InteractionHandler,
    context: InteractionContext,
    values: FormValues,
    work: Callable[[], Awaitable[None]],
) -> None:
    """Do what a command asks for; where that is refused, say why, and keep what was typed behind a
    button that opens it in the form."""
    try:
        await work()
    except (FlipbookError, AccessDenied) as error:
        if isinstance(error, _LASTING):
            raise
        draft = _keep(handler, context, values, None)
        await refuse(context.interaction, _sentence(error), try_again_view(draft))


def animate_text_menu(handler: InteractionHandler) -> Menu:
    """The entry in the menu of every message: its text in the form, or the clip that it shows."""

    async def animate_text(interaction: discord.Interaction, message: discord.Message) -> None:
        await handler.handle(interaction, partial(_animate_text, handler, message))

    return Menu(name=ANIMATE_TEXT, callback=animate_text)


async def _animate_text(
    handler: InteractionHandler, message: discord.Message, context: InteractionContext
) -> None:
    interaction = context.interaction
    shown = None
    if interaction.guild_id is not None and message.author.id == interaction.application_id:
        where = message_ref(interaction.guild_id, message.channel.id, message.id)
        shown = await handler.service.job_of_message(where)
    if shown is not None:
        await open_form(handler, context, parent=shown.id)
        return
    text = message.clean_content.strip()
    if not text:
        raise AccessDenied(no_text_words(DISCORD))
    await open_form(handler, context, {FormField.PROMPT: text})


async def _show(context: InteractionContext, form: Form) -> None:
    opened = OpenedForm(form.parent, str(context.interaction.id))
    await context.interaction.response.send_modal(form_modal(form, modal_id(opened)))


async def _submit(
    handler: InteractionHandler,
    context: InteractionContext,
    opened: OpenedForm,
    values: FormValues,
) -> None:
    # the member's own, and the same for a form that is sent off again
    origin = f"discord:form:{context.user.id}:{opened.opening}"
    try:
        is_private = is_private_in(values) or (
            opened.parent is not None and await handler.is_private(context, opened.parent)
        )
        asked = replace(handler.asked(context, is_private=is_private), origin=origin)
        make = partial(handler.service.submit_form, values, asked, parent=opened.parent)
        await handler.submit(context, make, is_private=is_private)
    except (FlipbookError, AccessDenied) as error:
        if isinstance(error, _LASTING):
            raise
        draft = _keep(handler, context, values, opened.parent)
        kept = f"{_form_sentence(error)}\n{kept_draft_words(values, DISCORD)}"[: render.MAX_CONTENT]
        await refuse(context.interaction, kept, try_again_view(draft))


def _keep(
    handler: InteractionHandler,
    context: InteractionContext,
    values: FormValues,
    parent: JobId | None,
) -> str:
    return handler.service.keep_draft(values, by=context.user, server=context.server, parent=parent)


def _form_sentence(error: FlipbookError | AccessDenied) -> str:
    """By the names that the fields have in the form."""
    if isinstance(error, InvalidRequest):
        return " ".join(field_errors(error, DISCORD).values())
    return _sentence(error)


def _sentence(error: FlipbookError | AccessDenied) -> str:
    return error.sentence if isinstance(error, AccessDenied) else render.refusal(error)
