"""One transaction that may write: the core's :class:`generation.ports.Transaction` on a connection."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from db import queries_deliveries, queries_jobs, queries_ledger, queries_servers
from db.cipher import Cipher
from db.locks import Locks
from generation.audit import AuditEntry
from generation.delivery import Delivery
from generation.job import Job, JobId
from generation.ledger import Entry
from generation.limits import Limits, Usage
from generation.places import ServerRef, UserRef
from generation.policy import Policy
from generation.ports import Lease


class SqlTransaction:
    """Writes that happen together or not at all. A job or delivery that is read here stays as it is until the end."""

    def __init__(self, connection: AsyncConnection, cipher: Cipher) -> None:
        self._connection = connection
        self._cipher = cipher
        self._locks = Locks(connection)

    async def job_of_origin(self, origin: str) -> Job | None:
        """The job that this origin already caused; until the end nobody else can add one for it after looking."""
        await self._locks.hold_origin(origin)
        return await queries_jobs.job_of_origin(self._connection, origin)

    async def job(self, job_id: JobId) -> Job | None:
        """The job of that id."""
        return await queries_jobs.job_to_change(self._connection, job_id)

    async def delivery_of(self, job_id: JobId) -> Delivery | None:
        """The delivery of that job."""
        return await queries_deliveries.delivery_to_change(self._connection, job_id, self._cipher)

    async def limits_of(self, server: ServerRef) -> Limits | None:
        """The server's own limits (None: the defaults); nobody else changes them until the end."""
        await self._locks.hold_server(server)
        return await queries_servers.limits_of(self._connection, server)

    async def policy_of(self, server: ServerRef) -> Policy | None:
        """The server's own policy (None: no rules); nobody else changes it until the end."""
        await self._locks.hold_server(server)
        return await queries_servers.policy_of(self._connection, server)

    async def rules_of(self, server: ServerRef) -> tuple[Limits | None, Policy | None]:
        """The server's own limits and policy in one read; nobody else changes them until the end."""
        await self._locks.hold_server(server)
        return await queries_servers.rules_of(self._connection, server)

    async def usage(self, server: ServerRef, user: UserRef, now: datetime) -> Usage:
        """What is used; until the end nobody else reads this server's, or everybody's, in order to submit."""
        await self._locks.hold_server(server)
        await self._locks.hold_budget()
        return await queries_ledger.usage(self._connection, server, user, now)

    async def add_job(self, job: Job, delivery: Delivery, lease: Lease | None) -> None:
        """A new job and the message it owes."""
        await queries_jobs.add(self._connection, job, lease)
        await queries_deliveries.add(self._connection, delivery, self._cipher)

    async def save_job(self, job: Job, *, was: Job) -> None:
        """Write a job's new state; one that is final loses its lease, a wish to cancel stays. Raises StaleJob."""
        await queries_jobs.save(self._connection, job, was)

    async def request_cancel(self, job_id: JobId) -> None:
        """Ask for an unfinished job's end."""
        await queries_jobs.request_cancel(self._connection, job_id)

    async def claim(self, job_id: JobId, lease: Lease, now: datetime) -> bool:
        """Take an unfinished job that nobody else holds at ``now``."""
        return await queries_jobs.claim(self._connection, job_id, lease, now)

    async def release(self, job_id: JobId, owner: str) -> None:
        """Give a job back, if it is still this owner's."""
        await queries_jobs.release(self._connection, job_id, owner)

    async def append(self, entry: Entry) -> None:
        """Add one line to the ledger and to its totals."""
        await queries_ledger.append(self._connection, entry)

    async def save_delivery(self, delivery: Delivery) -> None:
        """Write a delivery's new state. Raises StaleJob when its job is gone."""
        await queries_deliveries.save(self._connection, delivery, self._cipher)

    async def claim_delivery(self, job_id: JobId, lease: Lease, now: datetime) -> bool:
        """Take an outcome that is due and that nobody else holds at ``now``."""
        return await queries_deliveries.claim(self._connection, job_id, lease, now)

    async def release_delivery(self, job_id: JobId, owner: str) -> None:
        """Give an outcome back, if it is still this owner's."""
        await queries_deliveries.release(self._connection, job_id, owner)

    async def set_limits(self, server: ServerRef, limits: Limits | None, audit: AuditEntry) -> None:
        """Write a server's limits (None: back to the defaults) and who did it."""
        await queries_servers.set_limits(self._connection, server, limits)
        await queries_servers.add_audit(self._connection, audit)

    async def set_policy(self, server: ServerRef, policy: Policy, audit: AuditEntry) -> None:
        """Write a server's policy and who did it."""
        await queries_servers.set_policy(self._connection, server, policy)
        await queries_servers.add_audit(self._connection, audit)
