"""A job: one request on its way to one clip, and the only status changes it may make."""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final, NewType, Self

from generation.domain.pricing import FREE, Micros
from generation.domain.refs import ChannelRef, MessageRef, UserRef
from generation.domain.style import PromptStyle, styled
from generation.protocol.errors import IllegalTransition, JobAlreadyFinished, JobNotFound
from generation.protocol.request import Endpoint, GenerationRequest

JobId = NewType("JobId", str)

_ID: Final = re.compile(r"[0-9a-f]{24}")
_NUMBER: Final = re.compile(r"#?([0-9]{1,9})")
_LONGEST_NAME: Final = 24


def new_job_id(at: datetime) -> JobId:
    """24 hexadecimal characters: short enough for a Discord nonce (25) and for a custom_id.

    The first 11 are the time in milliseconds, so that a database keeps new jobs together instead of
    spreading them over its whole index; the other 13 (52 bits) are random, so that an id cannot be
    guessed.
    """
    milliseconds = int(at.timestamp() * 1000)
    return JobId(f"{milliseconds:011x}{secrets.randbits(52):013x}")


def asked_at(job_id: JobId) -> datetime | None:
    """The moment that an id begins with; None where it does not begin with one."""
    try:
        return datetime.fromtimestamp(int(job_id[:11], 16) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def name_of(job_id: JobId, number: int | None) -> str:
    """What people call a job: by its number where it has one."""
    return job_id if number is None else f"#{number}"


def job_named(text: str) -> JobId | int:
    """The id or the number by which somebody names a clip: ``#1042``, ``1042``, or an id. Raises
    JobNotFound for any other text."""
    given, shown = text.strip().strip("`").lower(), text.strip()[:_LONGEST_NAME]
    if found := _NUMBER.fullmatch(given):
        return int(found[1])
    if not _ID.fullmatch(given):
        raise JobNotFound(shown, typed=shown)
    return JobId(given)


class JobStatus(StrEnum):
    """Where a job is in its life."""

    PENDING = "pending"
    SUBMITTING = "submitting"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more can happen to the job."""
        return self in FINAL


FINAL: Final = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED})

TRANSITIONS: Final[dict[JobStatus, frozenset[JobStatus]]] = {
    JobStatus.PENDING: frozenset({JobStatus.SUBMITTING, JobStatus.CANCELLED, JobStatus.FAILED}),
    JobStatus.SUBMITTING: frozenset({JobStatus.QUEUED, JobStatus.PENDING, JobStatus.FAILED}),
    JobStatus.QUEUED: frozenset(
        {
            JobStatus.RUNNING,
            JobStatus.SUCCEEDED,
            JobStatus.FAILED,
            JobStatus.CANCELLED,
            JobStatus.PENDING,
        }
    ),
    JobStatus.RUNNING: frozenset(
        {JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.PENDING}
    ),
    **dict.fromkeys(FINAL, frozenset()),
}
_FIELDS: Final = re.compile(r"\[([a-z_]+(?:, [a-z_]+)*)\] ")


class FailureKind(StrEnum):
    """Why a job failed, as far as the member or the operator can do something about it."""

    REJECTED = "rejected"
    CONTENT = "content"
    WITHHELD = "withheld"
    GENERATION = "generation"
    TIMED_OUT = "timed_out"
    OUTCOME_UNKNOWN = "outcome_unknown"
    OPERATOR = "operator"
    KEY_REFUSED = "key_refused"
    ACCOUNT_LOCKED = "account_locked"
    RESULT_LOST = "result_lost"
    CORRUPT_VIDEO = "corrupt_video"
    STORAGE_FULL = "storage_full"
    INTERNAL = "internal"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed; ``detail`` is for the operator and never holds a prompt. Where the backend
    has named fields of the input, it begins with them in brackets."""

    kind: FailureKind
    detail: str = ""

    @classmethod
    def of_fields(cls, fields: Iterable[str], detail: str) -> Self:
        """A refusal of these fields of the input."""
        # only names of ours: the rest of what a backend writes is for the operator
        named = set(fields)
        known = [name for name in GenerationRequest.model_fields if name in named]
        return cls(FailureKind.REJECTED, f"[{', '.join(known)}] {detail}" if known else detail)

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of the input that the backend has refused, as far as it has named them."""
        named = _FIELDS.match(self.detail) if self.kind is FailureKind.REJECTED else None
        return tuple(named[1].split(", ")) if named else ()


@dataclass(frozen=True, slots=True)
class RequestHandle:
    """Where a submitted request is found. No URL and no key: those come from the backend's
    configuration."""

    backend: str
    endpoint: Endpoint
    request_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Artifact:
    """A finished clip in the artifact store: its key there and its size in bytes."""

    key: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Job:
    """One request on its way to one clip.

    ``parent_message`` showed the parent when this was asked for. ``own_defaults`` and
    ``servers_defaults`` are the fields of the request that the member's and the server's gave.
    ``attempt`` counts submissions that may have arrived, ``backend`` got the current or last one,
    ``not_before`` holds a waiting job back, ``waiting_for`` says why in a short clause, ``engine``
    made the clip, in its backend's own word, where it has one. ``avoided`` is a backend without
    memory for it, ``reserved_for`` the one whose price is reserved, ``seconds`` are what its
    backend has measured of its rendering, ``left`` the request it abandoned at a backend that was
    out of reach: to be taken up again there, or to be cancelled. ``request`` holds the member's own
    words, ``style`` those that the server puts around them, as they were then; after
    ``prompt_removed_at`` they tell no more than what shape the clip has. A deleted job keeps its
    row, for the ledger and its re-rolls; a hidden clip is kept and not shown; a spoiler is covered
    until a member uncovers it; a private one is its asker's alone. ``day`` is the server's day that
    it counts for; None: the UTC day it was created in. ``number`` is its short one in its server.
    Times are aware and in UTC.
    """

    id: JobId
    request: GenerationRequest
    requested_by: UserRef
    channel: ChannelRef
    origin: str
    created_at: datetime
    status: JobStatus = JobStatus.PENDING
    parent: JobId | None = None
    parent_message: MessageRef | None = None
    parent_number: int | None = None
    attempt: int = 0
    backend: str | None = None
    handle: RequestHandle | None = None
    reserved: Micros = FREE
    reserved_for: str | None = None
    seconds: float | None = None
    cost: Micros | None = None
    artifact: Artifact | None = None
    failure: Failure | None = None
    cancel_requested: bool = False
    not_before: datetime | None = None
    waiting_for: str | None = None
    submitted_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    engine: str | None = None
    avoided: str | None = None
    left: RequestHandle | None = None
    style: PromptStyle | None = None
    prompt_removed_at: datetime | None = None
    deleted_at: datetime | None = None
    hidden_at: datetime | None = None
    is_spoiler: bool = False
    day: date | None = None
    number: int | None = None
    own_defaults: tuple[str, ...] = ()
    servers_defaults: tuple[str, ...] = ()
    is_private: bool = False

    @property
    def name(self) -> str:
        """What people call it: ``#1042``, which :func:`job_named` reads."""
        return name_of(self.id, self.number)

    @property
    def sent_request(self) -> GenerationRequest:
        """The request as a backend gets it: with the style's words around the member's own."""
        return styled(self.request, self.style)

    def submitting(self, backend: str, at: datetime) -> Self:
        """About to be sent: saved before the first byte leaves."""
        return self._move(
            JobStatus.SUBMITTING,
            backend=backend,
            attempt=self.attempt + 1,
            submitted_at=at,
            not_before=None,
            waiting_for=None,
        )

    def waiting(self, *, not_before: datetime, waiting_for: str | None) -> Self:
        """Still waiting, and for what; nothing has been tried."""
        if self.status is not JobStatus.PENDING:
            raise IllegalTransition(self.id, self.status, JobStatus.PENDING)
        return replace(self, not_before=not_before, waiting_for=waiting_for)

    def queued(self, handle: RequestHandle) -> Self:
        """Accepted by the backend."""
        # the key makes it the same request as the one that was abandoned there
        left = None if self.left is not None and self.left.backend == handle.backend else self.left
        return self._move(JobStatus.QUEUED, handle=handle, left=left)

    def running(self, at: datetime) -> Self:
        """Being rendered."""
        return self._move(JobStatus.RUNNING, started_at=at)

    def measured(self, seconds: float | None) -> Self:
        """Its backend has said how long it rendered; saved with the next change of status."""
        return replace(self, seconds=seconds)

    def back_to_pending(self, *, not_before: datetime, waiting_for: str) -> Self:
        """The attempt has failed, or another backend is to take over: it waits for its next
        attempt."""
        return self._move(
            JobStatus.PENDING,
            handle=None,
            started_at=None,
            seconds=None,
            not_before=not_before,
            waiting_for=waiting_for,
        )

    def leaving(self, *, not_before: datetime, waiting_for: str) -> Self:
        """Its backend is out of reach; another one is to take over, and its request is kept."""
        waiting = self.back_to_pending(not_before=not_before, waiting_for=waiting_for)
        return replace(waiting, left=self.handle)

    def avoiding(self, *, not_before: datetime, waiting_for: str) -> Self:
        """Its backend has no memory for it, and another one is to take over."""
        waiting = self.back_to_pending(not_before=not_before, waiting_for=waiting_for)
        return replace(waiting, avoided=self.backend)

    @property
    def idempotency_key(self) -> str:
        """The key of its submission: the earlier one where it comes back to the request it
        abandoned."""
        return f"{self.id}-{self.key_attempt}"

    @property
    def key_attempt(self) -> int:
        """The attempt that the key names."""
        left = self.left
        return left.attempt if left is not None and left.backend == self.backend else self.attempt

    def unsent(self, *, not_before: datetime, waiting_for: str) -> Self:
        """Provably not accepted: it waits for its next attempt, and this one does not count."""
        waiting = self.back_to_pending(not_before=not_before, waiting_for=waiting_for)
        # so the next submission has the same idempotency key
        return replace(waiting, attempt=self.attempt - 1)

    def succeeded(
        self, artifact: Artifact, cost: Micros, at: datetime, *, engine: str | None = None
    ) -> Self:
        """The clip is in the artifact store."""
        changes = {"artifact": artifact, "cost": cost, "engine": engine}
        return self._move(JobStatus.SUCCEEDED, **changes, finished_at=at, waiting_for=None)

    def failed(self, failure: Failure, at: datetime, *, cost: Micros = FREE) -> Self:
        """There will be no clip; ``cost`` is what has probably been charged for it."""
        return self._move(
            JobStatus.FAILED, failure=failure, cost=cost or None, finished_at=at, waiting_for=None
        )

    def cancelled(self, at: datetime, *, cost: Micros = FREE) -> Self:
        """Ended as the member has asked, and the backend has agreed; ``cost`` as for
        :meth:`failed`."""
        return self._move(JobStatus.CANCELLED, cost=cost or None, finished_at=at, waiting_for=None)

    def cancel(self) -> Self:
        """To be cancelled; the status changes only when the backend has answered, because it may
        still complete."""
        if self.status.is_final:
            raise JobAlreadyFinished(self.id)
        return replace(self, cancel_requested=True)

    def deleted(self, at: datetime) -> Self:
        """The clip and its message are to go; once deleted, it stays so. Raises IllegalTransition
        for a job that has not ended."""
        if not self.status.is_final:
            raise IllegalTransition(self.id, self.status, "deleted")
        return replace(self, deleted_at=self.deleted_at or at)

    def hidden(self, at: datetime | None) -> Self:
        """Not shown from that moment on; with None shown again."""
        return replace(self, hidden_at=None if at is None else self.hidden_at or at)

    def as_spoiler(self, *, is_spoiler: bool) -> Self:
        """Covered until a member uncovers it, or no longer."""
        return replace(self, is_spoiler=is_spoiler)

    def looks_like(self, other: "Job") -> bool:
        """Whether its message shows the same as that of ``other``, an earlier state of it."""
        return (self.deleted_at, self.hidden_at, self.is_spoiler) == (
            other.deleted_at,
            other.hidden_at,
            other.is_spoiler,
        )

    def _move(self, status: JobStatus, **changes: object) -> Self:
        if status not in TRANSITIONS[self.status]:
            raise IllegalTransition(self.id, self.status, status)
        return replace(self, status=status, **changes)  # type: ignore[arg-type]
