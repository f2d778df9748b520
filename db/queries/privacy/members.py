"""What is kept of one member, read and forgotten: the statements, and the methods that run them.

What a method promises is written in :mod:`generation.ports.privacy`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import RowMapping, bindparam, delete, func, or_, select, union, update

from db.dialects import insert_or
from db.queries.ledger import entry_from_row
from db.queries.mapping import (
    NO_LEASE,
    Values,
    delivery_from_row,
    job_from_row,
    server_from_key,
    user_from_key,
)
from db.queries.parts import QueryPart, StorePart, TransactionPart
from db.queries.privacy.traces import note_traces
from db.schema import WITH_CLIP, deliveries, exports, forgettings, jobs, ledger, member_choices
from db.schema.reports import reports
from generation.domain.delivery import Delivery
from generation.domain.job import Job, JobId
from generation.domain.privacy import Forgetting, KeptOfMember
from generation.domain.refs import ServerRef, UserRef
from generation.protocol.errors import StaleJob
from generation.rules.ledger import Entry
from generation.rules.pseudonyms import MARK, Pseudonyms

_OF_USER: Final = jobs.c.user == bindparam("by")
_KEPT_OF: Final = select(
    func.count().label("jobs"),
    func.count().filter(jobs.c.prompt_removed_at.is_(None)).label("prompts"),
    func.count().filter(WITH_CLIP).label("clips"),
    func.coalesce(func.sum(jobs.c.artifact_bytes).filter(WITH_CLIP), 0).label("clip_bytes"),
).where(_OF_USER)
_ALL_JOBS_OF: Final = (
    select(jobs)
    .where(_OF_USER, jobs.c.created_at <= bindparam("until"), jobs.c.id > bindparam("after"))
    .order_by(jobs.c.id)
    .limit(bindparam("most"))
)
_MEMBERS: Final = union(
    select(jobs.c.server, jobs.c.user).where(jobs.c.user.not_like(f"%:{MARK}%")),
    select(member_choices.c.server, member_choices.c.user),
).order_by("server", "user")
_DELIVERIES: Final = select(deliveries).where(
    deliveries.c.job_id.in_(bindparam("ids", expanding=True))
)
_LEDGER: Final = (
    select(ledger)
    .where(ledger.c.job_id.in_(bindparam("ids", expanding=True)))
    .order_by(ledger.c.number)
)
_FORGETTINGS: Final = select(forgettings).order_by(forgettings.c.asked_at, forgettings.c.user)
_FORGETTING_OF: Final = select(forgettings).where(forgettings.c.user == bindparam("by"))
_END_FORGETTING: Final = delete(forgettings).where(forgettings.c.user == bindparam("by"))
_ADD_LEFT: Final = (
    update(forgettings)
    .where(forgettings.c.user == bindparam("by"))
    .values(left=forgettings.c.left + bindparam("count"))
)
_EXPORTED_AT: Final = select(exports.c.at).where(exports.c.user == bindparam("by"))
_FORGET_EXPORT: Final = delete(exports).where(exports.c.user == bindparam("by"))
_ERASE: Final = update(jobs).where(
    jobs.c.id == bindparam("job"), jobs.c.finished_at.is_not(None), _OF_USER
)
_HAS_ENDED: Final = select(jobs.c.finished_at.is_not(None)).where(jobs.c.id == bindparam("job"))
_DROP_REPORTS_WORDS: Final = (
    update(reports).where(reports.c.job_id == bindparam("job")).values(words="")
)
_DROP_DELIVERY: Final = delete(deliveries).where(deliveries.c.job_id == bindparam("job"))

_NOTHING_BUT_SHAPE: Final[Values] = {
    **NO_LEASE,
    "channel": "",
    "thread": None,
    "artifact_key": None,
    "artifact_bytes": None,
    "handle_backend": None,
    "handle_endpoint": None,
    "handle_request": None,
    "handle_attempt": None,
    "left_backend": None,
    "left_request": None,
    "left_attempt": None,
    "waiting_for": None,
    "avoided": None,
    "style": None,
    "defaults_used": None,
    "parent_channel": None,
    "parent_message": None,
}
"""What an erased job has in these columns. Of a channel the member may be the only one who wrote
there, and a backend's id of the request leads to the prompt as long as the backend keeps it."""


class ExportMoments(QueryPart):
    """What both the store and a transaction read."""

    async def exported_at(self, user: UserRef) -> datetime | None:
        async with self._read() as connection:
            at: datetime | None = await connection.scalar(_EXPORTED_AT, {"by": str(user)})
        return at


class MemberDataStore(ExportMoments, StorePart):
    """What the store reads of one member."""

    @property
    def pseudonyms(self) -> Pseudonyms:
        return self._cipher.pseudonyms

    async def kept_of(self, user: UserRef) -> KeptOfMember:
        async with self._read() as connection:
            row = (await connection.execute(_KEPT_OF, {"by": str(user)})).one()
        return KeptOfMember(row.jobs, row.prompts, row.clips, int(row.clip_bytes))

    async def forgettings(self) -> list[Forgetting]:
        async with self._read() as connection:
            rows = (await connection.execute(_FORGETTINGS)).mappings().all()
        return [_forgetting_from_row(row) for row in rows]

    async def forgetting_of(self, user: UserRef) -> Forgetting | None:
        async with self._read() as connection:
            row = (await connection.execute(_FORGETTING_OF, {"by": str(user)})).mappings().first()
        return None if row is None else _forgetting_from_row(row)

    async def all_jobs_of(
        self, user: UserRef, *, until: datetime, after: JobId | None, limit: int
    ) -> list[Job]:
        values = {"by": str(user), "until": until, "after": after or "", "most": limit}
        async with self._read() as connection:
            return await self._unreadable_jobs.read_others(
                connection, _ALL_JOBS_OF, job_from_row, values
            )

    async def known_members(self) -> list[tuple[ServerRef, UserRef]]:
        async with self._read() as connection:
            rows = (await connection.execute(_MEMBERS)).all()
        return [(server_from_key(row.server), user_from_key(row.user)) for row in rows]

    async def deliveries_of(self, jobs: Sequence[JobId]) -> Mapping[JobId, Delivery]:
        reader = partial(delivery_from_row, cipher=self._cipher)
        async with self._read() as connection:
            found = await self._unreadable_deliveries.read_others(
                connection, _DELIVERIES, reader, {"ids": list(jobs)}
            )
        return {delivery.job_id: delivery for delivery in found}

    async def ledger_of_jobs(self, jobs: Sequence[JobId]) -> list[Entry]:
        async with self._read() as connection:
            rows = (await connection.execute(_LEDGER, {"ids": list(jobs)})).mappings().all()
        return [entry_from_row(row) for row in rows]


class MemberDataTransaction(ExportMoments, TransactionPart):
    """What a transaction writes of one member."""

    async def ask_to_forget(self, asked: Forgetting) -> Forgetting:
        c = forgettings.c
        written = insert_or(self._connection.dialect.name, forgettings).values(
            user=str(asked.user),
            asked_at=asked.asked_at,
            server=None if asked.server is None else str(asked.server),
            left=0,
        )
        again = {"asked_at": written.excluded.asked_at, "server": written.excluded.server}
        await self._connection.execute(
            written.on_conflict_do_update(
                index_elements=[c.user], set_=again, where=c.asked_at < written.excluded.asked_at
            )
        )
        row = await self._connection.execute(_FORGETTING_OF, {"by": str(asked.user)})
        return _forgetting_from_row(row.mappings().one())

    async def end_forgetting(self, user: UserRef) -> None:
        for statement in (_FORGET_EXPORT, _END_FORGETTING):
            await self._connection.execute(statement, {"by": str(user)})
        await note_traces(self._connection)

    async def add_left_messages(self, user: UserRef, count: int) -> None:
        await self._connection.execute(_ADD_LEFT, {"by": str(user), "count": count})

    async def note_export(self, user: UserRef, at: datetime, *, since: datetime) -> bool:
        written = insert_or(self._connection.dialect.name, exports).values(user=str(user), at=at)
        # one statement: between a look and a write another process could write too; and a copy of
        # a time to come is one of a clock that was set back
        is_old = or_(exports.c.at <= since, exports.c.at > written.excluded.at)
        # not the number of written rows, which PostgreSQL does not tell of an INSERT
        noted = written.on_conflict_do_update(
            index_elements=[exports.c.user], set_={"at": written.excluded.at}, where=is_old
        ).returning(exports.c.user)
        return (await self._connection.execute(noted)).first() is not None

    async def forget_export(self, user: UserRef) -> None:
        await self._connection.execute(_FORGET_EXPORT, {"by": str(user)})

    async def erase_job(self, job: Job, at: datetime) -> bool:
        values: Values = {
            **_NOTHING_BUT_SHAPE,
            "job": job.id,
            "by": str(job.requested_by),
            "user": str(self._cipher.pseudonyms.of(job.channel.server, job.requested_by)),
            # the platform's name of the occasion may hold the member's id
            "origin": f"erased:{job.id}",
            "request": job.request.without_texts().model_dump_json(),
            "failure_detail": None if job.failure is None else "",
            "prompt_removed_at": job.prompt_removed_at or at,
        }
        if (await self._connection.execute(_ERASE, values)).rowcount == 0:
            if not await self._connection.scalar(_HAS_ENDED, {"job": job.id}):
                raise StaleJob(job.id)  # it goes on
            return False
        for statement in (_DROP_DELIVERY, _DROP_REPORTS_WORDS):
            await self._connection.execute(statement, {"job": job.id})
        return True


def _forgetting_from_row(row: RowMapping) -> Forgetting:
    c = forgettings.c
    server = row[c.server]
    return Forgetting(
        user=user_from_key(row[c.user]),
        asked_at=row[c.asked_at],
        server=None if server is None else server_from_key(server),
        left=row[c.left],
    )
