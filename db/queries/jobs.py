"""The jobs table: every statement about it, and the methods that run it.

What a method promises is written in :mod:`generation.ports`. Statements are built once, with
parameters: building and comparing them takes longer than SQLite needs to run them.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Select,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    true,
    tuple_,
    update,
)

from db.dialects import LeaseEnd, LeaseNow, insert_or, lease_parameters
from db.engine import UtcDateTime
from db.queries.corrupt_rows import first, first_to_change
from db.queries.mapping import (
    NO_LEASE,
    changed_job_values,
    job_from_row,
    new_job_values,
)
from db.queries.parts import StorePart, TransactionPart
from db.queries.pauses import IS_HELD
from db.schema import ABANDONED, PENDING, UNFINISHED, clip_numbers, jobs
from db.statements import Change, first_row
from generation.domain.job import FINAL, Job, JobId, JobStatus
from generation.domain.refs import ServerRef, UserRef
from generation.ports import Lease
from generation.protocol.errors import StaleJob

MAX_CANCELLATIONS: Final = 1000
"""How many are read at a time; the next call finds the rest."""

_OLDEST_FIRST: Final = (jobs.c.created_at, jobs.c.number)
_NEWEST_FIRST: Final = (jobs.c.created_at.desc(), jobs.c.number.desc())
# UNFINISHED in addition: without it SQLite does not use the partial indexes
_PENDING: Final = and_(UNFINISHED, PENDING)
_IS_DUE: Final = or_(jobs.c.not_before.is_(None), jobs.c.not_before <= bindparam("now"))
_IS_FREE: Final = or_(jobs.c.lease_until.is_(None), jobs.c.lease_until <= LeaseNow())
_IS_OWN: Final = jobs.c.lease_owner == bindparam("owner")
_LIMIT: Final[BindParameter[int]] = bindparam("most")

_JOB: Final = select(jobs).where(jobs.c.id == bindparam("job_id"))
# SQLite has no FOR UPDATE and SQLAlchemy leaves it out there
_JOB_TO_CHANGE: Final = _JOB.with_for_update()
_JOB_OF_ORIGIN: Final = select(jobs).where(jobs.c.origin == bindparam("of"))
_IS_ORIGIN_KNOWN: Final = select(jobs.c.number).where(jobs.c.origin == bindparam("of"))
_JOBS_OF: Final = (
    select(jobs)
    .where(jobs.c.user == bindparam("by"), jobs.c.server == bindparam("server"))
    .order_by(*_NEWEST_FIRST)
    .limit(_LIMIT)
)
# by place, not by count: a page costs the same however far back it is
_PLACE: Final = select(jobs.c.created_at, jobs.c.number).where(jobs.c.id == bindparam("job_id"))
_HERE: Final = tuple_(jobs.c.created_at, jobs.c.number)
_THERE: Final = tuple_(
    bindparam("created_at", type_=UtcDateTime), bindparam("number", type_=BigInteger)
)
_OLDER: Final = _JOBS_OF.where(_HERE < _THERE)
_NEWER: Final = _JOBS_OF.where(_HERE > _THERE).order_by(None).order_by(*_OLDEST_FIRST)
_JOB_NUMBERED: Final = select(jobs).where(
    jobs.c.server == bindparam("server"), jobs.c.number_in_server == bindparam("of")
)
_UNFINISHED_IN: Final = (
    select(jobs)
    .where(UNFINISHED, jobs.c.server == bindparam("server"))
    .order_by(*_OLDEST_FIRST)
    .limit(_LIMIT)
)
_WAITING_TURNS: Final = (
    select(
        jobs.c.number,
        func.row_number()
        .over(partition_by=(jobs.c.server, jobs.c.user), order_by=jobs.c.number)
        .label("turn"),
    )
    .where(PENDING, _IS_DUE, _IS_FREE, ~IS_HELD)
    .subquery()
)
_WAITING_IDS: Final = (
    select(jobs.c.id)
    .join(_WAITING_TURNS, _WAITING_TURNS.c.number == jobs.c.number)
    .order_by(_WAITING_TURNS.c.turn, _WAITING_TURNS.c.number)
    .limit(_LIMIT)
)
_JOBS: Final = (
    select(jobs).where(jobs.c.id.in_(bindparam("ids", expanding=True))).order_by(jobs.c.number)
)
_CLAIMABLE: Final = (
    select(jobs).where(_PENDING, _IS_DUE, _IS_FREE, ~IS_HELD).order_by(*_OLDEST_FIRST).limit(_LIMIT)
)
_IS_STALLED: Final = and_(
    UNFINISHED, jobs.c.status != JobStatus.PENDING.value, or_(_IS_OWN, _IS_FREE)
)
_STALLED_IDS: Final = select(jobs.c.id).where(_IS_STALLED).order_by(*_OLDEST_FIRST)
_STALLED: Final = (
    select(jobs)
    .where(_IS_STALLED, jobs.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(*_OLDEST_FIRST)
)
# by number, not by time: a range of the primary key, however many jobs there are
_RECENT_CLIPS: Final = (
    select(jobs)
    .where(
        jobs.c.number > select(func.max(jobs.c.number)).scalar_subquery() - bindparam("newest"),
        jobs.c.status == JobStatus.SUCCEEDED.value,
    )
    .order_by(jobs.c.number)
)
_ABANDONED_REQUESTS: Final = (
    select(jobs)
    .where(
        ABANDONED,
        # these two may still come back to the request
        jobs.c.status.not_in([JobStatus.PENDING.value, JobStatus.SUBMITTING.value]),
    )
    .order_by(jobs.c.number)
    .limit(_LIMIT)
)
_CANCELLATIONS: Final = (
    select(jobs.c.id)
    .where(UNFINISHED, _IS_OWN, jobs.c.cancel_requested == true())
    .limit(MAX_CANCELLATIONS)
)
_STATUS_COUNTS: Final = (
    select(jobs.c.status, func.count()).where(UNFINISHED).group_by(jobs.c.status)
)
_PING: Final = select(jobs.c.number).limit(1)


def _count_up(dialect: str) -> Change:
    """The counter's row is the lock: it is held until the transaction ends."""
    first_one = insert_or(dialect, clip_numbers).values(server=bindparam("server"), last=1)
    return first_one.on_conflict_do_update(
        index_elements=[clip_numbers.c.server], set_={"last": clip_numbers.c.last + 1}
    ).returning(clip_numbers.c.last)


_COUNT_UP: Final = {dialect: _count_up(dialect) for dialect in ("sqlite", "postgresql")}
_SKIP: Final = update(clip_numbers).values(last=(clip_numbers.c.last // 1000 + 2) * 1000)
_INSERT: Final = insert(jobs).inline()  # without RETURNING: the number is not needed
_INSERT_LEASED: Final = _INSERT.values(lease_owner=bindparam("owner"), lease_until=LeaseEnd())
_SAVE: Final = update(jobs).where(
    jobs.c.id == bindparam("job_id"),
    jobs.c.status == bindparam("was_status"),
    jobs.c.attempt == bindparam("was_attempt"),
    # = would never be true for NULL, the backend of a pending job
    jobs.c.backend.is_not_distinct_from(bindparam("was_backend")),
)
_REQUEST_CANCEL: Final = (
    update(jobs).where(UNFINISHED, jobs.c.id == bindparam("job_id")).values(cancel_requested=True)
)
_CLAIM: Final = (
    update(jobs)
    .where(UNFINISHED, jobs.c.id == bindparam("job_id"), or_(_IS_OWN, _IS_FREE))
    .values(lease_owner=bindparam("owner"), lease_until=LeaseEnd())
)
_RELEASE: Final = update(jobs).where(jobs.c.id == bindparam("job_id"), _IS_OWN).values(**NO_LEASE)
_RENEW: Final = update(jobs).where(UNFINISHED, _IS_OWN).values(lease_until=LeaseEnd())


class JobStore(StorePart):
    """What the store reads of jobs."""

    async def job(self, job_id: JobId) -> Job | None:
        async with self._read() as connection:
            return await first(connection, _JOB, job_from_row, {"job_id": job_id})

    async def jobs_of(
        self,
        user: UserRef,
        server: ServerRef,
        *,
        limit: int,
        older_than: JobId | None = None,
        newer_than: JobId | None = None,
    ) -> list[Job]:
        whose = {"by": str(user), "server": str(server), "most": limit}
        beside = newer_than or older_than
        if beside is None:
            return await self._jobs(_JOBS_OF, **whose)
        async with self._read() as connection:
            place = (await connection.execute(_PLACE, {"job_id": beside})).first()
        if place is None:
            return []
        whose |= {"created_at": place.created_at, "number": place.number}
        if newer_than is None:
            return await self._jobs(_OLDER, **whose)
        return (await self._jobs(_NEWER, **whose))[::-1]

    async def job_numbered(self, server: ServerRef, number: int) -> Job | None:
        values = {"server": str(server), "of": number}
        async with self._read() as connection:
            return await first(connection, _JOB_NUMBERED, job_from_row, values)

    async def unfinished_in(self, server: ServerRef, *, limit: int) -> list[Job]:
        return await self._jobs(_UNFINISHED_IN, server=str(server), most=limit)

    async def waiting_ids(self, now: datetime, *, limit: int) -> list[JobId]:
        async with self._read() as connection:
            found = {"now": now, "most": limit}
            return [
                JobId(each)
                for each in await self._unreadable_jobs.ids(connection, _WAITING_IDS, found)
            ]

    async def jobs(self, ids: Collection[JobId]) -> list[Job]:
        return await self._jobs(_JOBS, ids=list(ids))

    async def claimable(self, now: datetime, *, limit: int) -> list[Job]:
        return await self._jobs(_CLAIMABLE, now=now, most=limit)

    async def stalled_jobs(
        self, owner: str, now: datetime, *, limit: int, excluding: Collection[JobId] = frozenset()
    ) -> list[Job]:
        holder = {"owner": owner, "now": now}
        async with self._read() as connection:
            # most are excluded, and reading a row takes far longer than reading an id
            ids = await self._unreadable_jobs.ids(connection, _STALLED_IDS, holder)
            left = [each for each in ids if each not in excluding][:limit]
            if not left:
                return []
            return await self._unreadable_jobs.read_others(
                connection, _STALLED, job_from_row, {**holder, "ids": left}
            )

    async def recent_clips(self, *, limit: int) -> list[Job]:
        return await self._jobs(_RECENT_CLIPS, newest=limit)

    async def abandoned_requests(self, *, limit: int) -> list[Job]:
        return await self._jobs(_ABANDONED_REQUESTS, most=limit)

    async def cancellations(self, owner: str) -> list[JobId]:
        async with self._read() as connection:
            return list((await connection.scalars(_CANCELLATIONS, {"owner": owner})).all())

    async def status_counts(self) -> dict[str, int]:
        async with self._read() as connection:
            rows = (await connection.execute(_STATUS_COUNTS)).all()
        # GROUP BY returns no row for a status without jobs
        return {status.value: 0 for status in JobStatus if status not in FINAL} | dict(rows)

    async def ping(self) -> None:
        async with self._read() as connection:
            await connection.execute(_PING)

    async def renew_leases(self, lease: Lease) -> None:
        async with self._write() as connection:
            await connection.execute(_RENEW, lease_parameters(lease))

    async def _jobs(self, query: Select[Any], **parameters: object) -> list[Job]:
        async with self._read() as connection:
            return await self._unreadable_jobs.read_others(
                connection, query, job_from_row, parameters
            )


class JobTransaction(TransactionPart):
    """What a transaction reads and writes of jobs."""

    async def job(self, job_id: JobId) -> Job | None:
        return await first_to_change(
            self._connection, _JOB_TO_CHANGE, job_from_row, {"job_id": job_id}
        )

    async def job_of_origin(self, origin: str) -> Job | None:
        # before the read: the other transaction's job must be visible to it
        await self._locks.lock_origin(origin)
        # almost always it is new, and the wide query costs more than this one
        if await first_row(self._connection, _IS_ORIGIN_KNOWN, {"of": origin}) is None:
            return None
        return await first_to_change(self._connection, _JOB_OF_ORIGIN, job_from_row, {"of": origin})

    async def next_number(self, server: ServerRef) -> int:
        # in the order of locks: the server's row is taken before its counter
        counted = _COUNT_UP[self._connection.dialect.name]
        return int((await first_row(self._connection, counted, {"server": str(server)})).last)

    async def skip_numbers(self) -> None:
        await self._change(_SKIP, {})

    async def save_job(self, job: Job, *, was: Job) -> None:
        values = changed_job_values(job)
        if job.cancel_requested:
            # only ever set: another transaction may have asked for it since the job was read
            values["cancel_requested"] = True
        if job.status.is_final:
            values |= NO_LEASE
        values |= {
            "job_id": job.id,
            "was_status": was.status.value,
            "was_attempt": was.attempt,
            "was_backend": was.backend,
        }
        # no row matches: another process has changed the job, or it was deleted
        if await self._change(_SAVE, values) == 0:
            raise StaleJob(job.id)

    async def request_cancel(self, job_id: JobId) -> None:
        await self._change(_REQUEST_CANCEL, {"job_id": job_id})

    async def claim(self, job_id: JobId, lease: Lease, now: datetime) -> bool:
        values = {**lease_parameters(lease), "job_id": job_id, "now": now}
        return await self._change(_CLAIM, values) == 1

    async def release(self, job_id: JobId, owner: str) -> None:
        await self._change(_RELEASE, {"job_id": job_id, "owner": owner})

    async def _insert_job(self, job: Job, lease: Lease | None) -> None:
        if lease is None:
            await self._change(_INSERT, {**new_job_values(job), **NO_LEASE})
        else:
            values = {**new_job_values(job), **lease_parameters(lease)}
            await self._change(_INSERT_LEASED, values)
