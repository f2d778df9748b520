"""What members read about many clips, about one, and about what they may still make: for their eyes only."""

from collections.abc import Sequence
from typing import Final

from adapters.slack.text import dated, escape, escaped_within, moment, user_mention
from adapters.slack.values import Content
from generation.clip_words import excerpt, settings_words
from generation.job import Job, JobStatus
from generation.limit_words import limit_words
from generation.limits import LimitName
from generation.places import UserRef
from generation.service import Quota
from generation.wording import failure_sentence, limit_label

MOST_LISTED: Final = 15
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


def queue_content(jobs: Sequence[Job], reader: UserRef, backends: Sequence[str] = ()) -> Content:
    """A workspace's jobs under way, oldest first; of others' only who asked, for prompts stay in their channels.

    ``backends`` are sentences about backends in trouble.
    """
    head = [f":warning: {escape(line)}" for line in backends]
    if not jobs:
        return Content("\n".join([*head, "Nothing is under way. Type `/animate` and what you want to see."]))
    lines = [f"{number}. {_queued_line(job, reader)}" for number, job in enumerate(jobs[:MOST_LISTED], start=1)]
    if len(jobs) > MOST_LISTED:
        lines.append("… and more after these.")
    return Content("\n".join([*head, "*Under way in this workspace*", *lines]))


def history_content(jobs: Sequence[Job]) -> Content:
    """A member's own jobs, newest first."""
    if not jobs:
        return Content("You have not asked for a clip yet. Type `/animate` and what you want to see.")
    lines = [f"• {_prompt(job)} — {_STATUS_WORDS[job.status]} · {_when(job)} · `{job.id}`" for job in jobs]
    return Content("\n".join(["*Your last clips*", *lines, "`/flipbook show ID` shows one of them."]))


def job_content(job: Job, *, link: str | None, comes_again: bool) -> Content:
    """Everything about one job, and where its clip is."""
    lines = [
        f"*{_STATUS_WORDS[job.status].capitalize()}* · {_when(job)} · for {user_mention(job.requested_by.id)}",
        escaped_within(excerpt(job.request.prompt, 1_500), 2_500),
        escape(settings_words(job.request)),
    ]
    if job.failure is not None:
        lines.append(escape(failure_sentence(job.failure)))
    if link is not None:
        lines.append(f"<{escape(link)}|Go to its message>")
    if comes_again:
        lines.append("I am sending you the clip in a direct message.")
    return Content("\n".join(lines))


def quota_content(quota: Quota) -> Content:
    """What is used of what is allowed."""
    usage, limits = quota.usage, quota.limits
    used = {
        LimitName.USER_CLIPS_PER_DAY: usage.user_clips_today,
        LimitName.USER_ACTIVE_JOBS: usage.user_active_jobs,
        LimitName.SERVER_CLIPS_PER_DAY: usage.server_clips_today,
        LimitName.SERVER_ACTIVE_JOBS: usage.server_active_jobs,
    }
    lines = [f"• {limit_label(name)}: {count:,} of {limit_words(limits, name)}" for name, count in used.items()]
    sizes = f"{limit_words(limits, LimitName.MAX_FRAMES)} frames, {limit_words(limits, LimitName.MAX_STEPS)} steps"
    lines.append(f"• at most {sizes}, {limit_words(limits, LimitName.MAX_PIXELS)} pixels a frame")
    lines.append(dated(f"Daily counts start again {moment(usage.resets_at)}."))
    return Content("\n".join(["*Your quota*", *lines]))


def _queued_line(job: Job, reader: UserRef) -> str:
    who = f"{_STATUS_WORDS[job.status]} · for {user_mention(job.requested_by.id)}"
    return f"{_prompt(job)} — {who} · `{job.id}`" if job.requested_by == reader else who


def _prompt(job: Job) -> str:
    return escape(excerpt(job.request.prompt, _PROMPT_SHOWN))


def _when(job: Job) -> str:
    return dated(moment(job.created_at))
