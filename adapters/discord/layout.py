"""The one layout of a job's message: classic content, one attachment, one row of buttons; nothing in it can ping."""

from typing import Final

import discord

from adapters.discord.custom_ids import Action, custom_id
from generation.job import Job, JobStatus

REROLL_EMOJI: Final = "🔁"
NOBODY: Final = discord.AllowedMentions.none()


def buttons(job: Job) -> discord.ui.View | None:
    """🔁 on a finished clip, ✖ on one that is under way, none on others.

    The view is handed out stopped: discord.py then keeps nothing of it, and the click is handled by its id alone.
    """
    if job.status is JobStatus.SUCCEEDED:
        return _row("Re-roll", REROLL_EMOJI, custom_id(Action.REROLL, job.id))
    if not job.status.is_final:
        return _row("Cancel", "✖️", custom_id(Action.CANCEL, job.id))
    return None


def _row(label: str, emoji: str, button_id: str) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button(label=label, emoji=emoji, custom_id=button_id, style=discord.ButtonStyle.secondary))
    view.stop()
    return view
