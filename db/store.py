"""The database, by meaning: the core's :class:`generation.ports.Store` on SQLite or PostgreSQL."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from sqlalchemy.ext.asyncio import AsyncEngine

from db import queries_deliveries, queries_jobs, queries_ledger, queries_servers
from db.cipher import Cipher
from db.engine import begin_read, begin_write, close, open_engine, upgrade
from db.queries_ledger import Discrepancy
from db.schema import VERSION_TABLE, deliveries, jobs
from db.transaction import SqlTransaction
from db.unreadable import Tell, Unreadable, write_down
from generation.audit import AuditEntry
from generation.delivery import Delivery
from generation.job import Job, JobId
from generation.ledger import Entry, Totals
from generation.limits import Limits, Usage
from generation.places import MessageRef, Platform, ServerRef, UserRef
from generation.policy import Policy
from generation.ports import Lease
from generation.urgency import Urgency

MIGRATIONS: Final = Path(__file__).with_name("migrations")


class SqlStore:
    """Every method is one short transaction and raises StoreError or one of its children, on a full disk StorageFull.

    Lists come without the rows that cannot be read; ``tell`` hears of each of those once. Close it in the loop that
    opened it.
    """

    def __init__(self, engine: AsyncEngine, cipher: Cipher, *, tell: Tell = write_down) -> None:
        """For an engine whose database is up to date; :meth:`open` sees to that."""
        self._engine = engine
        self._cipher = cipher
        self._bad_jobs = Unreadable(jobs.c.id, tell)
        self._bad_deliveries = Unreadable(deliveries.c.job_id, tell)

    @classmethod
    async def open(cls, url: str, cipher: Cipher, *, tell: Tell = write_down) -> Self:
        """Connect to ``sqlite:///file`` or ``postgresql://…`` and bring its tables up to date.

        Raises DatabaseTooNew for a database of a newer Flipbook, StoreBusy when it cannot be reached.
        """
        engine = open_engine(url)
        try:
            await upgrade(engine, MIGRATIONS, VERSION_TABLE)
        except BaseException:
            await engine.dispose()
            raise
        return cls(engine, cipher, tell=tell)

    async def close(self) -> None:
        """Close every connection; one that still commits is waited for."""
        await close(self._engine)

    @asynccontextmanager
    async def transaction(self, urgency: Urgency = Urgency.BACKGROUND) -> AsyncIterator[SqlTransaction]:
        """Writes that happen together or not at all. Keep it short; nothing slow inside, and no second one."""
        async with begin_write(self._engine, urgency) as connection:
            yield SqlTransaction(connection, self._cipher)

    async def job(self, job_id: JobId) -> Job | None:
        """The job of that id."""
        async with begin_read(self._engine) as connection:
            return await queries_jobs.job(connection, job_id)

    async def delivery_of(self, job_id: JobId) -> Delivery | None:
        """The delivery of that job."""
        async with begin_read(self._engine) as connection:
            return await queries_deliveries.delivery(connection, job_id, self._cipher)

    async def job_of_message(self, message: MessageRef) -> Job | None:
        """The job that a message shows, whatever thread the message is said to be in."""
        async with begin_read(self._engine) as connection:
            return await queries_deliveries.job_of_message(connection, message)

    async def jobs_of(self, user: UserRef, server: ServerRef, *, limit: int) -> list[Job]:
        """A member's jobs in a server, newest first."""
        async with begin_read(self._engine) as connection:
            return await queries_jobs.jobs_of(connection, user, server, limit, self._bad_jobs)

    async def unfinished_in(self, server: ServerRef, *, limit: int) -> list[Job]:
        """A server's jobs under way, oldest first."""
        async with begin_read(self._engine) as connection:
            return await queries_jobs.unfinished_in(connection, server, limit, self._bad_jobs)

    async def claimable(self, now: datetime, *, limit: int) -> list[Job]:
        """Pending jobs that are due and held by nobody, oldest first."""
        async with begin_read(self._engine) as connection:
            return await queries_jobs.claimable(connection, now, limit, self._bad_jobs)

    async def orphans(
        self, owner: str, now: datetime, *, limit: int, carried: Collection[JobId] = frozenset()
    ) -> list[Job]:
        """Unfinished jobs past PENDING that this owner holds already, except those it carries, or whose holder is
        gone, oldest first."""
        async with begin_read(self._engine) as connection:
            return await queries_jobs.orphans(
                connection, owner, now, carried=carried, limit=limit, unreadable=self._bad_jobs
            )

    async def renew_leases(self, lease: Lease) -> None:
        """Hold on, until ``lease.until``, to everything unfinished that ``lease.owner`` holds."""
        async with begin_write(self._engine) as connection:
            await queries_jobs.renew_leases(connection, lease)

    async def ahead_of(self, job: Job) -> int:
        """How many older jobs wait (pending or queued), counted up to :data:`generation.progress.MOST_AHEAD`."""
        async with begin_read(self._engine) as connection:
            return await queries_jobs.ahead_of(connection, job.id)

    async def made_lately(self, *, limit: int) -> list[Job]:
        """Those of the newest ``limit`` jobs that have become clips, oldest first."""
        async with begin_read(self._engine) as connection:
            return await queries_jobs.made_lately(connection, limit, self._bad_jobs)

    async def left_behind(self, *, limit: int) -> list[Job]:
        """Jobs that have left a request behind at a backend and cannot come back to it any more."""
        async with begin_read(self._engine) as connection:
            return await queries_jobs.left_behind(connection, limit, self._bad_jobs)

    async def cancellations(self, owner: str) -> list[JobId]:
        """Unfinished jobs of this owner whose end was asked for."""
        async with begin_read(self._engine) as connection:
            return await queries_jobs.cancellations(connection, owner)

    async def owed_deliveries(
        self, now: datetime, *, owner: str, platforms: frozenset[Platform], limit: int
    ) -> list[tuple[Job, Delivery]]:
        """Outcomes that are due in the channels of these platforms and that nobody else holds, the longest due
        first."""
        async with begin_read(self._engine) as connection:
            return await queries_deliveries.owed_deliveries(
                connection,
                now,
                owner=owner,
                platforms=platforms,
                limit=limit,
                cipher=self._cipher,
                unreadable=self._bad_deliveries,
            )

    async def renew_delivery_leases(self, lease: Lease) -> None:
        """Hold on, until ``lease.until``, to every outcome that ``lease.owner`` holds."""
        async with begin_write(self._engine) as connection:
            await queries_deliveries.renew_leases(connection, lease)

    async def limits_of(self, server: ServerRef) -> Limits | None:
        """The server's own limits; None: the defaults."""
        async with begin_read(self._engine) as connection:
            return await queries_servers.limits_of(connection, server)

    async def policy_of(self, server: ServerRef) -> Policy | None:
        """The server's own policy; None: no rules."""
        async with begin_read(self._engine) as connection:
            return await queries_servers.policy_of(connection, server)

    async def usage(self, server: ServerRef, user: UserRef, now: datetime) -> Usage:
        """What is used, to be shown; to decide by it, read it in a transaction."""
        async with begin_read(self._engine) as connection:
            return await queries_ledger.usage(connection, server, user, now)

    async def audit_of(self, server: ServerRef, *, limit: int) -> list[AuditEntry]:
        """What admins changed in a server, newest first."""
        async with begin_read(self._engine) as connection:
            return await queries_servers.audit_of(connection, server, limit)

    async def ledger_of(self, job_id: JobId) -> list[Entry]:
        """A job's lines, oldest first."""
        async with begin_read(self._engine) as connection:
            return await queries_ledger.ledger_of(connection, job_id)

    async def totals(self, scope: str, now: datetime) -> Totals:
        """What a scope has used on the UTC day of ``now``."""
        async with begin_read(self._engine) as connection:
            return await queries_ledger.totals(connection, scope, now)

    async def ledger_discrepancies(self) -> list[Discrepancy]:
        """Every day's totals that are not the sum of their lines. Reads the whole ledger: for ``flipbook doctor``."""
        async with begin_read(self._engine) as connection:
            return await queries_ledger.discrepancies(connection)

    async def status_counts(self) -> dict[str, int]:
        """How many unfinished jobs there are in each of the unfinished statuses."""
        async with begin_read(self._engine) as connection:
            return await queries_jobs.status_counts(connection)

    async def ping(self) -> None:
        """Read something. Raises StoreBusy when that is not possible."""
        async with begin_read(self._engine) as connection:
            await queries_jobs.touch(connection)
