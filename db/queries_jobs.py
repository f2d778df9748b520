"""What is asked of the jobs table, by meaning; each function is one statement on a connection that it is handed.

The statements that every job needs are built once, with parameters: building and comparing them costs more than SQLite.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, bindparam, func, insert, literal_column, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.rows import changed_job_values, job_of, new_job_values
from db.schema import LEFT_BEHIND, UNFINISHED, jobs
from db.unreadable import Unreadable, first
from generation.errors import StaleJob
from generation.job import FINAL, Job, JobId, JobStatus
from generation.places import ServerRef, UserRef
from generation.ports import Lease
from generation.progress import MOST_AHEAD

MOST_CANCELLATIONS: Final = 1000
"""Read at a time; the next look finds the rest."""

_OLDEST_FIRST: Final = (jobs.c.created_at, jobs.c.number)
_NEWEST_FIRST: Final = (jobs.c.created_at.desc(), jobs.c.number.desc())
_WAITING: Final = and_(
    UNFINISHED, jobs.c.status.in_([literal_column(f"'{s}'") for s in (JobStatus.PENDING, JobStatus.QUEUED)])
)
_PENDING: Final = and_(UNFINISHED, jobs.c.status == literal_column(f"'{JobStatus.PENDING}'"))
_NO_LEASE: Final = {"lease_owner": None, "lease_until": None}
_IS_FREE: Final = or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= bindparam("now"))

_JOB: Final = select(jobs).where(jobs.c.id == bindparam("job_id"))
_JOB_TO_CHANGE: Final = _JOB.with_for_update()
_JOB_OF_ORIGIN: Final = select(jobs).where(jobs.c.origin == bindparam("of"))
_CLAIMABLE: Final = (
    select(jobs)
    .where(_PENDING, or_(jobs.c.not_before.is_(None), jobs.c.not_before <= bindparam("now")), _IS_FREE)
    .order_by(*_OLDEST_FIRST)
    .limit(bindparam("most"))
)
_CANCELLATIONS: Final = (
    select(jobs.c.id)
    .where(UNFINISHED, jobs.c.lease_owner == bindparam("owner"), jobs.c.cancel_requested == true())
    .limit(MOST_CANCELLATIONS)
)
_THIS: Final = select(jobs.c.created_at, jobs.c.number).where(jobs.c.id == bindparam("job_id")).subquery()
_OLDER: Final = and_(
    jobs.c.created_at <= _THIS.c.created_at,  # said first and alone, it is a range of the index
    or_(jobs.c.created_at < _THIS.c.created_at, jobs.c.number < _THIS.c.number),
)
_OLDER_ONES: Final = select(jobs.c.number).join(_THIS, true()).where(_WAITING, _OLDER).limit(MOST_AHEAD)
_WAITING_ONES: Final = select(jobs.c.number).where(_WAITING).limit(MOST_AHEAD)
_UNDER_WAY: Final = select(
    func.count().filter(jobs.c.user == bindparam("by")),
    func.count(),
    select(func.count()).select_from(_WAITING_ONES.subquery()).scalar_subquery(),
).where(UNFINISHED, jobs.c.server == bindparam("place"))
_AHEAD: Final = select(func.count()).select_from(_OLDER_ONES.subquery())
_ADD: Final = insert(jobs).inline()
_SAVE: Final = update(jobs).where(
    jobs.c.id == bindparam("job_id"),
    jobs.c.status == bindparam("was"),
    jobs.c.attempt == bindparam("was_attempt"),
    jobs.c.backend.is_not_distinct_from(bindparam("was_at")),
)
_CLAIM: Final = update(jobs).where(
    UNFINISHED, jobs.c.id == bindparam("job_id"), or_(jobs.c.lease_owner == bindparam("owner"), _IS_FREE)
)


async def job(connection: AsyncConnection, job_id: JobId) -> Job | None:
    """The job of that id."""
    return await first(connection, _JOB, job_of, {"job_id": job_id})


async def job_to_change(connection: AsyncConnection, job_id: JobId) -> Job | None:
    """The job of that id, held until the transaction ends: what is read is still true when it is written back."""
    return await first(connection, _JOB_TO_CHANGE, job_of, {"job_id": job_id})


async def job_of_origin(connection: AsyncConnection, origin: str) -> Job | None:
    """The job that this origin already caused."""
    return await first(connection, _JOB_OF_ORIGIN, job_of, {"of": origin})


async def jobs_of(
    connection: AsyncConnection, user: UserRef, server: ServerRef, limit: int, unreadable: Unreadable
) -> list[Job]:
    """A member's jobs in a server, newest first."""
    mine = select(jobs).where(jobs.c.user == str(user), jobs.c.server == str(server))
    return await unreadable.readable(connection, mine.order_by(*_NEWEST_FIRST).limit(limit), job_of)


async def unfinished_in(
    connection: AsyncConnection, server: ServerRef, limit: int, unreadable: Unreadable
) -> list[Job]:
    """A server's jobs under way, oldest first."""
    under_way = select(jobs).where(UNFINISHED, jobs.c.server == str(server))
    return await unreadable.readable(connection, under_way.order_by(*_OLDEST_FIRST).limit(limit), job_of)


async def claimable(connection: AsyncConnection, now: datetime, limit: int, unreadable: Unreadable) -> list[Job]:
    """Pending jobs that are due and held by nobody, oldest first."""
    return await unreadable.readable(connection, _CLAIMABLE, job_of, {"now": now, "most": limit})


async def orphans(
    connection: AsyncConnection,
    owner: str,
    now: datetime,
    *,
    carried: Collection[JobId],
    limit: int,
    unreadable: Unreadable,
) -> list[Job]:
    """Unfinished jobs past PENDING that this owner holds or nobody does, oldest first, without those it carries: they
    are most of them, and not worth reading."""
    mine = or_(jobs.c.lease_owner == owner, _free(now))
    lost = and_(UNFINISHED, jobs.c.status != JobStatus.PENDING.value, mine)
    ids = await unreadable.ids(connection, select(jobs.c.id).where(lost).order_by(*_OLDEST_FIRST))
    left = [each for each in ids if each not in carried][:limit]
    if not left:
        return []
    found = select(jobs).where(lost, jobs.c.id.in_(left)).order_by(*_OLDEST_FIRST)
    return await unreadable.readable(connection, found, job_of)


async def made_lately(connection: AsyncConnection, limit: int, unreadable: Unreadable) -> list[Job]:
    """Those of the newest ``limit`` jobs that have become clips, oldest first."""
    newest = select(func.max(jobs.c.number)).scalar_subquery()
    made = select(jobs).where(jobs.c.number > newest - limit, jobs.c.status == JobStatus.SUCCEEDED.value)
    return await unreadable.readable(connection, made.order_by(jobs.c.number), job_of)


async def left_behind(connection: AsyncConnection, limit: int, unreadable: Unreadable) -> list[Job]:
    """Jobs that have left a request behind and cannot come back to it any more, oldest first."""
    may_return = [status.value for status in (JobStatus.PENDING, JobStatus.SUBMITTING)]
    moved_on = select(jobs).where(LEFT_BEHIND, jobs.c.status.not_in(may_return))
    return await unreadable.readable(connection, moved_on.order_by(jobs.c.number).limit(limit), job_of)


async def cancellations(connection: AsyncConnection, owner: str) -> list[JobId]:
    """Unfinished jobs of this owner whose end was asked for."""
    return list((await connection.scalars(_CANCELLATIONS, {"owner": owner})).all())


async def ahead_of(connection: AsyncConnection, job_id: JobId) -> int:
    """How many waiting jobs are older than this one, counted up to ``MOST_AHEAD``."""
    return (await connection.execute(_AHEAD, {"job_id": job_id})).scalar_one()


async def status_counts(connection: AsyncConnection) -> dict[str, int]:
    """How many unfinished jobs there are in each status; none is a number too."""
    rows = await connection.execute(select(jobs.c.status, func.count()).where(UNFINISHED).group_by(jobs.c.status))
    counts = {status.value: 0 for status in JobStatus if status not in FINAL}
    return counts | dict(rows.all())


async def touch(connection: AsyncConnection) -> None:
    """Read the table, so that a file that is gone or a server that is away is noticed."""
    await connection.execute(select(jobs.c.number).limit(1))


async def under_way(connection: AsyncConnection, server: ServerRef, user: UserRef) -> tuple[int, int, int]:
    """How many jobs are under way, the member's in this server and the server's; and how many wait anywhere, counted up
    to ``MOST_AHEAD``."""
    row = (await connection.execute(_UNDER_WAY, {"by": str(user), "place": str(server)})).one()
    return row[0], row[1], row[2]


async def add(connection: AsyncConnection, job: Job, lease: Lease | None) -> None:
    """Insert a new job."""
    held = _held_by(lease) if lease else _NO_LEASE
    await connection.execute(_ADD, {**new_job_values(job), **held})


async def save(connection: AsyncConnection, job: Job, was: Job) -> None:
    """Write what changed; a final job is held by nobody. Raises StaleJob when it has moved since it was ``was``.

    It has when it is in the same status but of another attempt, or at another backend.
    """
    values = changed_job_values(job)
    if job.cancel_requested:
        values["cancel_requested"] = True
    if job.status.is_final:
        values |= _NO_LEASE
    known = {"job_id": job.id, "was": was.status.value, "was_attempt": was.attempt, "was_at": was.backend}
    if (await connection.execute(_SAVE, {**values, **known})).rowcount == 0:
        raise StaleJob(job.id)


async def request_cancel(connection: AsyncConnection, job_id: JobId) -> None:
    """Ask for a job's end; a finished one keeps its state."""
    await connection.execute(update(jobs).where(UNFINISHED, jobs.c.id == job_id).values(cancel_requested=True))


async def claim(connection: AsyncConnection, job_id: JobId, lease: Lease, now: datetime) -> bool:
    """Take an unfinished job that nobody else holds; False when somebody does."""
    asked = {**_held_by(lease), "job_id": job_id, "owner": lease.owner, "now": now}
    return (await connection.execute(_CLAIM, asked)).rowcount == 1


async def release(connection: AsyncConnection, job_id: JobId, owner: str) -> None:
    """Give a job back, if it is still this owner's."""
    mine = update(jobs).where(jobs.c.id == job_id, jobs.c.lease_owner == owner)
    await connection.execute(mine.values(**_NO_LEASE))


async def renew_leases(connection: AsyncConnection, lease: Lease) -> None:
    """Hold on to everything unfinished that this owner holds."""
    mine = update(jobs).where(UNFINISHED, jobs.c.lease_owner == lease.owner)
    await connection.execute(mine.values(lease_until=lease.until))


def _held_by(lease: Lease) -> dict[str, object]:
    return {"lease_owner": lease.owner, "lease_until": lease.until}


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= now)
