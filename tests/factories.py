"""Ordinary objects of the core with defaults, so that a test names only what it is about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

from generation.domain.delivery import Answer, Delivery
from generation.domain.gallery import HistoryPage, JobUnderWay, ShownJob
from generation.domain.job import Artifact, Failure, FailureKind, Job, JobId, JobStatus, RequestHandle
from generation.domain.notice import Audience, Notice, NoticeKind
from generation.domain.pricing import Micros
from generation.domain.refs import ChannelRef, MessageRef, Platform, ServerRef, UserRef
from generation.domain.style import PromptStyle
from generation.ports import Lease
from generation.protocol.progress import Phase, Progress, Steps
from generation.protocol.request import Endpoint, GenerationRequest
from generation.rules.audit import AuditEntry
from generation.rules.ledger import Entry, reserve

NOW: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
"""When everything happens unless the test says otherwise."""

_numbers = count(1)


def later(**distance: float) -> datetime:
    """A moment after NOW: ``later(minutes=5)``; negative for before."""
    return NOW + timedelta(**distance)


def a_server(server_id: str = "9001", platform: Platform = Platform.DISCORD) -> ServerRef:
    """A Discord guild."""
    return ServerRef(platform, server_id)


def a_user(user_id: str = "7001", platform: Platform = Platform.DISCORD) -> UserRef:
    """A member."""
    return UserRef(platform, user_id)


def a_channel(channel_id: str = "5001", *, server: ServerRef | None = None, thread: str | None = None) -> ChannelRef:
    """A channel of the usual server."""
    return ChannelRef(server or a_server(), channel_id, thread)


def a_message(message_id: str = "3001", *, channel: ChannelRef | None = None) -> MessageRef:
    """A message in the usual channel."""
    return MessageRef(channel or a_channel(), message_id)


def a_request(**changes: Any) -> GenerationRequest:
    """A paper boat with every default and seed 42."""
    return GenerationRequest.model_validate({"prompt": "a paper boat on a stormy sea", "seed": 42} | changes)


def a_job(**changes: Any) -> Job:
    """A new job with an id and an origin of its own; ``changes`` are fields of Job."""
    number = next(_numbers)
    fields = {
        "id": JobId(f"{number:024x}"),
        "request": a_request(),
        "requested_by": a_user(),
        "channel": a_channel(),
        "origin": f"interaction:{number}",
        "created_at": NOW,
        "reserved": Micros(40_000),
    }
    return Job(**(fields | changes))


def a_handle(job: Job, **changes: Any) -> RequestHandle:
    """Where the job's last submission is to be found."""
    fields = {
        "backend": job.backend or "fal",
        "endpoint": job.request.endpoint,
        "request_id": f"request-{job.id}",
        "attempt": job.attempt,
    }
    return RequestHandle(**(fields | changes))


PASTED = {
    "a fox <lora:add_detail:0.8>": "LoRA and embedding tags",
    "a fox BREAK snow": "BREAK",
    "a [red|blue] fox": "all but the first of [a|b]",
    "a [fox:cat:0.5]": "the change in [a:b:0.5]",
    "a fox, embedding:easynegative": "LoRA and embedding tags",
}
"""Other programs' syntax, and how the message names what of it the clip is made without."""


def moved(job: Job, status: JobStatus, at: datetime = NOW) -> Job:
    """A new job, moved to the status step by step."""
    submitting = job.submitting("fal", at)
    match status:
        case JobStatus.PENDING:
            return job
        case JobStatus.SUBMITTING:
            return submitting
        case JobStatus.CANCELLED:
            return job.cancelled(at)
        case JobStatus.FAILED:
            return submitting.failed(Failure(FailureKind.OUTCOME_UNKNOWN, "the connection broke"), at)
        case _:
            return _accepted(submitting, status, at)


def _accepted(submitting: Job, status: JobStatus, at: datetime) -> Job:
    queued = submitting.queued(a_handle(submitting))
    if status is JobStatus.QUEUED:
        return queued
    running = queued.running(at)
    if status is JobStatus.RUNNING:
        return running
    return running.succeeded(Artifact(f"{running.id}.mp4", 123_456), running.reserved, at)


def a_full_job() -> Job:
    """A job with something other than the default in every field that can hold it, legal or not."""
    job = a_job(
        request=a_request(
            endpoint=Endpoint.TURBO,
            motions=("zoom-in", "pan-left"),
            video_size={"width": 640, "height": 360},
            guidance_scale=1.25,
            prompt="ein Boot ⛵ auf der See\nzweite Zeile",
        ),
        channel=a_channel(thread="1700000000.000100"),
        parent=JobId("f" * 24),
        parent_number=1041,
        number=1042,
        own_defaults=("video_size", "style"),
        servers_defaults=("fps",),
        not_before=later(seconds=7),
        waiting_for="the backend is busy",
        cancel_requested=True,
    )
    return replace(
        moved(job, JobStatus.SUCCEEDED, later(seconds=3.000001)),
        cost=Micros(41_234),
        failure=Failure(FailureKind.CONTENT, "a detail"),
        not_before=later(seconds=7),
        waiting_for="the backend is busy",
        engine="animatediff",
        avoided="worker",
        left=RequestHandle("worker", Endpoint.TURBO, "request-left", 1),
        style=PromptStyle(name="film", prefix="film still", negative_prompt="cartoon", video_size="square_hd"),
    )


def a_delivery(job: Job, **changes: Any) -> Delivery:
    """The delivery that a new job opens, in its channel; ``changes`` are fields of Delivery."""
    return replace(Delivery(job.id, job.channel, opened_at=job.created_at), **changes)


def an_answer(**changes: Any) -> Answer:
    """A first answer that can be reached for 14 minutes."""
    return replace(Answer("an-interaction-token", later(minutes=14)), **changes)


def a_lease(owner: str = "this-process", until: datetime | None = None) -> Lease:
    """Held for a minute, or until then."""
    return Lease(owner, NOW, ((until or later(minutes=1)) - NOW).total_seconds())


def an_entry(job: Job | None = None, **changes: Any) -> Entry:
    """The reservation of a job; ``changes`` are fields of Entry."""
    return replace(reserve(job or a_job(), NOW), **changes)


def an_audit_entry(**changes: Any) -> AuditEntry:
    """An admin's change of limits."""
    entry = AuditEntry(a_server(), a_user("7900"), NOW, "limits", before="user_clips_per_day=20", after="unlimited")
    return replace(entry, **changes)


def a_notice(key: str = "n1", **changes: Any) -> Notice:
    """A notice to the admins of the usual server; ``changes`` are fields of Notice."""
    details = {"channel": "5009", "reason": "the channel is gone"}
    notice = Notice(key, a_server(), Audience.LOG_CHANNEL, NoticeKind.LOG_CHANNEL_LOST, details, NOW)
    return replace(notice, **changes)


def under_way(*jobs: Job, may_cancel: bool = True) -> list[JobUnderWay]:
    """Jobs as the list of what is under way has them."""
    return [JobUnderWay(job, Progress(Phase.RENDERING, steps=Steps(3, 25)), may_cancel) for job in jobs]


def a_page(*jobs: Job) -> HistoryPage:
    """A page of a history with others on both sides."""
    shown = tuple(ShownJob(job, MessageRef(job.channel, "3001")) for job in jobs)
    beside = jobs[0].id if jobs else None
    return HistoryPage(shown, newer_than=beside, older_than=beside)
