"""The pauses table: every statement about it, and the methods that run it.

What a method promises is written in :mod:`generation.ports`.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import BindParameter, RowMapping, bindparam, delete, exists, or_, select

from db.dialects import insert_or
from db.engine import UtcDateTime
from db.queries.mapping import job_from_row, server_from_key, user_from_key
from db.queries.parts import StorePart, TransactionPart
from db.queries.servers import add_audit
from db.schema import PENDING, jobs, pauses
from generation.domain.job import Job
from generation.domain.refs import ServerRef
from generation.rules.audit import AuditEntry
from generation.rules.pause import EVERY_SERVER, Pause

_LASTS: Final = or_(pauses.c.until.is_(None), pauses.c.until > bindparam("now", type_=UtcDateTime))
_EVERY: Final[BindParameter[str]] = bindparam("every", value=str(EVERY_SERVER))
PAUSE_IN_FORCE: Final = (
    select(pauses)
    .where(pauses.c.server.in_([bindparam("of"), _EVERY]), _LASTS)
    # that of all servers is told first
    .order_by((pauses.c.server == _EVERY).desc())
    .limit(1)
)
PAUSED: Final = (
    select(pauses.c.server).where(pauses.c.server.in_([bindparam("of"), _EVERY]), _LASTS).limit(1)
)
IS_HELD: Final = exists().where(
    pauses.c.server.in_([jobs.c.server, _EVERY]), pauses.c.holds_waiting, _LASTS
)
"""Whether a pause that holds waiting jobs too is in force for the job's server."""
_HELD: Final = (
    select(jobs, pauses.c.reason)
    .join(pauses, pauses.c.server.in_([jobs.c.server, _EVERY]))
    .where(PENDING, pauses.c.holds_waiting, _LASTS)
    .order_by(jobs.c.number)
    .limit(bindparam("most"))
)
_PAUSES: Final = select(pauses).where(_LASTS).order_by(pauses.c.at)


class PauseStore(StorePart):
    """What the store reads of pauses."""

    async def held_jobs(self, now: datetime, *, limit: int) -> list[tuple[Job, str]]:
        # usually nothing is paused, and the jobs are not looked at
        if not any(pause.holds_waiting for pause in await self.pauses(now)):
            return []
        async with self._read() as connection:
            rows = (await connection.execute(_HELD, {"now": now, "most": limit})).mappings().all()
        # by a pause of all and one of its server a job is held once
        held = {row[jobs.c.id]: (job_from_row(row), row[pauses.c.reason]) for row in rows}
        return list(held.values())

    async def pauses(self, now: datetime) -> list[Pause]:
        async with self._read() as connection:
            rows = (await connection.execute(_PAUSES, {"now": now})).mappings()
            return [pause_from_row(row) for row in rows]


class PauseTransaction(TransactionPart):
    """What a transaction reads and writes of pauses."""

    async def pause_at(self, server: ServerRef, now: datetime) -> Pause | None:
        async with self._read(str(server)) as connection:
            found = await connection.execute(
                select(pauses).where(pauses.c.server == bindparam("of"), _LASTS),
                {"of": str(server), "now": now},
            )
            row = found.mappings().first()
        return None if row is None else pause_from_row(row)

    async def set_pause(self, server: ServerRef, pause: Pause | None, audit: AuditEntry) -> None:
        await self._connection.execute(
            delete(pauses).where(pauses.c.server == bindparam("of")), {"of": str(server)}
        )
        if pause is not None:
            await self._connection.execute(
                insert_or(self._connection.dialect.name, pauses).values(
                    server=str(pause.server),
                    reason=pause.reason,
                    by=str(pause.by),
                    at=pause.at,
                    until=pause.until,
                    holds_waiting=pause.holds_waiting,
                )
            )
        await add_audit(self._connection, audit)


def pause_from_row(row: RowMapping) -> Pause:
    """The pause in a row of :data:`db.schema.pauses`."""
    c = pauses.c
    return Pause(
        server=server_from_key(row[c.server]),
        reason=row[c.reason],
        by=user_from_key(row[c.by]),
        at=row[c.at],
        until=row[c.until],
        holds_waiting=row[c.holds_waiting],
    )
