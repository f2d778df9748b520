"""Button presses, handled by their custom_ids alone: discord.py keeps no view, so buttons work
after a restart."""

from functools import partial

import discord

from adapters.discord.handlers.ephemeral import tell
from adapters.discord.handlers.interactions import InteractionContext, InteractionHandler
from adapters.discord.ids import ButtonAction, parse_custom_id
from adapters.discord.text import render
from generation.domain.job import JobId
from generation.service import Service


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
            await tell(context.interaction, render.STALE_BUTTON)


async def cancel(service: Service, context: InteractionContext, job_id: JobId) -> None:
    """Cancel a clip for its owner or an admin, and confirm it privately; the clip's own message
    shows the outcome."""
    job = await service.cancel(
        job_id, by=context.user, server=context.server, is_admin=context.is_admin
    )
    await tell(context.interaction, render.cancelling(job))
