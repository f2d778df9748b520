"""Button presses and forms, handled by their custom_ids alone: discord.py keeps no view, so they
work after a restart and on last year's messages."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import discord

from adapters.discord.handlers.admin.limits import press_preset
from adapters.discord.handlers.clips import deleting, finding, reporting, show
from adapters.discord.handlers.clips.context import actor_of
from adapters.discord.handlers.clips.menus import reroll
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.forms import handler as forms
from adapters.discord.handlers.interactions import InteractionContext, InteractionHandler
from adapters.discord.handlers.members.privacy import press_privacy
from adapters.discord.ids import CHOOSE_ID, page_in, parse_case_id, parse_custom_id
from adapters.discord.text import render
from generation.domain.clip_actions import ClipAction
from generation.domain.job import JobId

Act = Callable[[InteractionHandler, InteractionContext, JobId], Awaitable[None]]


async def press(handler: InteractionHandler, interaction: discord.Interaction) -> None:
    """Do what the button says; a custom_id that is forged or not ours gets one sentence."""
    await handler.handle(interaction, partial(_press, handler))


async def submit_form(handler: InteractionHandler, interaction: discord.Interaction) -> None:
    """Do what a filled-in form asks for."""
    await handler.handle(interaction, partial(_submit_form, handler))


async def _press(handler: InteractionHandler, context: InteractionContext) -> None:
    if await forms.press(handler, context):
        return
    # a custom_id can be forged: the service checks that the job is of this server
    pressed = context.interaction.custom_id or ""
    match parse_custom_id(pressed):
        case (action, job_id) if action in _PRESSED:
            await _PRESSED[action](handler, context, job_id)
        case _ if page := page_in(pressed):
            await finding.turn_page(handler, context, *page)
        case _ if pressed == CHOOSE_ID:
            await finding.show_chosen(handler, context)
        case _ if case := parse_case_id(pressed):
            await reporting.decide(handler, context, *case)
        case _ if await press_privacy(handler.service, context):
            pass
        case _ if await press_preset(handler.service, context):
            pass
        case _:
            await tell(context.interaction, render.STALE_BUTTON)


async def _submit_form(handler: InteractionHandler, context: InteractionContext) -> None:
    if await forms.submit(handler, context):
        return
    match parse_custom_id(context.interaction.custom_id or ""):
        case (ClipAction.DELETE, job_id):
            await deleting.delete(handler, context, job_id)
        case (ClipAction.REPORT, job_id):
            await reporting.report(handler, context, job_id, filled(context.interaction))
        case _:
            await tell(context.interaction, render.STALE_BUTTON)


def filled(interaction: discord.Interaction) -> Mapping[str, object]:
    """What a form's fields were filled with, by their custom_ids."""
    data: Any = interaction.data or {}
    parts = data.get("components", [])
    fields = [each.get("component", each) for each in parts]
    return {
        each["custom_id"]: each["values"] if "values" in each else each.get("value")
        for each in fields
        if "custom_id" in each
    }


async def cancel(handler: InteractionHandler, context: InteractionContext, job_id: JobId) -> None:
    """Cancel a clip for its owner or a moderator, and confirm it privately; the clip's own message
    shows the outcome."""
    asked = await handler.service.job(job_id, context.server)
    may_cancel = actor_of(context).moderates(asked)
    job = await handler.service.cancel(
        job_id, by=context.user, server=context.server, is_admin=may_cancel
    )
    await tell(context.interaction, render.cancelling(job))


async def _other_quality(
    handler: InteractionHandler, context: InteractionContext, job_id: JobId
) -> None:
    await handler.make_from(context, job_id, handler.service.other_quality)


async def _retry(handler: InteractionHandler, context: InteractionContext, job_id: JobId) -> None:
    await handler.make_from(context, job_id, handler.service.retry)


_PRESSED: Final[Mapping[ClipAction, Act]] = {
    ClipAction.REROLL: reroll,
    ClipAction.OTHER_QUALITY: _other_quality,
    ClipAction.RETRY: _retry,
    ClipAction.CANCEL: cancel,
    ClipAction.SETTINGS: show.show_settings,
    ClipAction.SHOW: show.show,
    ClipAction.DELETE: deleting.ask_to_delete,
    ClipAction.SPOILER: deleting.set_spoiler,
    ClipAction.REPORT: reporting.ask_for_report,
}
