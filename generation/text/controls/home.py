"""What a member's own page says: their clips, what is left to them, and what admins see there."""

from collections.abc import Sequence
from typing import Final

from generation.domain.job import Job
from generation.domain.pricing import money
from generation.domain.refs import UserRef
from generation.protocol.messages import mark
from generation.protocol.progress import Progress
from generation.rules.money.spending import Spending
from generation.text.clips import bar_words, left_words, progress_words, state_words
from generation.text.dialect import Dialect, Markup
from generation.text.lists import GO_THERE, NO_PROMPT

UNDER_WAY: Final = mark("Under way")
HISTORY: Final = mark("Your last clips")
QUOTA: Final = mark("What is left to you")
CHOICES: Final = mark("Your choices")
ADMINS: Final = mark("For admins")
REFRESH: Final = mark("Refresh")
WHO_USED: Final = mark("Who used what")
CHANGE_LIMITS: Final = mark("Change limits")
MY_DEFAULTS: Final = mark("My defaults")
CHANGE_DEFAULTS: Final = mark("Change my defaults")
SAVE: Final = mark("Save")
_WHERE: Final = mark("in {channel}")
_PROMPT_ROOM: Final = 300
_MOST_MEMBERS: Final = 20


def as_of_words(when: Markup, d: Dialect) -> Markup:
    """How old the page is."""
    return d.gettext("As of {when}", when=when)


def nothing_under_way_words(d: Dialect) -> Markup:
    """Instead of clips under way."""
    return d.gettext("Nothing of yours is under way.")


def no_clips_words(d: Dialect) -> Markup:
    """Instead of a history."""
    return d.gettext("Your clips appear here, with their buttons.")


def under_way_words(job: Job, progress: Progress, d: Dialect) -> Markup:
    """How far a clip is, and its prompt under it."""
    left = left_words(progress, d)
    said = [d.code(job.name), d.bold(progress_words(progress, d)), *([left] if left else [])]
    if drawn := bar_words(progress):
        said.insert(0, f"{d.code(drawn[0])} {drawn[1]}")
    where = d.gettext(_WHERE, channel=Markup(d.posted_in(job.channel)))
    return Markup(f"{' · '.join([*said, where])}\n{_prompt(job, d)}")


def ended_clip_words(job: Job, link: str | None, d: Dialect) -> Markup:
    """A clip that has ended: its prompt, how it ended and when, and where it is."""
    state = f"{d.bold(state_words(job, d))} {d.when(job.finished_at or job.created_at)}"
    parts = [
        Markup(d.code(job.name)),
        state,
        d.gettext(_WHERE, channel=Markup(d.posted_in(job.channel))),
    ]
    if link is not None:
        parts.append(d.link(link, d.gettext(GO_THERE)))
    return Markup(f"{_prompt(job, d)}\n{' · '.join(parts)}")


def who_used_lines(rows: Sequence[tuple[UserRef, Spending]], d: Dialect) -> list[Markup]:
    """What each member has used since the month began."""
    if not rows:
        return [d.gettext("Nobody has made a clip this month.")]
    title = Markup(d.bold(d.gettext("Used this month in this {place}")))
    lines = [
        d.ngettext(
            "{who}: {n} clip, {spent}",
            "{who}: {n} clips, {spent}",
            row.clips,
            who=d.who(member),
            spent=money(row.spent),
        )
        for member, row in rows[:_MOST_MEMBERS]
    ]
    listed = [title, *(Markup(f"{d.bullet}{line}") for line in lines)]
    left = len(rows) - _MOST_MEMBERS
    if left > 0:
        listed.append(d.ngettext("…and {n} more member.", "…and {n} more members.", left))
    return listed


def nothing_changed_words(d: Dialect) -> Markup:
    """After a form in which nothing was changed."""
    return d.gettext("Nothing was changed.")


def _prompt(job: Job, d: Dialect) -> Markup:
    if job.prompt_removed_at is not None:
        return d.gettext(NO_PROMPT)
    return Markup(d.quote(job.request.prompt, _PROMPT_ROOM))
