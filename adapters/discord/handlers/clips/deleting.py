"""🗑️ and the spoiler: a short question first, then the clip goes for everybody."""

from adapters.discord.handlers.clips.context import actor_of
from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import InteractionContext, InteractionHandler
from adapters.discord.text.markup import DISCORD
from adapters.discord.text.modals import delete_modal
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
    await context.interaction.response.send_modal(delete_modal(job))


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
