"""The interfaces (ports) between the core and everything else: backends, messengers, storage."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from pathlib import Path
from typing import Protocol

from generation.domain.audit import AuditEntry
from generation.domain.delivery import Answer, Delivery
from generation.domain.job import Artifact, Job, JobId, RequestHandle
from generation.domain.ledger import Entry, Totals
from generation.domain.limits import Limits, Usage
from generation.domain.policy import Policy
from generation.domain.refs import MessageRef, Platform, ServerRef, UserRef
from generation.domain.standing import Standing
from generation.protocol.progress import PreviewFrame, Progress, Steps
from generation.protocol.request import GenerationRequest


class BackendState(StrEnum):
    """The three states of the queue protocol."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"


@dataclass(frozen=True, slots=True)
class BackendUpdate:
    """One status of a request. ``position`` counts the requests before it, ``inference_seconds``
    comes with COMPLETED, ``preview`` and ``eta_seconds`` only from some backends."""

    state: BackendState
    position: int | None = None
    steps: Steps | None = None
    inference_seconds: float | None = None
    preview: PreviewFrame | None = None
    # an estimate that moves is no change: each poll would be one
    eta_seconds: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class BackendClip:
    """A finished clip at the backend; ``url`` serves its MP4. Without ``seed`` it is the request's;
    ``engine`` is the backend's name for what rendered the clip."""

    url: str
    seed: int | None = None
    file_name: str | None = None
    size_bytes: int | None = None
    engine: str | None = None


class CancelOutcome(StrEnum):
    """A backend's answer to a cancellation."""

    REQUESTED = "requested"
    ALREADY_COMPLETED = "already_completed"
    NOT_FOUND = "not_found"


class Backend(Protocol):
    """A server of fal's queue protocol. Methods raise generation.protocol.errors.BackendError."""

    @property
    def name(self) -> str:
        """``fal`` or ``worker``."""

    @property
    def resubmits_safely(self) -> bool:
        """Whether repeating a submission under its idempotency key makes no second request."""

    async def engine(self) -> str | None:
        """The backend's name for what renders there now; None where it does not report it."""

    async def submit(
        self, request: GenerationRequest, *, idempotency_key: str, webhook_url: str | None = None
    ) -> str:
        """Queue a request; returns the request id.

        Raises BackendUnavailable or BackendBusy only when the backend certainly accepted nothing,
        SubmissionOutcomeUnknown when that is not known.
        """

    def watch(self, handle: RequestHandle) -> AsyncIterator[BackendUpdate]:
        """Every change of status, COMPLETED last. Reconnects when a stream breaks."""

    async def result(self, handle: RequestHandle) -> BackendClip:
        """The finished clip. Raises the request's own error when there is none."""

    async def cancel(self, handle: RequestHandle) -> CancelOutcome:
        """Ask the backend to stop a request; it may still complete."""

    async def fetch(self, clip: BackendClip, destination: Path, *, max_bytes: int) -> int:
        """Download the MP4 to a file; returns its size in bytes."""


@dataclass(frozen=True, slots=True)
class ClipLink:
    """A link to a clip, valid for everyone who has it, and when it expires."""

    url: str
    until: datetime


@dataclass(frozen=True, slots=True)
class DeliveryPayload:
    """What a messenger delivers: a job's outcome. ``video`` is the clip's file, None when there is
    no clip; ``link`` is None where this service has no public URL."""

    job: Job
    delivery: Delivery
    video: Path | None
    link: ClipLink | None = None


class SaveNote(Protocol):
    """Saves what a messenger needs to know after a crash in the middle of a delivery."""

    async def __call__(self, note: str) -> None: ...


class Messenger(Protocol):
    """Posts messages on one platform. Methods raise generation.protocol.errors.DeliveryError."""

    @property
    def platform(self) -> Platform: ...

    @property
    def seconds_between_edits(self) -> float:
        """The least time between two progress edits of one message."""

    def delivery_steps(self, delivery: Delivery, now: datetime) -> Sequence[str]:
        """The delivery steps that are possible now, best first; never empty."""

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        """Show the newest progress in the message; a lost one does no harm."""

    async def deliver(
        self, payload: DeliveryPayload, step: str, note: SaveNote
    ) -> MessageRef | None:
        """Deliver by this step; returns the message that now shows the outcome. Raises
        DeliveryDelayed (try this step later) or DeliveryStepFailed (try the next step)."""


class ArtifactStore(Protocol):
    """The storage of finished clips."""

    async def save(self, job_id: JobId, source: Path) -> Artifact:
        """Store a job's clip, replacing an earlier one. Raises StorageFull."""

    def checkout(self, artifact: Artifact) -> AbstractAsyncContextManager[Path]:
        """The clip as a local file inside the context. Raises ArtifactMissing."""

    async def delete(self, artifact: Artifact) -> None:
        """Delete a clip, if it is still there."""


class Urgency(Enum):
    """Whether a member waits for a transaction's answer; the store lets those go first."""

    MEMBER = "member"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class Lease:
    """The process that holds a job or delivery, and for how long no other may take it.

    ``since`` is the process's own clock. A database server counts the seconds on its clock instead:
    those of several machines differ.
    """

    owner: str
    since: datetime
    seconds: float

    @property
    def until(self) -> datetime:
        """When it ends, by the clock of ``since``."""
        return self.since + timedelta(seconds=self.seconds)


class Reads(Protocol):
    """What both the store and a transaction read. A transaction sees its own writes, and what it
    has read cannot change before its end: decisions are made in a transaction."""

    async def job(self, job_id: JobId) -> Job | None: ...
    async def delivery_of(self, job_id: JobId) -> Delivery | None: ...
    async def limits_of(self, server: ServerRef) -> Limits | None:
        """The server's own limits; None: the defaults."""

    async def policy_of(self, server: ServerRef) -> Policy | None:
        """The server's own policy; None: no rules."""

    async def usage(self, server: ServerRef, user: UserRef, now: datetime) -> Usage:
        """What the member, the server and all servers use."""

    async def standing(self, server: ServerRef, user: UserRef, now: datetime) -> Standing:
        """As :meth:`usage`, with the server's own limits and policy, in one read."""


class Transaction(Reads, Protocol):
    """Writes that take effect together or not at all."""

    async def job_of_origin(self, origin: str) -> Job | None:
        """The job that this event caused. No other transaction can add one before the end."""

    async def add_job(self, job: Job, delivery: Delivery, lease: Lease | None) -> None:
        """Add a job and its delivery. Call :meth:`job_of_origin` first: an origin has one job."""

    async def save_job(self, job: Job, *, was: Job) -> None:
        """Write a job's new state; a final one ends its lease, a requested cancellation stays.
        Raises StaleJob when status, attempt or backend are no longer those of ``was``."""

    async def request_cancel(self, job_id: JobId) -> None:
        """Request the cancellation of an unfinished job."""

    async def claim(self, job_id: JobId, lease: Lease, now: datetime) -> bool:
        """Take an unfinished job that no other owner holds at ``now``; False when that fails."""

    async def release(self, job_id: JobId, owner: str) -> None:
        """End this owner's lease of a job."""

    async def append(self, entry: Entry) -> None:
        """Append a line to the ledger and add it to its totals."""

    async def show_open_delivery(
        self, job_id: JobId, message: MessageRef, answer: Answer | None
    ) -> bool:
        """Write which message shows the job; False, and nothing is written, when its delivery is
        no longer open, or there is none."""

    async def save_delivery(self, delivery: Delivery) -> None:
        """Write a delivery's new state. Raises StaleJob when its job is gone."""

    async def claim_delivery(self, job_id: JobId, lease: Lease, now: datetime) -> bool:
        """Take a due delivery that no other owner holds at ``now``; False when that fails."""

    async def release_delivery(self, job_id: JobId, owner: str) -> None:
        """End this owner's lease of a delivery."""

    async def set_limits(self, server: ServerRef, limits: Limits | None, audit: AuditEntry) -> None:
        """Write a server's limits (None: back to the defaults) and who changed them."""

    async def set_policy(self, server: ServerRef, policy: Policy, audit: AuditEntry) -> None:
        """Write a server's policy and who changed it."""


class Store(Reads, Protocol):
    """The database. Every method raises :class:`generation.protocol.errors.StoreError`, or
    StorageFull on a full disk. Lists leave out what cannot be read, and report it once."""

    def transaction(
        self, urgency: Urgency = Urgency.BACKGROUND
    ) -> AbstractAsyncContextManager[Transaction]: ...

    async def job_of_message(self, message: MessageRef) -> Job | None:
        """The newest job that a message shows; the message's thread and server are ignored."""

    async def jobs_of(self, user: UserRef, server: ServerRef, *, limit: int) -> list[Job]:
        """A member's jobs in a server, newest first."""

    async def unfinished_in(self, server: ServerRef, *, limit: int) -> list[Job]:
        """A server's unfinished jobs, oldest first."""

    async def claimable(self, now: datetime, *, limit: int) -> list[Job]:
        """Pending jobs that are due and without a valid lease, oldest first."""

    async def stalled_jobs(
        self, owner: str, now: datetime, *, limit: int, excluding: Collection[JobId] = frozenset()
    ) -> list[Job]:
        """Unfinished jobs past PENDING that this owner holds or whose lease has expired, oldest
        first; ``excluding`` are those that it handles already."""

    async def abandoned_requests(self, *, limit: int) -> list[Job]:
        """Jobs that have abandoned a request at a backend and can no longer return to it."""

    async def renew_leases(self, lease: Lease) -> None:
        """Extend the leases of all unfinished jobs that ``lease.owner`` holds."""

    async def ahead_of(self, job: Job) -> int:
        """How many older jobs wait (pending or queued), counted up to
        :data:`generation.protocol.progress.MOST_AHEAD`."""

    async def recent_clips(self, *, limit: int) -> list[Job]:
        """The successful ones of the newest ``limit`` jobs, oldest first."""

    async def cancellations(self, owner: str) -> list[JobId]:
        """This owner's unfinished jobs whose cancellation was requested."""

    async def owed_deliveries(
        self, now: datetime, *, owner: str, platforms: frozenset[Platform], limit: int
    ) -> list[tuple[Job, Delivery]]:
        """Deliveries on these platforms that are due and that no other owner holds, the longest
        due first."""

    async def renew_delivery_leases(self, lease: Lease) -> None:
        """Extend the leases of all deliveries that ``lease.owner`` holds."""

    async def audit_of(self, server: ServerRef, *, limit: int) -> list[AuditEntry]:
        """The changes that admins made in a server, newest first."""

    async def ledger_of(self, job_id: JobId) -> list[Entry]:
        """A job's lines, oldest first."""

    async def totals(self, scope: str, now: datetime) -> Totals:
        """What a scope has used on the UTC day of ``now``."""

    async def ledger_discrepancies(self) -> Sequence[object]:
        """The daily totals that are not the sum of their lines. Reads the whole ledger."""

    async def status_counts(self) -> dict[str, int]:
        """The number of jobs in each unfinished status."""

    async def ping(self) -> None:
        """Read something. Raises StoreBusy when that is not possible."""

    async def check(self) -> None:
        """Read everything, however long it takes. Raises DatabaseDamaged."""


class Wake(Protocol):
    """Tells a loop that there is work now."""

    def __call__(self) -> None: ...


class ProgressSink(Protocol):
    """Takes a job's progress from the dispatcher; never blocks."""

    def __call__(self, job: Job, progress: Progress) -> None: ...


class Observer(Protocol):
    """Receives every change after it is saved, for logs and metrics. Never blocks, never raises."""

    def job_moved(self, job: Job) -> None:
        """A job was created or reached a new status."""

    def delivery_moved(self, job: Job, delivery: Delivery) -> None:
        """A delivery was sent, went to its next step, was postponed or was given up."""

    def trouble(self, what: str, error: Exception, *, job_id: str | None = None) -> None:
        """Something failed that an operator may want to look into; the work goes on."""
