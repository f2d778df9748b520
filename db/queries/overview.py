"""What the operator looks through: every list by pages on an index, never a count over all.

What a method promises is written in :mod:`generation.ports.overview`.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    JSON,
    ColumnElement,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    union,
)

from db.queries.mapping import Values, job_from_row, server_from_key
from db.queries.parts import StorePart
from db.queries.reports import REPORTS, report_from_row
from db.queries.servers import audit_entry_from_row
from db.schema import (
    HIDDEN,
    OWED,
    WITH_CLIP,
    WITH_PARENT,
    audit,
    deliveries,
    jobs,
    ledger_totals,
    server_limits,
    server_policies,
    servers,
)
from db.schema.reports import OPEN_REPORTS, reports
from generation.domain.delivery import OwedDeliveries
from generation.domain.gallery import GalleryQuery, KeptByServer
from generation.domain.job import Job, JobId
from generation.domain.pricing import Micros
from generation.domain.refs import Platform, ServerRef
from generation.domain.report import Report
from generation.rules.audit import AuditEntry
from generation.rules.ledger import EVERYWHERE, Totals

_ESCAPE: Final = "\\"
_NEWEST_FIRST: Final = (jobs.c.finished_at.desc(), jobs.c.number.desc())
_LAST: Final = jobs.alias()
_MADE_FROM: Final = (
    select(jobs)
    .where(WITH_PARENT, jobs.c.parent == bindparam("of"))
    .order_by(jobs.c.number)
    .limit(bindparam("most"))
)
_KEPT: Final = (
    select(
        jobs.c.server,
        func.count().label("clips"),
        func.coalesce(func.sum(jobs.c.artifact_bytes), 0).label("bytes"),
    )
    .where(WITH_CLIP)
    .group_by(jobs.c.server)
    .order_by(literal_column("bytes").desc(), jobs.c.server)
)
_DELIVERIES_OWED: Final = (
    select(
        deliveries.c.platform,
        func.count().label("owed"),
        func.sum(case((deliveries.c.attempts > 0, 1), else_=0)).label("tried"),
        func.min(deliveries.c.next_attempt_at).label("next_at"),
    )
    # a terminal takes its own; of one that has left nobody comes for it
    .where(OWED, deliveries.c.platform != Platform.TERMINAL.value)
    .group_by(deliveries.c.platform)
    .order_by(deliveries.c.platform)
)
_KEPT_OF = (select(server_limits.c.server), select(server_policies.c.server))
_SERVERS: Final = (
    union(select(servers.c.server).where(servers.c.server != EVERYWHERE), *_KEPT_OF)
    .order_by("server")
    .limit(bindparam("most"))
)
_DAILY: Final = select(ledger_totals).where(
    ledger_totals.c.scope.in_(bindparam("of", expanding=True)),
    ledger_totals.c.day.between(bindparam("first"), bindparam("last")),
)


def _line_of_ancestors() -> Select[Any]:
    """A job's parent, its parent, and so on."""
    child = jobs.alias()
    line = (
        select(jobs.c.parent.label("id"), literal(1).label("distance"))
        .where(jobs.c.id == bindparam("of"), jobs.c.parent.is_not(None))
        .cte(recursive=True)
    )
    following = (
        select(child.c.parent, line.c.distance + 1)
        .join(line, line.c.id == child.c.id)
        .where(child.c.parent.is_not(None), line.c.distance < bindparam("most"))
    )
    line = line.union_all(following)
    return select(jobs).join(line, line.c.id == jobs.c.id).order_by(line.c.distance)


_ANCESTORS: Final = _line_of_ancestors()
_REPORTS: Final = REPORTS.where(OPEN_REPORTS).order_by(reports.c.number).limit(bindparam("most"))


def _spending_servers() -> Select[Any]:
    """Servers with totals, by leaps over the index: a server's members, whose scopes are longer by
    ``/`` and a name, come before whatever is longer by ``0``, the next character."""
    scope = ledger_totals.c.scope
    leaps = select(func.min(scope).label("server")).where(scope != EVERYWHERE).cte(recursive=True)
    following = (
        select(func.min(scope)).where(scope >= leaps.c.server + "0", scope != EVERYWHERE)
    ).scalar_subquery()
    leaps = leaps.union_all(select(following).where(leaps.c.server.is_not(None)))
    return select(leaps.c.server).where(leaps.c.server.is_not(None))


# only PostgreSQL has a row of every server to lock
_SERVERS_OF_SQLITE: Final = (
    union(_spending_servers(), *_KEPT_OF).order_by("server").limit(bindparam("most"))
)


class OverviewStore(StorePart):
    """What the store reads over all servers."""

    async def known_servers(self, *, limit: int) -> list[ServerRef]:
        async with self._read() as connection:
            is_sqlite = connection.dialect.name == "sqlite"
            statement = _SERVERS_OF_SQLITE if is_sqlite else _SERVERS
            keys = (await connection.execute(statement, {"most": limit})).scalars().all()
        return [server_from_key(key) for key in keys]

    async def gallery(self, query: GalleryQuery, *, limit: int) -> Sequence[tuple[int, Job]]:
        async with self._read() as connection:
            statement, values = _gallery(query, connection.dialect.name)
            return await self._unreadable_jobs.read_others(
                connection, statement, _numbered, values | {"most": limit}
            )

    async def searched_until(self, query: GalleryQuery) -> int | None:
        if not query.words:
            return None
        where, values = _kept(query)
        last = select(jobs.c.number).where(*where).order_by(*_NEWEST_FIRST)
        async with self._read() as connection:
            beyond = last.limit(1).offset(query.searched - 1)
            number: int | None = await connection.scalar(beyond, values)
        return number

    async def kept_by_server(self) -> Sequence[KeptByServer]:
        async with self._read() as connection:
            rows = (await connection.execute(_KEPT)).all()
        return [
            KeptByServer(server_from_key(row.server), row.clips, int(row.bytes)) for row in rows
        ]

    async def deliveries_owed(self) -> Sequence[OwedDeliveries]:
        async with self._read() as connection:
            rows = (await connection.execute(_DELIVERIES_OWED)).all()
        return [
            OwedDeliveries(Platform(row.platform), row.owed, int(row.tried), row.next_at)
            for row in rows
        ]

    async def ancestors(self, job_id: JobId, *, limit: int) -> list[Job]:
        async with self._read() as connection:
            return await self._unreadable_jobs.read_others(
                connection, _ANCESTORS, job_from_row, {"of": job_id, "most": limit}
            )

    async def made_from(self, job_id: JobId, *, limit: int) -> list[Job]:
        async with self._read() as connection:
            return await self._unreadable_jobs.read_others(
                connection, _MADE_FROM, job_from_row, {"of": job_id, "most": limit}
            )

    async def audit_log(
        self, *, server: ServerRef | None, before: int | None, limit: int
    ) -> Sequence[tuple[int, AuditEntry]]:
        statement = select(audit).order_by(audit.c.number.desc()).limit(bindparam("most"))
        values: Values = {"most": limit}
        if server is not None:
            statement, values = (
                statement.where(audit.c.server == bindparam("of")),
                values | {"of": str(server)},
            )
        if before is not None:
            statement, values = (
                statement.where(audit.c.number < bindparam("before")),
                values | {"before": before},
            )
        async with self._read() as connection:
            rows = await connection.execute(statement, values)
            return [(row[audit.c.number], audit_entry_from_row(row)) for row in rows.mappings()]

    async def daily_totals(
        self, scopes: Collection[str], first: date, last: date
    ) -> Sequence[tuple[str, date, Totals]]:
        values = {"of": list(scopes), "first": first, "last": last}
        async with self._read() as connection:
            rows = await connection.execute(_DAILY, values)
            return [
                (row.scope, row.day, Totals(row.clips, Micros(row.amount))) for row in rows.all()
            ]

    async def open_reports(self, *, limit: int) -> list[Report]:
        async with self._read() as connection:
            rows = await connection.execute(_REPORTS, {"most": limit})
            return [report_from_row(row) for row in rows.mappings()]


def _numbered(row: RowMapping) -> tuple[int, Job]:
    return row[jobs.c.number], job_from_row(row)


def _kept(query: GalleryQuery) -> tuple[list[ColumnElement[bool]], Values]:
    """Which clips, but for the words. By when they were made: each column is in an index."""
    of, last = query.server, _LAST.c
    # made before the last one of the page before, or with it and added before
    end = select(last.finished_at).where(last.number == bindparam("before")).scalar_subquery()
    before = and_(
        jobs.c.finished_at <= end,
        or_(jobs.c.finished_at < end, jobs.c.number < bindparam("before")),
    )
    is_hidden = {None: true(), True: HIDDEN, False: ~HIDDEN}[query.hidden]
    wanted: dict[str, tuple[object, ColumnElement[bool]]] = {
        "before": (query.before, before),
        "of": (of and str(of), jobs.c.server == bindparam("of")),
        "by": (_member(query), jobs.c.user == bindparam("by")),
        "since": (query.since, jobs.c.finished_at >= bindparam("since")),
        "until": (query.until, jobs.c.finished_at < bindparam("until")),
    }
    chosen = {name: pair for name, pair in wanted.items() if pair[0] is not None}
    where = [WITH_CLIP, jobs.c.deleted_at.is_(None), is_hidden, ~jobs.c.is_private]
    where += [condition for _, condition in chosen.values()]
    return where, {name: value for name, (value, _) in chosen.items()}


def _gallery(query: GalleryQuery, dialect: str) -> tuple[Select[Any], Values]:
    where, values = _kept(query)
    kept = select(jobs).where(*where).order_by(*_NEWEST_FIRST)
    if not query.words:
        return kept.limit(bindparam("most")), values
    # a text column on both: a cast to JSON would be one to a number on SQLite
    prompt = (
        func.json_extract(jobs.c.request, "$.prompt")
        if dialect == "sqlite"
        else cast(jobs.c.request, JSON)["prompt"].as_string()
    )
    words = query.words.lower().replace(_ESCAPE, _ESCAPE * 2)
    for special in "%_":
        words = words.replace(special, _ESCAPE + special)
    # a rare word would else be looked for in every prompt that there is
    looked_at = kept.with_only_columns(jobs.c.number).limit(query.searched).subquery()
    found = (
        select(jobs)
        .join(looked_at, looked_at.c.number == jobs.c.number)
        .where(func.lower(prompt).like(bindparam("words"), escape=_ESCAPE))
        .order_by(*_NEWEST_FIRST)
        .limit(bindparam("most"))
    )
    return found, values | {"words": f"%{words}%"}


def _member(query: GalleryQuery) -> str | None:
    if not query.member or query.server is None:
        return None
    return f"{query.server.platform}:{query.member}"
