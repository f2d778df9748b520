"""History and queue: a member's own clips page by page, one of them with its buttons, and what is
under way."""

from typing import Any, Final

import discord

from adapters.discord.errors import ALREADY_ANSWERED
from adapters.discord.handlers.access import AccessDenied
from adapters.discord.handlers.clips.context import actor_of
from adapters.discord.handlers.clips.show import say_gone
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import InteractionContext, InteractionHandler
from adapters.discord.ids import Side, job_id_in
from adapters.discord.text import lists, render
from adapters.discord.text.layout import (
    NO_MENTIONS,
    cancel_buttons,
    clip_buttons,
    history_controls,
)
from generation.domain.clip_actions import ClipState, state_of
from generation.domain.job import JobId

_MOST_LISTED: Final = 25


async def show_history(handler: InteractionHandler, context: InteractionContext) -> None:
    """The newest page."""
    page = await handler.service.history(context.user, context.server)
    await tell(context.interaction, lists.history(page), history_controls(page))


async def turn_page(
    handler: InteractionHandler, context: InteractionContext, side: Side, beside: JobId
) -> None:
    """Another page in place of this one. It is the presser's own, whatever the custom_id says."""
    is_newer = side is Side.NEWER
    page = await handler.service.history(
        context.user,
        context.server,
        newer_than=beside if is_newer else None,
        older_than=None if is_newer else beside,
    )
    text, view = lists.history(page), history_controls(page)
    if not await _replaced(context.interaction.response, text, view):
        # deferred meanwhile, as an answer of its own
        await tell(context.interaction, text, view)


async def _replaced(
    response: discord.InteractionResponse[discord.Client], text: str, view: discord.ui.View | None
) -> bool:
    """Put another page in place of the one that was pressed; False where there is a response by
    now."""
    try:
        await response.edit_message(content=text, view=view, allowed_mentions=NO_MENTIONS)
    except discord.InteractionResponded:
        return False
    except discord.HTTPException as error:
        # it was deferred while this was on its way
        if error.code != ALREADY_ANSWERED:
            raise
        return False
    return True


async def show_chosen(handler: InteractionHandler, context: InteractionContext) -> None:
    """The clip that was chosen from a list, with everything that can be done with it."""
    data: Any = context.interaction.data or {}
    job_id = job_id_in(next(iter(data.get("values", ())), ""))
    if job_id is None:
        raise AccessDenied(render.STALE_BUTTON)
    job = await handler.service.seen_job(job_id, actor_of(context), context.channel)
    if state_of(job) in {ClipState.DELETED, ClipState.HIDDEN}:
        await say_gone(context, job)
        return
    text = lists.clip(job, await handler.service.message_of(job))
    await tell(context.interaction, text, clip_buttons(job))


async def show_queue(handler: InteractionHandler, context: InteractionContext) -> None:
    """What is under way in the server, with ✖️ where the member may cancel."""
    jobs = await handler.service.under_way(actor_of(context), limit=_MOST_LISTED)
    text = lists.queue(jobs, context.user, handler.service.trouble_lines())
    await tell(context.interaction, text, cancel_buttons(jobs))
