"""What grows old, and servers that are gone: the statements, and the methods that run them.

What a method promises is written in :mod:`generation.ports.privacy`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import ValidationError
from sqlalchemy import ColumnElement, and_, bindparam, delete, func, or_, select, update

from db.dialects import insert_or
from db.queries.mapping import job_from_row, server_from_key
from db.queries.parts import StorePart, TransactionPart
from db.queries.privacy.traces import note_traces
from db.schema import (
    WITH_CLIP,
    WITH_PROMPT,
    audit,
    deliveries,
    gone_servers,
    jobs,
    member_choices,
    notices,
    server_limits,
    server_policies,
    server_styles,
)
from db.schema.reports import reports
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import Job, JobId
from generation.domain.privacy import KeptAmount, KeptClip
from generation.domain.refs import Platform, ServerRef
from generation.protocol.request import NO_TEXTS, GenerationRequest
from generation.rules.pseudonyms import MARK

_SERVERS_OWN: Final = (
    server_limits,
    server_policies,
    server_styles,
    audit,
    notices,
    reports,
    member_choices,
)
"""Tables whose rows belong to a server; each has a column ``server``."""

_IDS: Final = jobs.c.id.in_(bindparam("ids", expanding=True))
_OWES_NOTHING: Final = ~(
    select(deliveries.c.job_id)
    .where(
        deliveries.c.job_id == jobs.c.id,
        deliveries.c.status.in_([DeliveryStatus.OWED.value, DeliveryStatus.OPEN.value]),
        # a terminal takes its own at once; of one that has left nobody comes for it any more
        deliveries.c.platform != Platform.TERMINAL.value,
    )
    .exists()
)
"""An ended job whose outcome has arrived, or never will."""


def _old(what: ColumnElement[bool]) -> ColumnElement[bool]:
    of_server = jobs.c.server == bindparam("of")
    return and_(what, of_server, jobs.c.finished_at < bindparam("before"), _OWES_NOTHING)


_OLD_CLIPS: Final = (
    select(jobs.c.id, jobs.c.artifact_key, jobs.c.artifact_bytes)
    .where(_old(WITH_CLIP))
    .order_by(jobs.c.finished_at)
    .limit(bindparam("most"))
)
_OLD_PROMPTS: Final = (
    select(jobs.c.id).where(_old(WITH_PROMPT)).order_by(jobs.c.finished_at).limit(bindparam("most"))
)
_OLD_CLIP_BYTES: Final = select(
    func.count().label("count"), func.coalesce(func.sum(jobs.c.artifact_bytes), 0).label("bytes")
).where(_old(WITH_CLIP))
_OLD_PROMPT_COUNT: Final = select(func.count()).where(_old(WITH_PROMPT))
# one step of the index for each server, instead of one for each job
_NEXT_SERVERS: Final = tuple(
    select(func.min(jobs.c.server)).where(what, jobs.c.server > bindparam("after"))
    for what in (WITH_CLIP, WITH_PROMPT)
)
_JOBS_IN: Final = (
    select(jobs)
    .where(
        jobs.c.server == bindparam("of"),
        jobs.c.id > bindparam("after"),
        or_(jobs.c.prompt_removed_at.is_(None), jobs.c.user.not_like(f"%:{MARK}%")),
    )
    .order_by(jobs.c.id)
    .limit(bindparam("most"))
)
_CLEAR_CLIPS: Final = update(jobs).where(_IDS).values(artifact_key=None, artifact_bytes=None)
_REQUESTS: Final = (
    select(jobs.c.id, jobs.c.request).where(_IDS, WITH_PROMPT, _OWES_NOTHING).with_for_update()
)
_CLEAR_PROMPT: Final = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"))
    .values(request=bindparam("shape"), style=None, prompt_removed_at=bindparam("at"))
)
_GONE: Final = (
    select(gone_servers.c.server)
    .where(gone_servers.c.since <= bindparam("before"))
    .order_by(gone_servers.c.since)
)
_RETURNED: Final = delete(gone_servers).where(gone_servers.c.server == bindparam("of"))


class RetentionStore(StorePart):
    """What the store reads for retention."""

    async def servers_with_jobs(self) -> list[ServerRef]:
        found: set[str] = set()
        async with self._read() as connection:
            for query in _NEXT_SERVERS:
                last = ""
                while (server := await connection.scalar(query, {"after": last})) is not None:
                    found.add(server)
                    last = server
        return [server_from_key(server) for server in sorted(found)]

    async def old_clips(self, server: ServerRef, before: datetime, *, limit: int) -> list[KeptClip]:
        values = {"of": str(server), "before": before, "most": limit}
        async with self._read() as connection:
            rows = (await connection.execute(_OLD_CLIPS, values)).all()
        return [KeptClip(JobId(row.id), row.artifact_key, row.artifact_bytes or 0) for row in rows]

    async def old_prompts(self, server: ServerRef, before: datetime, *, limit: int) -> list[JobId]:
        values = {"of": str(server), "before": before, "most": limit}
        async with self._read() as connection:
            return [JobId(found) for found in await connection.scalars(_OLD_PROMPTS, values)]

    async def amount_of_old_clips(self, server: ServerRef, before: datetime) -> KeptAmount:
        values = {"of": str(server), "before": before}
        async with self._read() as connection:
            row = (await connection.execute(_OLD_CLIP_BYTES, values)).one()
        return KeptAmount(int(row.count), int(row.bytes))  # type: ignore[call-overload]

    async def amount_of_old_prompts(self, server: ServerRef, before: datetime) -> KeptAmount:
        values = {"of": str(server), "before": before}
        async with self._read() as connection:
            return KeptAmount(int(await connection.scalar(_OLD_PROMPT_COUNT, values)))

    async def gone_servers(self, before: datetime) -> list[ServerRef]:
        async with self._read() as connection:
            return [server_from_key(s) for s in await connection.scalars(_GONE, {"before": before})]

    async def jobs_in(self, server: ServerRef, *, after: JobId | None, limit: int) -> list[Job]:
        values = {"of": str(server), "after": after or "", "most": limit}
        async with self._read() as connection:
            return await self._unreadable_jobs.read_others(
                connection, _JOBS_IN, job_from_row, values
            )


class RetentionTransaction(TransactionPart):
    """What a transaction writes for retention."""

    async def clear_clips(self, jobs: Sequence[JobId]) -> None:
        if jobs:
            await self._connection.execute(_CLEAR_CLIPS, {"ids": list(jobs)})

    async def clear_prompts(self, jobs: Sequence[JobId], at: datetime) -> int:
        rows = (await self._connection.execute(_REQUESTS, {"ids": list(jobs)})).all()
        changes = [{"job": row.id, "shape": _shape_of(row.request), "at": at} for row in rows]
        if changes:
            await self._connection.execute(_CLEAR_PROMPT, changes)
            await note_traces(self._connection)
        return len(changes)

    async def server_left(self, server: ServerRef, at: datetime) -> None:
        written = insert_or(self._connection.dialect.name, gone_servers)
        await self._connection.execute(
            written.values(server=str(server), since=at).on_conflict_do_nothing()
        )

    async def server_returned(self, server: ServerRef) -> bool:
        return (await self._connection.execute(_RETURNED, {"of": str(server)})).rowcount == 1

    async def erase_server(self, server: ServerRef) -> None:
        # with its notices' keys: a server that comes back after this is welcomed again
        for table in _SERVERS_OWN:
            await self._connection.execute(delete(table).where(table.c.server == str(server)))
        await self._connection.execute(_RETURNED, {"of": str(server)})
        await note_traces(self._connection)


def _shape_of(request: str) -> str:
    try:
        known = GenerationRequest.model_validate_json(request)
    except ValidationError:
        # of another version, or damaged: what it says has to go all the same
        known = GenerationRequest.model_validate(dict(NO_TEXTS))
    return known.without_texts().model_dump_json()
