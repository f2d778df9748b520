"""What the core needs of the outside: backends, messengers, a store, an artifact store, a clock and luck."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from generation.audit import AuditEntry
from generation.delivery import Delivery
from generation.job import Artifact, Job, JobId, RequestHandle
from generation.ledger import Entry, Totals
from generation.limits import Limits, Usage
from generation.places import MessageRef, Platform, ServerRef, UserRef
from generation.policy import Policy
from generation.progress import Look, Progress, Steps
from generation.request import GenerationRequest
from generation.urgency import Urgency


class Clock(Protocol):
    """Time, as an argument."""

    def now(self) -> datetime:
        """The present moment, aware and in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; a test's clock decides how long that is."""
        ...


class SeedSource(Protocol):
    """Luck, as an argument."""

    def draw(self) -> int:
        """A new seed, 0…2³²−1."""
        ...


# Backends -------------------------------------------------------------------------------------------------------


class BackendState(StrEnum):
    """The queue protocol's three states, and no others."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"


@dataclass(frozen=True, slots=True)
class BackendUpdate:
    """One answer to "how far is it?"; ``position`` counts requests ahead, ``inference_seconds`` comes at the end.

    ``look`` is there where the backend shows clips while they appear, ``eta_seconds`` where it knows when they come.
    """

    state: BackendState
    position: int | None = None
    steps: Steps | None = None
    inference_seconds: float | None = None
    look: Look | None = None
    eta_seconds: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Clip:
    """A finished clip at the backend: where its MP4 can be fetched, and what it says of it.

    ``seed`` is None where the backend does not say; the request holds the one that was asked for. ``engine`` is what
    made it, in the backend's own word, where it has one.
    """

    url: str
    seed: int | None = None
    file_name: str | None = None
    size_bytes: int | None = None
    engine: str | None = None


class CancelOutcome(StrEnum):
    """What a backend answers to a cancellation."""

    REQUESTED = "requested"
    ALREADY_COMPLETED = "already_completed"
    NOT_FOUND = "not_found"


class Backend(Protocol):
    """One side that serves fal's queue protocol. Every method raises :class:`generation.errors.BackendError`."""

    @property
    def name(self) -> str:
        """``fal`` or ``worker``."""
        ...

    @property
    def resubmits_safely(self) -> bool:
        """Whether the same idempotency key gives the same request, so that a broken submission may be sent again."""
        ...

    async def engine(self) -> str | None:
        """What renders there at present, in its own word; None where it does not say."""

    async def submit(self, request: GenerationRequest, *, idempotency_key: str, webhook_url: str | None = None) -> str:
        """Queue a request; returns the request id. Raises BackendUnavailable or BackendBusy only when provably
        nothing was accepted, SubmissionOutcomeUnknown when that is not known."""
        ...

    def watch(self, handle: RequestHandle) -> AsyncIterator[BackendUpdate]:
        """Every change until COMPLETED, which is the last one. Survives dropped streams by asking again."""
        ...

    async def result(self, handle: RequestHandle) -> Clip:
        """The finished clip; raises what went wrong when there is none."""
        ...

    async def cancel(self, handle: RequestHandle) -> CancelOutcome:
        """Ask the backend to stop; it may still complete."""
        ...

    async def fetch(self, clip: Clip, destination: Path, *, max_bytes: int) -> int:
        """Write the MP4 to a file; returns its size in bytes."""
        ...


# Messengers -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClipLink:
    """Where a clip can be watched by whoever has the link, and until when."""

    url: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Parcel:
    """A job's outcome on its way to the channel: ``video`` is the clip's file, None when there is no clip; ``link``
    opens it where no file is taken, None where this service has no address outside."""

    job: Job
    delivery: Delivery
    video: Path | None
    link: ClipLink | None = None


class Noter(Protocol):
    """Saves what a messenger must still know if we die before its next step."""

    async def __call__(self, note: str) -> None: ...


class Messenger(Protocol):
    """Puts messages into one platform's channels. Raises :class:`generation.errors.DeliveryError`."""

    @property
    def platform(self) -> Platform: ...

    @property
    def seconds_between_edits(self) -> float:
        """The least time between two progress edits of one message."""
        ...

    def rungs(self, delivery: Delivery, now: datetime) -> Sequence[str]:
        """The ways to deliver that are open to this delivery now, best first; never empty."""
        ...

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        """Show the newest progress in the message; losing one is no loss."""
        ...

    async def deliver(self, parcel: Parcel, rung: str, note: Noter) -> MessageRef | None:
        """Bring the outcome to the channel by that rung; returns the message that now shows it.
        Raises DeliveryDelayed (same rung later) or RungFailed (next rung)."""
        ...


# Storage --------------------------------------------------------------------------------------------------------


class ArtifactStore(Protocol):
    """Where finished clips are kept."""

    async def save(self, job_id: JobId, source: Path) -> Artifact:
        """Keep a file under the job's name; saving twice keeps one. Raises StorageFull."""
        ...

    def checkout(self, artifact: Artifact) -> AbstractAsyncContextManager[Path]:
        """The clip as a local file for as long as the context lasts. Raises ArtifactMissing."""
        ...

    async def delete(self, artifact: Artifact) -> None:
        """Forget a clip; deleting what is gone is fine."""
        ...


@dataclass(frozen=True, slots=True)
class Lease:
    """Who carries a job, and until when nobody else may."""

    owner: str
    until: datetime


class Transaction(Protocol):
    """Writes that happen together or not at all; reads in it see its own writes and hold the server's row."""

    async def job_of_origin(self, origin: str) -> Job | None: ...
    async def job(self, job_id: JobId) -> Job | None: ...
    async def delivery_of(self, job_id: JobId) -> Delivery | None: ...
    async def limits_of(self, server: ServerRef) -> Limits | None: ...
    async def policy_of(self, server: ServerRef) -> Policy | None: ...
    async def rules_of(self, server: ServerRef) -> tuple[Limits | None, Policy | None]: ...
    async def usage(self, server: ServerRef, user: UserRef, now: datetime) -> Usage:
        """What is used, read so that no other submit of this server can pass the check at the same time."""
        ...

    async def add_job(self, job: Job, delivery: Delivery, lease: Lease | None) -> None:
        """A new job and the message it owes. Raises nothing for a known origin: look first."""
        ...

    async def save_job(self, job: Job, *, was: Job) -> None:
        """Write a job's new state. Raises StaleJob when status, attempt or backend are no longer ``was``'s."""
        ...

    async def request_cancel(self, job_id: JobId) -> None: ...
    async def claim(self, job_id: JobId, lease: Lease, now: datetime) -> bool:
        """Take a job that nobody holds (or held until ``now``); False when somebody else was quicker."""
        ...

    async def release(self, job_id: JobId, owner: str) -> None: ...
    async def append(self, entry: Entry) -> None:
        """Add one line to the ledger and to its totals."""
        ...

    async def save_delivery(self, delivery: Delivery) -> None: ...
    async def claim_delivery(self, job_id: JobId, lease: Lease, now: datetime) -> bool:
        """Take an outcome that is due and that nobody holds (or held until ``now``); False when somebody else was
        quicker, or it has arrived since."""
        ...

    async def release_delivery(self, job_id: JobId, owner: str) -> None: ...
    async def set_limits(self, server: ServerRef, limits: Limits | None, audit: AuditEntry) -> None:
        """Write a server's limits (None: back to the defaults) and who did it."""
        ...

    async def set_policy(self, server: ServerRef, policy: Policy, audit: AuditEntry) -> None: ...


class Store(Protocol):
    """The database, by meaning. Every method raises :class:`generation.errors.StoreError`; lists leave out, and tell
    of once, what is stored and cannot be read."""

    def transaction(self, urgency: Urgency = Urgency.BACKGROUND) -> AbstractAsyncContextManager[Transaction]: ...

    async def job(self, job_id: JobId) -> Job | None: ...
    async def delivery_of(self, job_id: JobId) -> Delivery | None: ...
    async def job_of_message(self, message: MessageRef) -> Job | None: ...
    async def jobs_of(self, user: UserRef, server: ServerRef, *, limit: int) -> list[Job]:
        """A member's jobs in a server, newest first."""
        ...

    async def unfinished_in(self, server: ServerRef, *, limit: int) -> list[Job]:
        """A server's jobs under way, oldest first."""
        ...

    async def claimable(self, now: datetime, *, limit: int) -> list[Job]:
        """Pending jobs that are due and held by nobody, oldest first."""
        ...

    async def orphans(
        self, owner: str, now: datetime, *, limit: int, carried: Collection[JobId] = frozenset()
    ) -> list[Job]:
        """Unfinished jobs past PENDING that this owner holds but does not carry, or whose holder is gone."""
        ...

    async def left_behind(self, *, limit: int) -> list[Job]:
        """Jobs that have left a request behind at a backend and cannot come back to it any more."""

    async def renew_leases(self, lease: Lease) -> None: ...
    async def ahead_of(self, job: Job) -> int:
        """How many older jobs wait (pending or queued), counted up to :data:`generation.progress.MOST_AHEAD`."""
        ...

    async def made_lately(self, *, limit: int) -> list[Job]:
        """Those of the newest ``limit`` jobs that have become clips, oldest first."""
        ...

    async def cancellations(self, owner: str) -> list[JobId]:
        """Unfinished jobs of this owner whose end was asked for."""
        ...

    async def owed_deliveries(
        self, now: datetime, *, owner: str, platforms: frozenset[Platform], limit: int
    ) -> list[tuple[Job, Delivery]]:
        """Outcomes that are due in the channels of these platforms and that no other owner holds, oldest first."""
        ...

    async def renew_delivery_leases(self, lease: Lease) -> None: ...

    async def limits_of(self, server: ServerRef) -> Limits | None: ...
    async def policy_of(self, server: ServerRef) -> Policy | None: ...
    async def usage(self, server: ServerRef, user: UserRef, now: datetime) -> Usage: ...
    async def audit_of(self, server: ServerRef, *, limit: int) -> list[AuditEntry]: ...
    async def ledger_of(self, job_id: JobId) -> list[Entry]: ...
    async def totals(self, scope: str, now: datetime) -> Totals: ...
    async def ledger_discrepancies(self) -> Sequence[object]:
        """Scopes and days whose totals are not the sum of their lines; empty when all is well."""
        ...

    async def status_counts(self) -> dict[str, int]:
        """How many unfinished jobs there are in each status."""
        ...

    async def ping(self) -> None:
        """Read something. Raises StoreBusy when that is not possible."""
        ...


class Wake(Protocol):
    """Tells a loop that there is something to do now."""

    def __call__(self) -> None: ...


class ProgressSink(Protocol):
    """Where the dispatcher says how far a job is; never waits."""

    def __call__(self, job: Job, progress: Progress) -> None: ...


class Observer(Protocol):
    """Hears of every change after it is saved: for logs and metrics; never waits, never raises."""

    def job_moved(self, job: Job) -> None:
        """A job was created or reached a new status."""
        ...

    def delivery_moved(self, job: Job, delivery: Delivery) -> None:
        """An outcome reached its channel, stepped down a rung, was put off or given up."""
        ...

    def trouble(self, what: str, error: Exception, *, job_id: str | None = None) -> None:
        """Something failed that somebody may want to look into; the work goes on."""
        ...
