"""The layout of a job's message: content, one attachment, one row of buttons, and no mention that
pings."""

from collections.abc import Sequence
from itertools import islice
from typing import Final

import discord

from adapters.discord.ids import CHOOSE_ID, Side, custom_id, page_id
from adapters.discord.text.markup import DISCORD
from generation.domain.clip_actions import ButtonPlace, ClipAction, offered
from generation.domain.gallery import HistoryPage, JobUnderWay
from generation.domain.job import Job
from generation.domain.refs import Platform
from generation.text import lists
from generation.text.clips import state_words
from generation.text.controls.actions import look_of
from generation.text.notices import NoticeButton

REROLL_EMOJI: Final = "🔁"
NO_MENTIONS: Final = discord.AllowedMentions.none()
_MOST_BUTTONS: Final = 25
"""Five rows of five are what a message takes."""
_OPTION_ROOM: Final = 100
_WITH_WORDS: Final = frozenset(
    {ClipAction.REROLL, ClipAction.RETRY, ClipAction.CANCEL, ClipAction.SHOW}
)


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


def clip_buttons(job: Job) -> discord.ui.View | None:
    """All that can be done with a clip that was chosen from a list."""
    actions = (action for place in ButtonPlace for action in offered(job, place, Platform.DISCORD))
    return _view([_button(action, job, with_words=True) for action in actions])


def cancel_buttons(jobs: Sequence[JobUnderWay]) -> discord.ui.View | None:
    """✖️ for each job that the member may cancel, as many as a message takes."""
    look = (each.job for each in jobs if each.may_cancel)
    return _view([_cancel_button(job) for job in islice(look, _MOST_BUTTONS)])


def history_controls(page: HistoryPage) -> discord.ui.View | None:
    """The list to choose a clip of the page from, and the ways to the pages beside it."""
    if not page.shown:
        return None
    select: discord.ui.Select[discord.ui.View] = discord.ui.Select(
        custom_id=CHOOSE_ID,
        placeholder=DISCORD.gettext(lists.CHOOSE),
        options=[
            discord.SelectOption(
                label=lists.clip_choice(each.job, _OPTION_ROOM, DISCORD),
                value=each.job.id,
                description=state_words(each.job),
            )
            for each in page.shown
        ],
    )
    ways = [
        discord.ui.Button[discord.ui.View](
            label=DISCORD.gettext(label),
            emoji=emoji,
            custom_id=page_id(side, beside),
            style=discord.ButtonStyle.secondary,
        )
        for side, beside, emoji, label in (
            (Side.NEWER, page.newer_than, "◀️", lists.NEWER),
            (Side.OLDER, page.older_than, "▶️", lists.OLDER),
        )
        if beside is not None
    ]
    return _view([select, *ways])


def _cancel_button(job: Job) -> discord.ui.Button[discord.ui.View]:
    look = look_of(ClipAction.CANCEL, job, DISCORD)
    return discord.ui.Button(
        # the number tells which of them
        label=job.name,
        emoji=look.emoji,
        custom_id=custom_id(ClipAction.CANCEL, job.id),
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


def _view(items: Sequence[discord.ui.Item[discord.ui.View]]) -> discord.ui.View | None:
    if not items:
        return None
    # without a timeout, and stopped: a view in discord.py's memory would not survive a restart
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()
    return view
