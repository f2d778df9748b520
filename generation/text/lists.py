"""The lists that the private commands show in every chat, as lines: a queue, a history, one job."""

from collections.abc import Sequence
from typing import Final

from generation.domain.gallery import HistoryPage, JobUnderWay
from generation.domain.job import Job
from generation.domain.refs import UserRef
from generation.protocol.messages import mark
from generation.protocol.progress import Phase, Progress
from generation.rules.audit import AuditEntry
from generation.text.audit import audit_words
from generation.text.clips import (
    left_words,
    negative_words,
    progress_words,
    settings_words,
    state_words,
    status_words,
)
from generation.text.dialect import Dialect, Markup, excerpt
from generation.text.errors import failure_sentence
from generation.text.forms.choices import defaults_words
from generation.text.forms.styles import style_words

_PROMPT_ROOM: Final = 70
_LONG_PROMPT_ROOM: Final = 1_000
MORE: Final = mark("…and more.")
GO_THERE: Final = mark("Go to its message")
NO_PROMPT: Final = mark("Its prompt is no longer kept.")
NEWER: Final = mark("Newer")
OLDER: Final = mark("Older")
CHOOSE: Final = mark("Choose a clip to see it and its buttons")


def queue_lines(
    jobs: Sequence[JobUnderWay], viewer: UserRef, backends: Sequence[str], d: Dialect
) -> list[Markup]:
    """What is said around the jobs under way, and a line for each of them, oldest first, with
    prompts of the viewer's own only: others may be in channels that the viewer cannot see.
    ``backends`` are sentences about backends in trouble."""
    head = queue_head(jobs, backends, d)
    return [*head, *(queue_line(each, number, viewer, d) for number, each in enumerate(jobs, 1))]


def queue_head(jobs: Sequence[JobUnderWay], backends: Sequence[str], d: Dialect) -> list[Markup]:
    """What is said before the jobs under way."""
    head = [Markup(f"⚠️ {d.escape(line)}") for line in backends]
    if not jobs:
        return [*head, d.gettext("Nothing is under way in this {place}."), _how(d)]
    return [*head, Markup(d.bold(d.gettext("Under way in this {place}")))]


def queue_line(found: JobUnderWay, number: int, viewer: UserRef, d: Dialect) -> Markup:
    """One job under way: how far it is, and of the viewer's own what it is and when its clip is
    expected."""
    job = found.job
    parts = [_how_far(found, d), job.request.endpoint.label, d.who(job.requested_by)]
    if job.requested_by == viewer:
        prompt = d.quote(job.request.prompt, _PROMPT_ROOM)
        parts += [d.posted_in(job.channel), prompt]
    if job.requested_by == viewer or found.may_cancel:
        parts.append(Markup(d.code(job.name)))
    return Markup(f"{number}. {' · '.join(parts)}")


def history_head(page: HistoryPage, d: Dialect) -> list[Markup]:
    """What is said before a page of a member's own clips."""
    if not page.shown:
        return [d.gettext("You have made no clips in this {place} yet."), _how(d)]
    return [Markup(d.bold(d.gettext("Your clips in this {place}")))]


def history_line(job: Job, link: str | None, d: Dialect) -> Markup:
    """One of a member's own clips, with a link to the message that shows it."""
    when = d.when(job.finished_at or job.created_at)
    parts = [d.code(job.name), _short_prompt(job, d), f"{state_words(job, d)} {when}"]
    if link is not None:
        parts.append(d.link(link, d.gettext(GO_THERE)))
    return Markup(" · ".join(parts))


def clip_choice(job: Job, room: int, d: Dialect) -> Markup:
    """A clip in a list to choose from: ``#1042 a paper boat on…``, without markup."""
    is_gone = job.prompt_removed_at is not None
    prompt = d.gettext(NO_PROMPT) if is_gone else job.request.prompt
    return Markup(excerpt(f"{job.name} {prompt}", room))


def detail_lines(job: Job, d: Dialect) -> list[Markup]:
    """Everything about one job."""
    asked = d.gettext(
        "{status}, asked for by {who} {when}",
        status=Markup(d.bold(state_words(job, d))),
        who=d.who(job.requested_by),
        when=Markup(d.when(job.created_at)),
    )
    # why comes before what was asked
    why = [failure_sentence(job.failure, d)] if job.failure is not None else []
    without = negative_words(job.request, d)
    facts = [settings_words(job.request, d), *style_words(job, d), *defaults_words(job, d)]
    facts.append(Markup(d.code(job.name)))
    return [
        asked,
        *why,
        _prompt_line(job, d),
        *([without] if without else []),
        Markup(" · ".join(facts)),
    ]


def _prompt_line(job: Job, d: Dialect) -> Markup:
    if job.prompt_removed_at is not None:
        return d.gettext(NO_PROMPT)
    return Markup(f"> {d.quote(job.request.prompt, _LONG_PROMPT_ROOM)}")


def audit_list(entries: Sequence[AuditEntry], d: Dialect) -> list[Markup]:
    """The changes of limits and rules, newest first."""
    if not entries:
        return [d.gettext("Nothing has been changed in this {place} yet.")]
    title = Markup(d.bold(d.gettext("Changes in this {place}")))
    return [title, *(Markup(f"{d.bullet}{audit_words(entry, d)}") for entry in entries)]


def _how_far(found: JobUnderWay, d: Dialect) -> Markup:
    progress = found.progress
    # where the line knows nothing of it, its status says more
    if progress is None or progress == Progress(Phase.QUEUED):
        return status_words(found.job.status, d)
    left = left_words(progress, d)
    return Markup(", ".join([progress_words(progress, d), *([left] if left else [])]))


def _short_prompt(job: Job, d: Dialect) -> Markup:
    if job.prompt_removed_at is not None:
        return d.gettext(NO_PROMPT)
    return Markup(d.quote(job.request.prompt, _PROMPT_ROOM))


def _how(d: Dialect) -> Markup:
    return d.gettext("Type {command} and what you want to see.", command=Markup(d.code("/animate")))
