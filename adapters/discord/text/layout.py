"""The layout of a job's message: content, one attachment, one row of buttons, and no mention that
pings."""

from typing import Final

import discord

from adapters.discord.ids import ButtonAction, custom_id
from generation.domain.job import Job, JobStatus

REROLL_EMOJI: Final = "🔁"
NO_MENTIONS: Final = discord.AllowedMentions.none()


def buttons(job: Job) -> discord.ui.View | None:
    """🔁 for a finished clip, ✖ for one under way, None for others.

    The view is stopped: discord.py then keeps nothing of it, and ``handlers.buttons`` handles the
    press by its custom_id.
    """
    if job.status is JobStatus.SUCCEEDED:
        return _row("Re-roll", REROLL_EMOJI, custom_id(ButtonAction.REROLL, job.id))
    if not job.status.is_final:
        return _row("Cancel", "✖️", custom_id(ButtonAction.CANCEL, job.id))
    # failed or cancelled: there is no clip to make again
    return None


def _row(label: str, emoji: str, button_id: str) -> discord.ui.View:
    # without a timeout, and stopped: a view in discord.py's memory would not survive a restart
    view = discord.ui.View(timeout=None)
    view.add_item(
        discord.ui.Button(
            label=label, emoji=emoji, custom_id=button_id, style=discord.ButtonStyle.secondary
        )
    )
    view.stop()
    return view
