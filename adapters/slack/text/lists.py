"""What the ``/flipbook`` commands show to one member: the queue, a member's clips and quota, a
workspace's limits and rules."""

from collections.abc import Sequence
from typing import Final

from adapters.slack.models import SlackContent
from adapters.slack.text.markup import (
    channel_mention,
    dated,
    escape,
    escaped_within,
    moment,
    user_mention,
)
from generation.domain.audit import AuditEntry
from generation.domain.job import Job, JobStatus
from generation.domain.limits import LimitName, Limits
from generation.domain.policy import Policy
from generation.domain.refs import UserRef
from generation.service import Quota
from generation.text.clips import excerpt, settings_words
from generation.text.errors import failure_sentence, limit_label
from generation.text.limits import limit_words

MOST_LISTED: Final = 15
MOST_AUDITED: Final = 10
_MOST_NAMED: Final = 50
_PROMPT_SHOWN: Final = 60
_STATUS_WORDS: Final = {
    JobStatus.PENDING: "waiting",
    JobStatus.SUBMITTING: "being submitted",
    JobStatus.QUEUED: "queued",
    JobStatus.RUNNING: "rendering",
    JobStatus.SUCCEEDED: "done",
    JobStatus.FAILED: "no clip",
    JobStatus.CANCELLED: "cancelled",
}


def queue_content(
    jobs: Sequence[Job], reader: UserRef, backends: Sequence[str] = ()
) -> SlackContent:
    """A workspace's jobs under way, oldest first. Prompts are shown to their authors only, because
    they may come from channels that the reader cannot see.

    ``backends`` are sentences about backends in trouble.
    """
    head = [f":warning: {escape(line)}" for line in backends]
    if not jobs:
        return SlackContent(
            "\n".join([*head, "Nothing is under way. Type `/animate` and what you want to see."])
        )
    lines = [
        f"{number}. {_queued_line(job, reader)}"
        for number, job in enumerate(jobs[:MOST_LISTED], start=1)
    ]
    if len(jobs) > MOST_LISTED:
        lines.append("… and more after these.")
    return SlackContent("\n".join([*head, "*Under way in this workspace*", *lines]))


def history_content(jobs: Sequence[Job]) -> SlackContent:
    """A member's own jobs, newest first."""
    if not jobs:
        return SlackContent(
            "You have not asked for a clip yet. Type `/animate` and what you want to see."
        )
    lines = [
        f"• {_prompt(job)} — {_STATUS_WORDS[job.status]} · {_when(job)} · `{job.id}`"
        for job in jobs
    ]
    return SlackContent(
        "\n".join(["*Your last clips*", *lines, "`/flipbook show ID` shows one of them."])
    )


def job_content(job: Job, *, link: str | None, comes_again: bool, again: str) -> SlackContent:
    """One job, and where its clip is; ``comes_again``: it is being delivered again, ``again`` the
    command that asks for the same clip."""
    lines = [
        (
            f"*{_STATUS_WORDS[job.status].capitalize()}* · {_when(job)} · for "
            f"{user_mention(job.requested_by.id)}"
        ),
        # escaping makes a text up to five times as long
        escaped_within(excerpt(job.request.prompt, 1_500), 2_500),
        escape(settings_words(job.request)),
        # a backtick would end the code
        f"Ask for the same again: `{escaped_within(again.replace('`', chr(39)), 3_000)}`",
    ]
    if job.failure is not None:
        lines.append(escape(failure_sentence(job.failure)))
    if link is not None:
        lines.append(f"<{escape(link)}|Go to its message>")
    if comes_again:
        lines.append("I am sending you the clip in a direct message.")
    return SlackContent("\n".join(lines))


def quota_content(quota: Quota) -> SlackContent:
    """What a member and the workspace have used of their limits."""
    usage, limits = quota.usage, quota.limits
    used = {
        LimitName.USER_CLIPS_PER_DAY: usage.user_clips_today,
        LimitName.USER_ACTIVE_JOBS: usage.user_active_jobs,
        LimitName.SERVER_CLIPS_PER_DAY: usage.server_clips_today,
        LimitName.SERVER_ACTIVE_JOBS: usage.server_active_jobs,
    }
    lines = [
        f"• {limit_label(name)}: {count:,} of {limit_words(limits, name)}"
        for name, count in used.items()
    ]
    sizes = (
        f"{limit_words(limits, LimitName.MAX_FRAMES)} frames, "
        f"{limit_words(limits, LimitName.MAX_STEPS)} steps"
    )
    lines.append(f"• at most {sizes}, {limit_words(limits, LimitName.MAX_PIXELS)} pixels a frame")
    lines.append(dated(f"Daily counts start again {moment(usage.resets_at)}."))
    return SlackContent("\n".join(["*Your quota*", *lines]))


def limits_content(limits: Limits, *, changed: LimitName | None = None) -> SlackContent:
    """The limits in force."""
    title = "*Limits of this workspace*"
    if changed is not None:
        title = (
            f"*{limit_label(changed).capitalize()}: {escape(limit_words(limits, changed))} "
            "from now on*"
        )
    lines = [
        f"• `{name.value}` {escape(limit_words(limits, name))} — {limit_label(name)}"
        for name in LimitName
    ]
    return SlackContent("\n".join([title, *lines]))


def policy_content(policy: Policy) -> SlackContent:
    """Where the bot answers, and which members and words are blocked."""
    channels = (
        _listed([channel_mention(each) for each in sorted(policy.channels)])
        or "every channel it is in"
    )
    users = _listed([user_mention(each) for each in sorted(policy.blocked_users)]) or "nobody"
    terms = _listed([f"“{escape(each)}”" for each in sorted(policy.blocked_terms)]) or "none"
    return SlackContent(
        f"*Rules of this workspace*\n• answers in: {channels}\n• blocked: {users}\n• blocked "
        f"words: {terms}"
    )


def audit_content(entries: Sequence[AuditEntry]) -> SlackContent:
    """Who changed what, newest first."""
    if not entries:
        return SlackContent("Nobody has changed anything yet.")
    return SlackContent("\n".join(["*The last changes*", *(_audited(entry) for entry in entries)]))


def _queued_line(job: Job, reader: UserRef) -> str:
    who = f"{_STATUS_WORDS[job.status]} · for {user_mention(job.requested_by.id)}"
    return f"{_prompt(job)} — {who} · `{job.id}`" if job.requested_by == reader else who


def _prompt(job: Job) -> str:
    return escape(excerpt(job.request.prompt, _PROMPT_SHOWN))


def _when(job: Job) -> str:
    return dated(moment(job.created_at))


def _audited(entry: AuditEntry) -> str:
    change = f"`{escape(_short(entry.before))}` → `{escape(_short(entry.after))}`"
    return (
        f"• {dated(moment(entry.at))} · {user_mention(entry.by.id)} · {escape(entry.what)}: "
        f"{change}"
    )


def _short(text: str) -> str:
    # shown as code, which a backtick would end
    return excerpt(text.replace("`", "'"), 120)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
