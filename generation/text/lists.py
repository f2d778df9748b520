"""The lists that the private commands show in every chat, as lines: a queue, a history, one job."""

from collections.abc import Sequence
from typing import Final

from generation.domain.job import Job
from generation.domain.refs import UserRef
from generation.protocol.messages import mark
from generation.rules.audit import AuditEntry
from generation.text.audit import audit_words
from generation.text.clips import negative_words, settings_words, state_words, status_words
from generation.text.dialect import Dialect, Markup
from generation.text.errors import failure_sentence
from generation.text.forms.styles import style_words

_PROMPT_ROOM: Final = 70
_LONG_PROMPT_ROOM: Final = 1_000
MORE: Final = mark("…and more.")
GO_THERE: Final = mark("Go to its message")
NO_PROMPT: Final = mark("Its prompt is no longer kept.")


def queue_lines(
    jobs: Sequence[Job], viewer: UserRef, backends: Sequence[str], d: Dialect
) -> list[Markup]:
    """The jobs under way, oldest first, with prompts and ids of the viewer's own only: others may
    be in channels that the viewer cannot see. ``backends`` are sentences about backends in
    trouble."""
    head = [Markup(f"⚠️ {d.escape(line)}") for line in backends]
    if not jobs:
        return [*head, d.gettext("Nothing is under way in this {place}."), _how(d)]
    title = Markup(d.bold(d.gettext("Under way in this {place}")))
    lines = (
        Markup(f"{number}. {_queue_line(job, viewer, d)}") for number, job in enumerate(jobs, 1)
    )
    return [*head, title, *lines]


def history_lines(jobs: Sequence[Job], d: Dialect) -> list[Markup]:
    """A member's own last clips."""
    if not jobs:
        return [d.gettext("You have made no clips in this {place} yet."), _how(d)]
    return [
        Markup(d.bold(d.gettext("Your last clips in this {place}"))),
        *(_history_line(job, d) for job in jobs),
    ]


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
    return [
        asked,
        *why,
        _prompt_line(job, d),
        *([without] if without else []),
        Markup(" · ".join([settings_words(job.request, d), *style_words(job, d), d.code(job.id)])),
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


def _queue_line(job: Job, viewer: UserRef, d: Dialect) -> str:
    parts = [status_words(job.status, d), job.request.endpoint.label, d.who(job.requested_by)]
    if job.requested_by == viewer:
        prompt = d.quote(job.request.prompt, _PROMPT_ROOM)
        parts += [d.posted_in(job.channel), prompt, d.code(job.id)]
    return " · ".join(parts)


def _history_line(job: Job, d: Dialect) -> Markup:
    when = d.when(job.finished_at or job.created_at)
    prompt = d.quote(job.request.prompt, _PROMPT_ROOM)
    return Markup(f"{d.bullet}{prompt} · {state_words(job, d)} {when} · {d.code(job.id)}")


def _how(d: Dialect) -> Markup:
    return d.gettext("Type {command} and what you want to see.", command=Markup(d.code("/animate")))
