"""The layout of a job's message: content, one attachment, one row of buttons, and no mention that
pings."""

from collections.abc import Sequence
from typing import Final

import discord

from adapters.discord.ids import custom_id
from adapters.discord.text.markup import DISCORD
from generation.domain.clip_actions import ButtonPlace, ClipAction, offered
from generation.domain.job import Job
from generation.domain.refs import Platform
from generation.text.controls.actions import look_of
from generation.text.notices import NoticeButton

REROLL_EMOJI: Final = "🔁"
NO_MENTIONS: Final = discord.AllowedMentions.none()
_WITH_WORDS: Final = frozenset({ClipAction.REROLL, ClipAction.RETRY, ClipAction.CANCEL})


def buttons(job: Job) -> discord.ui.View | None:
    """What can be done with a clip in the state it is in; None for a deleted one.

    The view is stopped: discord.py then keeps nothing of it, and ``handlers.clips`` handles the
    press by its custom_id.
    """
    return _offered(job, ButtonPlace.ROW)


def settings_buttons(job: Job) -> discord.ui.View | None:
    """What ⚙️ offers besides."""
    return _offered(job, ButtonPlace.SETTINGS, with_words=True)


def reroll_button(job: Job) -> discord.ui.View | None:
    """🔁 alone, for a clip that is shown no more."""
    return _view([_button(ClipAction.REROLL, job, with_words=True)])


def _offered(job: Job, place: ButtonPlace, *, with_words: bool = False) -> discord.ui.View | None:
    actions = offered(job, place, Platform.DISCORD)
    return _view([_button(action, job, with_words=with_words) for action in actions])


def _button(
    action: ClipAction, job: Job, *, with_words: bool
) -> discord.ui.Button[discord.ui.View]:
    look = look_of(action, job, DISCORD)
    return discord.ui.Button(
        # five icons are a row that fits a phone
        label=look.label if with_words or action in _WITH_WORDS else None,
        emoji=look.emoji,
        custom_id=custom_id(action, job.id),
        style=discord.ButtonStyle.secondary,
    )


def notice_buttons(asked: Sequence[NoticeButton]) -> discord.ui.View | None:
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
            for each in asked
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
