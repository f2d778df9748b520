"""⚙️ and show: how a clip was made, and the clip again, to one member alone."""

import io

import discord

from adapters.discord.delivery.interaction_token import InteractionToken
from adapters.discord.handlers.clips.context import actor_of
from adapters.discord.handlers.ephemeral import defer_privately, tell
from adapters.discord.handlers.interactions import InteractionContext, InteractionHandler
from adapters.discord.handlers.parsing import command_line
from adapters.discord.refs import message_ref
from adapters.discord.text import lists, render
from adapters.discord.text.layout import NO_MENTIONS, buttons, reroll_button, settings_buttons
from adapters.discord.text.markup import DISCORD
from generation.domain.clip_actions import ClipAction, ClipState, state_of
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import Job, JobId
from generation.protocol.errors import FlipbookError
from generation.service.clips import is_allowed
from generation.text.controls.actions import gone_words


async def show_settings(
    handler: InteractionHandler, context: InteractionContext, job_id: JobId
) -> None:
    """How the clip was made, what else can be done with it, and a command that asks for it again;
    one that is too long for a message comes as a file."""
    job = await handler.service.seen_clip(
        ClipAction.SETTINGS, job_id, actor_of(context), context.channel
    )
    command = "" if job.prompt_removed_at is not None else command_line(job)
    text, is_whole = lists.settings(job, command)
    file = None if is_whole else discord.File(io.BytesIO(command.encode()), "command.txt")
    await tell(context.interaction, text, settings_buttons(job), file)


async def show(handler: InteractionHandler, context: InteractionContext, job_id: JobId) -> None:
    """A finished clip again, the state of an unfinished one, or that it is gone."""
    # raises for a job of another channel or server, as for one that does not exist
    job = await handler.service.seen_job(job_id, actor_of(context), context.channel)
    match state_of(job):
        case ClipState.DELETED | ClipState.HIDDEN:
            await say_gone(context, job)
        case _ if job.is_private and context.interaction.message is not None:
            await _bring_back(handler, context, job, context.interaction.message)
        case ClipState.UNDER_WAY:
            await tell(context.interaction, lists.details(job))
        case _:
            await _deliver_again(handler, context, job)


async def _bring_back(
    handler: InteractionHandler,
    context: InteractionContext,
    job: Job,
    message: discord.Message,
) -> None:
    """▶️ under a private answer, which the bot may no longer be let to change: the press has a
    token of its own, and with it the answer goes on where it is."""
    interaction, service = context.interaction, handler.service
    if not interaction.response.is_done():
        await interaction.response.defer()
    token = InteractionToken(interaction.token, interaction.filesize_limit)
    answer = token.answer(handler.clock.now(), private=True)
    delivery = await service.delivery_of(job.id)
    if delivery is not None and delivery.status in {DeliveryStatus.OPEN, DeliveryStatus.OWED}:
        shown = message_ref(int(context.server.id), message.channel.id, message.id)
        await service.opened(job.id, shown, answer)
    # where its outcome has arrived meanwhile, it comes here too; else this does nothing
    job = await service.deliver_again(job.id, answer, by=context.user, channel=context.channel)
    if not job.status.is_final:
        await interaction.edit_original_response(
            content=render.under_way(
                job, service.progress_of(job), handler.clock.now(), answer.expires_at
            ),
            view=buttons(job),
            allowed_mentions=NO_MENTIONS,
        )


async def say_gone(context: InteractionContext, job: Job) -> None:
    """Of a deleted or hidden clip: that it is, with 🔁 where the member may have it made again."""
    may_make_again = is_allowed(ClipAction.REROLL, job, actor_of(context))
    view = reroll_button(job) if may_make_again else None
    text = gone_words(job, DISCORD, may_make_again=may_make_again)
    await tell(context.interaction, text, view)


async def _deliver_again(
    handler: InteractionHandler, context: InteractionContext, job: Job
) -> None:
    """Defer the ephemeral response; the clip is delivered into it as every outcome is."""
    interaction = context.interaction
    await defer_privately(interaction)
    token = InteractionToken(interaction.token, interaction.filesize_limit, interaction.user.id)
    try:
        await handler.service.deliver_again(
            job.id,
            token.answer(handler.clock.now(), private=True),
            by=context.user,
            channel=context.channel,
            is_admin=actor_of(context).moderates(job),
        )
    except FlipbookError as error:
        # "thinking…" stays until the deferred response itself is edited
        await interaction.edit_original_response(
            content=render.refusal(error), allowed_mentions=NO_MENTIONS
        )
