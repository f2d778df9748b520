"""The notice to a clip's asker that it is ready, or that there will be none: an edit of the message
pings nobody. It is owed by the same transaction in which the outcome has arrived, and told once."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from generation.domain.delivery import Delivery, DeliveryStatus
from generation.domain.job import Job, JobId, JobStatus
from generation.domain.notice import Audience, Notice, NoticeKind
from generation.domain.refs import MessageRef, Platform
from generation.ports import Store
from generation.protocol.errors import DatabaseUnusable, StoreBusy, StoreError
from generation.rules.choices import is_told
from generation.rules.policy import Policy

_TOLD: Final = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED})
"""Who cancels a job knows it."""


async def wants_to_be_told(store: Store, job: Job, now: datetime) -> bool:
    """Whether the asker is to be told of the outcome that arrives now; not where the server's rules
    cannot be read: that it has arrived is saved all the same. Raises StoreError."""
    if job.status not in _TOLD or job.channel.server.platform is Platform.TERMINAL:
        return False
    server = job.channel.server
    choices = await store.choices_of(job.requested_by, server)
    try:
        policy = Policy() if choices.notify else await store.policy_of(server) or Policy()
    except (StoreBusy, DatabaseUnusable):
        raise  # of the database, not of these rules
    except StoreError:
        return False
    return is_told(choices.notify_in(policy), now - job.created_at)


def ready_notice(job: Job, before: Delivery, after: Delivery, now: datetime) -> Notice | None:
    """What the asker is told; None where the outcome has arrived before, or in a message that is
    theirs alone and pings them by itself."""
    is_first = before.sent_at is None and after.status is DeliveryStatus.SENT
    is_private = after.answer is not None and after.answer.private
    if not is_first or job.is_private or is_private or not _is_where_they_asked(job, after.message):
        return None
    return Notice(
        key=f"clip ready:{job.id}",
        server=job.channel.server,
        audience=Audience.ASKER,
        kind=NoticeKind.CLIP_READY,
        details={"clip": job.id, "asker": job.requested_by.id, "outcome": job.status.value},
        created_at=now,
        member=job.requested_by,
    )


def seconds_until_shown(job: Job, before: Delivery, after: Delivery) -> float | None:
    """How long after its end a job's outcome is shown first; None where it is shown anew, not yet,
    or goes."""
    if before.sent_at is not None or after.sent_at is None or job.deleted_at is not None:
        return None
    ended = job.finished_at or after.sent_at
    return max(0.0, (after.sent_at - ended).total_seconds())


async def clip_message(store: Store, details: Mapping[str, str]) -> MessageRef | None:
    """The message to reply to, as it is now; None where there is nothing to be told of any more.
    Raises StoreError."""
    job_id = JobId(details["clip"])
    job, delivery = await store.job(job_id), await store.delivery_of(job_id)
    if job is None or job.deleted_at is not None or job.hidden_at is not None:
        return None
    return None if delivery is None else delivery.message


def _is_where_they_asked(job: Job, message: MessageRef | None) -> bool:
    return message is not None and message.channel.id in {job.channel.id, job.channel.thread}
