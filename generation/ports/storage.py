"""The interfaces to what is kept: the database, and the clips' files."""

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Protocol

from generation.domain.delivery import Answer, Delivery
from generation.domain.job import Artifact, Job, JobId
from generation.domain.notice import Notice, OwedNotice
from generation.domain.refs import MessageRef, Platform, ServerRef, UserRef
from generation.domain.report import Decision, Report
from generation.ports.accounting import Accounting
from generation.ports.choices import ChoiceReads, Choices, ChoiceWrites
from generation.ports.logins import Logins
from generation.ports.overview import Overview
from generation.ports.privacy import PrivacyReads, PrivacyWrites
from generation.rules.audit import AuditEntry
from generation.rules.forms.styles import Styles
from generation.rules.ledger import Entry, Totals
from generation.rules.limits import Limits, SomeLimits
from generation.rules.pause import Pause
from generation.rules.policy import Policy
from generation.rules.standing import Standing


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


class Reads(ChoiceReads, Protocol):
    """What both the store and a transaction read. A transaction sees its own writes, and what it
    has read cannot change before its end: decisions are made in a transaction."""

    async def job(self, job_id: JobId) -> Job | None: ...
    async def delivery_of(self, job_id: JobId) -> Delivery | None: ...
    async def limits_of(self, server: ServerRef) -> Limits | None:
        """The server's own limits; None: the defaults."""

    async def policy_of(self, server: ServerRef) -> Policy | None:
        """The server's own policy; None: no rules."""

    async def styles_of(self, server: ServerRef) -> Styles | None:
        """The server's own prompt styles; None: those that Flipbook is shipped with."""

    async def ceilings_of(self, server: ServerRef) -> SomeLimits:
        """What the operator has stored as this server's ceilings."""

    async def open_reports_in(self, server: ServerRef, *, limit: int) -> list[Report]:
        """A server's reports that no admin has decided, oldest first."""

    async def reports_of(self, job_id: JobId) -> list[Report]:
        """A clip's reports, oldest first."""

    async def reports_by(self, member: UserRef, *, since: datetime) -> int:
        """How many reports a member has made since then."""

    async def standing(
        self, server: ServerRef, user: UserRef, now: datetime, *, day: date | None = None
    ) -> Standing:
        """What the member, the server and all servers use, and every rule that is stored about the
        server, in one read. ``day`` is the server's day to look at, else that of ``now``."""

    async def asked_lately(self, server: ServerRef, user: UserRef, now: datetime) -> list[datetime]:
        """When the member asked for the clips of the last hour, oldest first; those that were given
        back are left out."""


class Transaction(Reads, PrivacyWrites, ChoiceWrites, Protocol):
    """Writes that take effect together or not at all."""

    async def job_of_origin(self, origin: str) -> Job | None:
        """The job that this event caused. No other transaction can add one before the end."""

    async def add_job(self, job: Job, delivery: Delivery, lease: Lease | None) -> None:
        """Add a job and its delivery. Call :meth:`job_of_origin` first: an origin has one job."""

    async def next_number(self, server: ServerRef) -> int:
        """The number of the server's next job, from 1 on: given once, also when several processes
        ask, and never again after a job is gone. It is lost when the transaction is."""

    async def skip_numbers(self) -> None:
        """The next job of each server gets a number of the thousand after the next, such as 3001
        after 1042: at least a thousand are never given."""

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

    async def add_report(self, report: Report) -> bool:
        """Add an open report; False, and nothing is written, where the member has one of that clip
        already."""

    async def decide_reports(
        self, job_id: JobId, decision: Decision, *, by: UserRef, at: datetime
    ) -> int:
        """Close a clip's open reports with an admin's decision; returns how many there were."""

    async def set_limits(self, server: ServerRef, limits: Limits | None, audit: AuditEntry) -> None:
        """Write a server's limits (None: back to the defaults) and who changed them."""

    async def add_audit(self, entry: AuditEntry) -> None:
        """Write down what an admin did."""

    async def set_policy(self, server: ServerRef, policy: Policy, audit: AuditEntry) -> None:
        """Write a server's policy and who changed it."""

    async def set_rules(
        self, server: ServerRef, limits: Limits | None, policy: Policy | None, audit: AuditEntry
    ) -> None:
        """Write a server's limits and policy (None: they stay) as one change, and who made it."""

    async def set_styles(self, server: ServerRef, styles: Styles | None, audit: AuditEntry) -> None:
        """Write a server's prompt styles (None: back to the shipped ones) and who changed them."""

    async def add_notice(self, notice: Notice) -> bool:
        """Tell this once; False, and nothing is written, when its key is known already."""

    async def set_ceilings(self, server: ServerRef, values: SomeLimits, audit: AuditEntry) -> None:
        """Write what a server (or :data:`EVERY_SERVER`) may be allowed at most, and who said so."""

    async def pause_at(self, server: ServerRef, now: datetime) -> Pause | None:
        """The pause of exactly that server, or of :data:`EVERY_SERVER`, if it has not ended."""

    async def set_pause(self, server: ServerRef, pause: Pause | None, audit: AuditEntry) -> None:
        """Write or end (None) the pause of a server or of :data:`EVERY_SERVER`."""

    async def claim_notice(self, key: str, lease: Lease, now: datetime) -> OwedNotice | None:
        """Take a due notice that no other owner holds at ``now``; None when that fails."""

    async def save_notice(self, owed: OwedNotice, *, keeps_lease: bool = False) -> None:
        """Write a notice's new state, and end its lease unless it ``keeps_lease``."""

    async def take_held_notices(self, server: ServerRef, *, limit: int) -> list[Notice]:
        """The notices that wait for the next answer to an admin, oldest first; they count as told
        from now on."""


class Store(Reads, PrivacyReads, Choices, Accounting, Logins, Overview, Protocol):
    """The database. Every method raises :class:`generation.protocol.errors.StoreError`, or
    StorageFull on a full disk. Lists leave out what cannot be read, and report it once."""

    def transaction(
        self, urgency: Urgency = Urgency.BACKGROUND
    ) -> AbstractAsyncContextManager[Transaction]: ...

    async def job_of_message(self, message: MessageRef) -> Job | None:
        """The newest job that a message shows; the message's thread and server are ignored."""

    async def jobs_of(
        self,
        user: UserRef,
        server: ServerRef,
        *,
        limit: int,
        older_than: JobId | None = None,
        newer_than: JobId | None = None,
    ) -> list[Job]:
        """A member's jobs in a server, newest first: the first ones, those next to one job on its
        older side, or those next to one on its newer side. None next to a job that is gone."""

    async def job_numbered(self, server: ServerRef, number: int) -> Job | None:
        """The job of that number in that server."""

    async def unfinished_in(self, server: ServerRef, *, limit: int) -> list[Job]:
        """A server's unfinished jobs, oldest first."""

    async def waiting_ids(self, now: datetime, *, limit: int) -> list[JobId]:
        """Which pending jobs are due and without a valid lease: the oldest of each member of each
        server first, then everyone's second, and so on."""

    async def jobs(self, ids: Collection[JobId]) -> list[Job]:
        """These jobs as they are now, oldest first, without those that are gone."""

    async def claimable(self, now: datetime, *, limit: int) -> list[Job]:
        """Pending jobs that are due, without a valid lease and not held by a pause, oldest
        first."""

    async def stalled_jobs(
        self, owner: str, now: datetime, *, limit: int, excluding: Collection[JobId] = frozenset()
    ) -> list[Job]:
        """Unfinished jobs past PENDING that this owner holds or whose lease has expired, oldest
        first; ``excluding`` are those that it handles already."""

    async def abandoned_requests(self, *, limit: int) -> list[Job]:
        """Jobs that have abandoned a request at a backend and can no longer return to it."""

    async def renew_leases(self, lease: Lease) -> None:
        """Extend the leases of all unfinished jobs that ``lease.owner`` holds."""

    async def recent_clips(self, *, limit: int) -> list[Job]:
        """The successful ones of the newest ``limit`` jobs, oldest first."""

    async def cancellations(self, owner: str) -> list[JobId]:
        """This owner's unfinished jobs whose cancellation was requested."""

    async def owed_deliveries(
        self, now: datetime, *, owner: str, platforms: frozenset[Platform], limit: int
    ) -> list[tuple[Job, Delivery]]:
        """Deliveries on these platforms that are due and that no other owner holds, the longest
        due first; those of terminals' deleted jobs on any, since no chat is needed for them."""

    async def renew_delivery_leases(self, lease: Lease) -> None:
        """Extend the leases of all deliveries that ``lease.owner`` holds."""

    async def owed_notices(
        self, now: datetime, *, owner: str, platforms: frozenset[Platform], limit: int
    ) -> list[OwedNotice]:
        """Notices on these platforms, and all for the operator, that are due and that no other
        owner holds, the longest due first."""

    async def retry_notices(self, server: ServerRef, now: datetime) -> None:
        """Make every notice of a server due that waits after a failed attempt."""

    async def held_jobs(self, now: datetime, *, limit: int) -> list[tuple[Job, str]]:
        """Waiting jobs that a pause holds, oldest first, each with the pause's reason."""

    async def pauses(self, now: datetime) -> list[Pause]:
        """The pauses in force, oldest first."""

    async def audit_of(self, server: ServerRef, *, limit: int) -> list[AuditEntry]:
        """The changes that admins made in a server, newest first."""

    async def ledger_of(self, job_id: JobId) -> list[Entry]:
        """A job's lines, oldest first."""

    async def totals(self, scope: str, now: datetime) -> Totals:
        """What a scope has used on the UTC day of ``now``."""

    async def status_counts(self) -> dict[str, int]:
        """The number of jobs in each unfinished status."""

    async def ping(self) -> None:
        """Read something. Raises StoreBusy when that is not possible."""

    async def check(self) -> None:
        """Read everything, however long it takes. Raises DatabaseDamaged."""
