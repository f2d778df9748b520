"""🗑️ and the spoiler: a short question first, then the clip goes for everybody."""

import discord
from discord import ui

from adapters.discord.handlers.clips.context import actor_of
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import InteractionContext, InteractionHandler
from adapters.discord.ids import custom_id
from adapters.discord.text.markup import DISCORD
from generation.domain.clip_actions import ClipAction
from generation.domain.job import JobId
from generation.text.controls import actions as words


async def ask_to_delete(
    handler: InteractionHandler, context: InteractionContext, job_id: JobId
) -> None:
    """Open the question, for a member who may delete the clip."""
    job = await handler.before_a_form(
        handler.service.clip_for(ClipAction.DELETE, job_id, actor_of(context))
    )
    modal = ui.Modal(
        title=DISCORD.gettext(words.SURE), custom_id=custom_id(ClipAction.DELETE, job.id)
    )
    modal.add_item(ui.TextDisplay(DISCORD.gettext(words.WHAT_GOES)))
    sure = discord.CheckboxGroupOption(label=DISCORD.gettext(words.DELETE_IT), value="yes")
    group: ui.CheckboxGroup[ui.Modal] = ui.CheckboxGroup(
        custom_id="sure", options=[sure], min_values=1, max_values=1
    )
    modal.add_item(ui.Label(text=DISCORD.gettext(words.SURE), component=group))
    # stopped: discord.py then keeps nothing of it, and it works after a restart
    modal.stop()
    await context.interaction.response.send_modal(modal)


async def delete(handler: InteractionHandler, context: InteractionContext, job_id: JobId) -> None:
    """Delete the clip, and say how far that has come."""
    service = handler.service
    await service.delete(job_id, actor_of(context))
    await tell(
        context.interaction, words.deleted_words(await service.delivery_soon(job_id), DISCORD)
    )


async def set_spoiler(
    handler: InteractionHandler, context: InteractionContext, job_id: JobId
) -> None:
    """Cover the clip, or uncover it."""
    service = handler.service
    job = await service.set_spoiler(job_id, actor_of(context))
    await tell(
        context.interaction, words.covered_words(job, await service.delivery_soon(job_id), DISCORD)
    )
