"""Presses of our buttons, handled by their ids alone: no view is kept, so they work after a restart and for ever."""

from typing import Final

import discord

from adapters.discord.custom_ids import Action, parse_custom_id
from adapters.discord.first_answer import tell
from adapters.discord.reception import Reception, Visit
from generation.job import Job, JobId

UNKNOWN_BUTTON: Final = "This button does nothing any more. `/animate` makes a new clip."


async def press(reception: Reception, interaction: discord.Interaction) -> None:
    """Do what the button says; a forged or foreign id gets one sentence."""
    async with reception.visit(interaction) as visit:
        if visit is None:
            return
        match parse_custom_id(interaction.custom_id or ""):
            case (Action.REROLL, job_id):
                await reception.reroll(visit, job_id)
            case (Action.CANCEL, job_id):
                await cancel(reception, visit, job_id)
            case _:
                await tell(interaction, UNKNOWN_BUTTON)


async def cancel(reception: Reception, visit: Visit, job_id: JobId) -> None:
    """Cancel a clip for its owner or an admin, and say so privately; its message tells the rest."""
    job = await reception.service.cancel(job_id, by=visit.user, server=visit.channel.server, is_admin=visit.is_admin)
    await tell(visit.interaction, _cancelled(job))


def _cancelled(job: Job) -> str:
    if job.status.is_final:
        return "The clip is cancelled."
    return "The clip is being cancelled. If it is nearly done, it may still arrive."
