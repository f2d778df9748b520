"""What the private commands show: a server's queue, a member's clips and quota, a server's limits
and policy."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from adapters.discord.refs import posting_id
from adapters.discord.text.markup import escaped, quoted, relative_moment
from adapters.discord.text.render import MAX_CONTENT
from generation.domain.audit import AuditEntry
from generation.domain.job import Job, JobStatus
from generation.domain.limits import LimitName, Limits
from generation.domain.policy import Policy
from generation.domain.pricing import dollars
from generation.domain.refs import UserRef
from generation.service import Quota
from generation.text.clips import settings_words
from generation.text.errors import failure_sentence, limit_label
from generation.text.limits import limit_words

_PROMPT_ROOM: Final = 70
_TERM_ROOM: Final = 60
_CHANGE_ROOM: Final = 150
_MORE: Final = "…and more."
_STATUS_WORDS: Final = {
    JobStatus.PENDING: "waiting",
    JobStatus.SUBMITTING: "on its way to the backend",
    JobStatus.QUEUED: "queued",
    JobStatus.RUNNING: "rendering",
    JobStatus.SUCCEEDED: "finished",
    JobStatus.FAILED: "failed",
    JobStatus.CANCELLED: "cancelled",
}


def queue(jobs: Sequence[Job], viewer: UserRef, backends: Sequence[str] = ()) -> str:
    """A server's clips under way, with prompts and ids of the viewer's own only: others may be in
    channels that the viewer cannot see.

    ``backends`` are sentences about backends in trouble.
    """
    head = [f"⚠️ {escaped(line)}" for line in backends]
    if not jobs:
        return _fitting(
            [*head, "Nothing is under way in this server. `/animate` starts something."]
        )
    lines = (_queue_line(n, job, viewer) for n, job in enumerate(jobs, 1))
    return _fitting([*head, "**Under way in this server**", *lines])


def history(jobs: Sequence[Job]) -> str:
    """A member's own last clips."""
    if not jobs:
        return "You have made no clips in this server yet. `/animate` makes the first."
    return _fitting(["**Your last clips here**", *(_history_line(job) for job in jobs)])


def details(job: Job) -> str:
    """A job that has no clip yet, or never will."""
    lines = [
        (
            f"**{_STATUS_WORDS[job.status].capitalize()}**, asked "
            f"{relative_moment(job.created_at)} by <@{job.requested_by.id}>"
        ),
        f"> {quoted(job.request.prompt, 1000)}",
        f"-# {settings_words(job.request)} · `{job.id}`",
    ]
    # why comes before what was asked
    if job.failure is not None:
        lines.insert(1, failure_sentence(job.failure))
    return "\n".join(lines)


def quota(found: Quota) -> str:
    """A member's and the server's usage beside the limits, and when the day starts again."""
    limits, usage, budget = found.limits, found.usage, LimitName.SERVER_BUDGET_PER_DAY
    allowed = partial(limit_words, limits)
    lines = [
        (
            f"Your clips today: **{usage.user_clips_today}** of "
            f"{allowed(LimitName.USER_CLIPS_PER_DAY)}"
        ),
        f"Your clips under way: **{usage.user_active_jobs}** of {limits.user_active_jobs}",
        (
            f"This server's clips today: **{usage.server_clips_today}** of "
            f"{allowed(LimitName.SERVER_CLIPS_PER_DAY)}"
        ),
        (
            f"This server's clips under way: **{usage.server_active_jobs}** of "
            f"{limits.server_active_jobs}"
        ),
        (
            f"This server's spending today: **{dollars(usage.server_spent_today)}** of "
            f"{allowed(budget)}"
        ),
        f"The day starts again {relative_moment(usage.resets_at)}.",
    ]
    return "\n".join(lines)


def limits_list(limits: Limits) -> str:
    """All limits of a server."""
    lines = (f"- {limit_label(name)}: **{limit_words(limits, name)}**" for name in LimitName)
    return "\n".join(["**Limits of this server**", *lines])


def changed_limit(limits: Limits, name: LimitName) -> str:
    """One limit, after it was changed."""
    return f"From now on: {limit_label(name)}: **{limit_words(limits, name)}**."


def policy_list(policy: Policy) -> str:
    """The channels that the bot answers in, and the members and terms that it refuses."""
    channels = ", ".join(f"<#{channel}>" for channel in sorted(policy.channels)) or "every channel"
    members = ", ".join(f"<@{user}>" for user in sorted(policy.blocked_users)) or "nobody"
    terms = (
        ", ".join(f"“{quoted(term, _TERM_ROOM)}”" for term in sorted(policy.blocked_terms))
        or "none"
    )
    return _cut(f"Channels: {channels}\nBlocked members: {members}\nBlocked terms: {terms}")


def audit(entries: Sequence[AuditEntry]) -> str:
    """The changes of a server's limits and policy, newest first."""
    if not entries:
        return "Nothing has been changed in this server yet."
    return _fitting(["**Changes in this server**", *(_audit_line(entry) for entry in entries)])


def _queue_line(number: int, job: Job, viewer: UserRef) -> str:
    line = (
        f"{number}. {_STATUS_WORDS[job.status]} · {job.request.endpoint.label} · "
        f"<@{job.requested_by.id}>"
    )
    if job.requested_by != viewer:
        return line
    return (
        f"{line} in <#{posting_id(job.channel)}> · "
        f"{quoted(job.request.prompt, _PROMPT_ROOM)} · `{job.id}`"
    )


def _history_line(job: Job) -> str:
    words = f"{_STATUS_WORDS[job.status]} {relative_moment(job.finished_at or job.created_at)}"
    return f"- {quoted(job.request.prompt, _PROMPT_ROOM)} · {words} · `{job.id}`"


def _audit_line(entry: AuditEntry) -> str:
    # cut before escaping, so that no escape is cut in two; the values are JSON of any length
    change = escaped(f"{entry.before[:_CHANGE_ROOM]} → {entry.after[:_CHANGE_ROOM]}")
    return f"- {relative_moment(entry.at)} <@{entry.by.id}> {entry.what}: {change}"


def _fitting(lines: Iterable[str]) -> str:
    """As many lines as fit into a message."""
    text = ""
    for line in lines:
        longer = f"{text}\n{line}" if text else line
        # room for the last line, which says that there are more
        if len(longer) + len(_MORE) + 1 > MAX_CONTENT:
            return f"{text}\n{_MORE}"
        text = longer
    return text


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CONTENT else text[: MAX_CONTENT - 1] + "…"
