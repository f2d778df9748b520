"""The layout of a job's message: content, one attachment, one row of buttons, and no mention that
pings."""

from collections.abc import Sequence
from typing import Final

import discord

from adapters.discord.ids import ButtonAction, custom_id
from generation.domain.job import Job, JobStatus
from generation.text.notices import NoticeButton

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


def notice_buttons(offered: Sequence[NoticeButton]) -> discord.ui.View | None:
    """The buttons under a notice; None without any."""
    return _view(
        [
            discord.ui.Button(
                label=each.label,
                custom_id=each.id,
                style=discord.ButtonStyle.danger
                if each.is_dangerous
                else discord.ButtonStyle.secondary,
            )
            for each in offered
        ]
    )


def _row(label: str, emoji: str, button_id: str) -> discord.ui.View | None:
    return _view(
        [
            discord.ui.Button(
                label=label, emoji=emoji, custom_id=button_id, style=discord.ButtonStyle.secondary
            )
        ]
    )


def _view(items: Sequence[discord.ui.Button[discord.ui.View]]) -> discord.ui.View | None:
    if not items:
        return None
    # without a timeout, and stopped: a view in discord.py's memory would not survive a restart
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()
    return view
