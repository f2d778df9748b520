"""Button presses, handled by their custom_ids alone: discord.py keeps no view, so buttons work
after a restart."""

from functools import partial
from typing import Final

import discord

from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import InteractionContext, InteractionHandler
from adapters.discord.ids import ButtonAction, parse_custom_id
from generation.domain.job import Job, JobId
from generation.service import Service

UNKNOWN_BUTTON: Final = "This button does nothing any more. `/animate` makes a new clip."


async def press(handler: InteractionHandler, interaction: discord.Interaction) -> None:
    """Do what the button says; a custom_id that is forged or not ours gets one sentence."""
    await handler.handle(interaction, partial(_press, handler))


async def _press(handler: InteractionHandler, context: InteractionContext) -> None:
    # a custom_id can be forged: the service checks that the job is of this server
    match parse_custom_id(context.interaction.custom_id or ""):
        case (ButtonAction.REROLL, job_id):
            reroll = partial(handler.service.reroll, job_id, context.submit_context())
            await handler.submit(context, reroll)
        case (ButtonAction.CANCEL, job_id):
            await cancel(handler.service, context, job_id)
        case _:
            await tell(context.interaction, UNKNOWN_BUTTON)


async def cancel(service: Service, context: InteractionContext, job_id: JobId) -> None:
    """Cancel a clip for its owner or an admin, and confirm it privately; the clip's own message
    shows the outcome."""
    job = await service.cancel(
        job_id, by=context.user, server=context.server, is_admin=context.is_admin
    )
    await tell(context.interaction, _cancelled(job))


def _cancelled(job: Job) -> str:
    if job.status.is_final:
        return "The clip is cancelled."
    return "The clip is being cancelled. If it is nearly done, it may still arrive."
