"""The reports table: every statement about it, and the methods that run it.

What a method promises is written in :mod:`generation.ports`.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import RowMapping, bindparam, func, select, update

from db.dialects import insert_or
from db.queries.mapping import server_from_key, user_from_key
from db.queries.parts import QueryPart, TransactionPart
from db.schema.jobs import jobs
from db.schema.reports import OPEN_REPORTS, reports
from generation.domain.job import JobId
from generation.domain.refs import ServerRef, UserRef
from generation.domain.report import Decision, Report, ReportReason

REPORTS: Final = select(reports, jobs.c.number_in_server).join(jobs)
_OPEN_IN: Final = (
    REPORTS.where(OPEN_REPORTS, reports.c.server == bindparam("of"))
    .order_by(reports.c.number)
    .limit(bindparam("most"))
)
_OF_JOB: Final = REPORTS.where(reports.c.job_id == bindparam("job")).order_by(reports.c.number)
_COUNT_BY: Final = select(func.count()).where(
    reports.c.by == bindparam("member"), reports.c.at > bindparam("since")
)
_DECIDE: Final = update(reports).where(OPEN_REPORTS, reports.c.job_id == bindparam("job"))


class ReportReads(QueryPart):
    """What both the store and a transaction read of reports."""

    async def open_reports_in(self, server: ServerRef, *, limit: int) -> list[Report]:
        async with self._read() as connection:
            rows = await connection.execute(_OPEN_IN, {"of": str(server), "most": limit})
            return [report_from_row(row) for row in rows.mappings()]

    async def reports_of(self, job_id: JobId) -> list[Report]:
        async with self._read() as connection:
            rows = await connection.execute(_OF_JOB, {"job": job_id})
            return [report_from_row(row) for row in rows.mappings()]

    async def reports_by(self, member: UserRef, *, since: datetime) -> int:
        async with self._read() as connection:
            return int(
                await connection.scalar(_COUNT_BY, {"member": str(member), "since": since}) or 0
            )


class ReportTransaction(ReportReads, TransactionPart):
    """What a transaction reads and writes of reports."""

    async def add_report(self, report: Report) -> bool:
        values = {
            "job_id": report.job_id,
            "server": str(report.server),
            "by": str(report.by),
            "reason": report.reason.value,
            "words": report.words,
            "at": report.at,
        }
        # two presses at once: the unique index lets one in, and only that one has a number
        added = (
            insert_or(self._connection.dialect.name, reports)
            .values(values)
            .on_conflict_do_nothing()
            .returning(reports.c.number)
        )
        return await self._connection.scalar(added) is not None

    async def decide_reports(
        self, job_id: JobId, decision: Decision, *, by: UserRef, at: datetime
    ) -> int:
        values = {
            "decision": decision.value,
            "decided_by": str(by),
            "decided_at": at,
            "job": job_id,
        }
        return (await self._connection.execute(_DECIDE, values)).rowcount


def report_from_row(row: RowMapping) -> Report:
    """The report in a row of :data:`REPORTS`."""
    c = reports.c
    decided = row[c.decision]
    return Report(
        job_id=JobId(row[c.job_id]),
        server=server_from_key(row[c.server]),
        by=user_from_key(row[c.by]),
        reason=ReportReason(row[c.reason]),
        words=row[c.words],
        at=row[c.at],
        decision=None if decided is None else Decision(decided),
        decided_by=None if row[c.decided_by] is None else user_from_key(row[c.decided_by]),
        decided_at=row[c.decided_at],
        number=row[jobs.c.number_in_server],
    )
