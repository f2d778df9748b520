"""From rows to the core's objects and back: the only place that knows which columns hold a job or a
delivery."""

import json
from datetime import datetime
from functools import lru_cache
from typing import Final

import structlog

from db.encryption import Cipher
from db.schema import deliveries, jobs
from db.statements import StoredRow
from generation.domain.delivery import Answer, Delivery, DeliveryStatus
from generation.domain.job import (
    Artifact,
    Failure,
    FailureKind,
    Job,
    JobId,
    JobStatus,
    RequestHandle,
)
from generation.domain.pricing import Micros
from generation.domain.refs import ChannelRef, MessageRef, Platform, ServerRef, UserRef
from generation.domain.style import PromptStyle
from generation.protocol.errors import StoreError
from generation.protocol.request import Endpoint, GenerationRequest

Values = dict[str, object]
"""Columns by name, ready for an INSERT or UPDATE."""

NO_LEASE: Final[Values] = {"lease_owner": None, "lease_until": None}
_CACHED_REQUESTS: Final = 4096
_CACHED_STYLES: Final = 256
_OWN: Final = "own"
_SERVERS: Final = "server"

_log = structlog.get_logger("flipbook.db")


# Jobs ---------------------------------------------------------------------------------


def new_job_values(job: Job) -> Values:
    """Every column of a new job except its lease."""
    return {
        "id": job.id,
        "origin": job.origin,
        "request": job.request.model_dump_json(),
        "user": str(job.requested_by),
        "server": str(job.channel.server),
        "channel": job.channel.id,
        "thread": job.channel.thread,
        "parent": job.parent,
        "style": job.style.model_dump_json() if job.style else None,
        "parent_channel": job.parent_message.channel.id if job.parent_message else None,
        "parent_message": job.parent_message.id if job.parent_message else None,
        "created_at": job.created_at,
        "day": job.day,
        "number_in_server": job.number,
        "parent_number": job.parent_number,
        "defaults_used": _defaults_used(job),
        "is_private": job.is_private,
        "cancel_requested": job.cancel_requested,
        **changed_job_values(job),
    }


def changed_job_values(job: Job) -> Values:
    """The columns that change during a job's life, except ``cancel_requested``: another transaction
    may have set it since the job was read."""
    return {
        "status": job.status.value,
        "attempt": job.attempt,
        "backend": job.backend,
        **_handle_values(job.handle),
        "reserved": job.reserved,
        "reserved_for": job.reserved_for,
        "seconds": job.seconds,
        "cost": job.cost,
        "artifact_key": job.artifact.key if job.artifact else None,
        "artifact_bytes": job.artifact.size_bytes if job.artifact else None,
        "failure_kind": job.failure.kind.value if job.failure else None,
        "failure_detail": job.failure.detail if job.failure else None,
        "not_before": job.not_before,
        "waiting_for": job.waiting_for,
        "submitted_at": job.submitted_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "engine": job.engine,
        "avoided": job.avoided,
        "left_backend": job.left.backend if job.left else None,
        "left_request": job.left.request_id if job.left else None,
        "left_attempt": job.left.attempt if job.left else None,
        "prompt_removed_at": job.prompt_removed_at,
        "deleted_at": job.deleted_at,
        "hidden_at": job.hidden_at,
        "is_spoiler": job.is_spoiler,
    }


def _handle_values(handle: RequestHandle | None) -> Values:
    return {
        "handle_backend": handle.backend if handle else None,
        "handle_endpoint": handle.endpoint.value if handle else None,
        "handle_request": handle.request_id if handle else None,
        "handle_attempt": handle.attempt if handle else None,
    }


def _defaults_used(job: Job) -> str | None:
    used = {_OWN: job.own_defaults, _SERVERS: job.servers_defaults}
    return json.dumps(used) if any(used.values()) else None


def job_from_row(row: StoredRow) -> Job:
    """The job in a row of :data:`db.schema.jobs`. Raises StoreError when it cannot be read."""
    c = jobs.c
    try:
        return Job(
            id=JobId(row[c.id]),
            request=_request(row[c.request]),
            requested_by=user_from_key(row[c.user]),
            channel=ChannelRef(server_from_key(row[c.server]), row[c.channel], row[c.thread]),
            origin=row[c.origin],
            created_at=row[c.created_at],
            status=JobStatus(row[c.status]),
            parent=row[c.parent],
            parent_message=_parent_message(row),
            attempt=row[c.attempt],
            backend=row[c.backend],
            handle=_handle(row),
            reserved=Micros(row[c.reserved]),
            reserved_for=row[c.reserved_for],
            seconds=row[c.seconds],
            cost=row[c.cost],
            artifact=_artifact(row),
            failure=_failure(row),
            cancel_requested=row[c.cancel_requested],
            not_before=row[c.not_before],
            waiting_for=row[c.waiting_for],
            submitted_at=row[c.submitted_at],
            started_at=row[c.started_at],
            finished_at=row[c.finished_at],
            engine=row[c.engine],
            avoided=row[c.avoided],
            left=_left(row),
            style=_style(row[c.style]),
            prompt_removed_at=row[c.prompt_removed_at],
            deleted_at=row[c.deleted_at],
            hidden_at=row[c.hidden_at],
            is_spoiler=row[c.is_spoiler],
            day=row[c.day],
            number=row[c.number_in_server],
            parent_number=row[c.parent_number],
            own_defaults=_defaults_of(_OWN, row[c.defaults_used]),
            servers_defaults=_defaults_of(_SERVERS, row[c.defaults_used]),
            is_private=row[c.is_private],
        )
    except (TypeError, ValueError) as error:  # pydantic's ValidationError is a ValueError
        # the id alone: the row holds a prompt
        raise StoreError(f"the stored job {row[c.id]} cannot be read") from error


@lru_cache(maxsize=_CACHED_REQUESTS)
def _request(stored: str) -> GenerationRequest:
    """Cached: a request never changes, and a waiting job is read many times."""
    return GenerationRequest.model_validate_json(stored)


@lru_cache(maxsize=_CACHED_STYLES)
def _style(stored: str | None) -> PromptStyle | None:
    return None if stored is None else PromptStyle.model_validate_json(stored)


def _defaults_of(whose: str, stored: str | None) -> tuple[str, ...]:
    # most jobs have none
    return () if stored is None else tuple(json.loads(stored).get(whose, ()))


def _handle(row: StoredRow) -> RequestHandle | None:
    c = jobs.c
    # four columns, of which all or none are NULL
    if row[c.handle_request] is None:
        return None
    endpoint = Endpoint(row[c.handle_endpoint])
    return RequestHandle(
        row[c.handle_backend], endpoint, row[c.handle_request], row[c.handle_attempt]
    )


def _left(row: StoredRow) -> RequestHandle | None:
    c = jobs.c
    if row[c.left_request] is None:
        return None
    # not stored: it is the request's, on every backend
    endpoint = _request(row[c.request]).endpoint
    return RequestHandle(row[c.left_backend], endpoint, row[c.left_request], row[c.left_attempt])


def _parent_message(row: StoredRow) -> MessageRef | None:
    c = jobs.c
    if row[c.parent_message] is None:
        return None
    channel = ChannelRef(server_from_key(row[c.server]), row[c.parent_channel])
    return MessageRef(channel, row[c.parent_message])


def _artifact(row: StoredRow) -> Artifact | None:
    key = row[jobs.c.artifact_key]
    return None if key is None else Artifact(key, row[jobs.c.artifact_bytes])


def _failure(row: StoredRow) -> Failure | None:
    kind = row[jobs.c.failure_kind]
    return None if kind is None else Failure(FailureKind(kind), row[jobs.c.failure_detail])


# Deliveries ---------------------------------------------------------------------------


def delivery_values(delivery: Delivery, cipher: Cipher) -> Values:
    """Every column of a delivery except its lease; the answer's token is encrypted."""
    return {
        "job_id": delivery.job_id,
        "platform": delivery.channel.server.platform.value,
        "server": str(delivery.channel.server),
        "channel": delivery.channel.id,
        "thread": delivery.channel.thread,
        "opened_at": delivery.opened_at,
        "status": delivery.status.value,
        **message_values(delivery.message),
        **answer_values(delivery.answer, cipher),
        "attempts": delivery.attempts,
        "next_attempt_at": delivery.next_attempt_at,
        "rung": delivery.step,  # the column is older than the word "step"
        "note": delivery.note,
        "told": json.dumps(delivery.told),
        "sent_at": delivery.sent_at,
    }


def message_values(message: MessageRef | None) -> Values:
    """The columns of the message that shows a job."""
    return {
        "message_server": str(message.channel.server) if message else None,
        "message_channel": message.channel.id if message else None,
        "message_thread": message.channel.thread if message else None,
        "message_id": message.id if message else None,
    }


def answer_values(answer: Answer | None, cipher: Cipher) -> Values:
    """The columns of a first answer; its token is encrypted."""
    return {
        "answer_token": cipher.encrypt(answer.token) if answer else None,
        "answer_expires_at": answer.expires_at if answer else None,
        "answer_private": answer.private if answer else None,
    }


def delivery_from_row(row: StoredRow, cipher: Cipher) -> Delivery:
    """The delivery in a row of :data:`db.schema.deliveries`. Raises StoreError when it cannot be
    read."""
    c = deliveries.c
    try:
        return Delivery(
            job_id=JobId(row[c.job_id]),
            channel=ChannelRef(server_from_key(row[c.server]), row[c.channel], row[c.thread]),
            opened_at=row[c.opened_at],
            status=DeliveryStatus(row[c.status]),
            message=_message(row),
            answer=_answer(row, cipher),
            attempts=row[c.attempts],
            next_attempt_at=row[c.next_attempt_at],
            step=row[c.rung],
            note=row[c.note],
            told=tuple(json.loads(row[c.told])),
            sent_at=row[c.sent_at],
        )
    except (TypeError, ValueError) as error:
        raise StoreError(f"the stored delivery of job {row[c.job_id]} cannot be read") from error


def _message(row: StoredRow) -> MessageRef | None:
    c = deliveries.c
    if row[c.message_id] is None:
        return None
    channel = ChannelRef(
        server_from_key(row[c.message_server]), row[c.message_channel], row[c.message_thread]
    )
    return MessageRef(channel, row[c.message_id])


def _answer(row: StoredRow, cipher: Cipher) -> Answer | None:
    """The answer, expired where its token was encrypted with a key that is lost.

    ``private`` is kept even then: a member's private clip must not become public because the
    operator changed a key.
    """
    c = deliveries.c
    if row[c.answer_token] is None:
        return None
    token, expires_at = _token(row, cipher)
    return Answer(token, expires_at, private=row[c.answer_private])


def _token(row: StoredRow, cipher: Cipher) -> tuple[str, datetime]:
    c = deliveries.c
    try:
        return cipher.decrypt(row[c.answer_token]), row[c.answer_expires_at]
    except StoreError:
        _log.warning(
            "an answer token was encrypted with another key; it counts as expired",
            job=row[c.job_id],
        )
        # an answer that expired when the delivery was opened is never used
        return "", row[c.opened_at]


# References ---------------------------------------------------------------------------


def server_from_key(key: str) -> ServerRef:
    """The server of a stored ``str(server)``."""
    platform, _, server_id = key.partition(":")
    return ServerRef(Platform(platform), server_id)


def user_from_key(key: str) -> UserRef:
    """The member of a stored ``str(user)``."""
    platform, _, user_id = key.partition(":")
    return UserRef(Platform(platform), user_id)
