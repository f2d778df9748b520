"""The ledger as a whole: every statement that adds it up or compares it with the jobs.

Each reads so many rows by number at a time: a long read would keep SQLite from reusing its log, and
a whole ledger does not belong into memory. What a method promises is written in
:mod:`generation.ports.accounting`.
"""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
)

from db.queries.mapping import Values
from db.queries.parts import StorePart
from db.schema import UNFINISHED, jobs, ledger
from generation.domain.job import JobId, JobStatus
from generation.domain.pricing import Micros
from generation.rules.ledger import EntryKind, Totals
from generation.rules.money.spending import Misbooked, SpendBy, Spending, SpendQuery

_NO_BACKEND: Final = "none"
_OF_JOB: Final = jobs.c.id == ledger.c.job_id


def _piece(number: Column[int]) -> ColumnElement[bool]:
    return and_(number > bindparam("after"), number <= bindparam("up_to"))


# Spending -----------------------------------------------------------------------------


def _amount(kind: EntryKind) -> ColumnElement[int]:
    return func.sum(ledger.c.amount).filter(ledger.c.kind == kind.value).label(kind.value)


def _statement(query: SpendQuery) -> tuple[Select[Any], Values]:
    # lines of before there were time zones have one day, which is UTC's
    day = ledger.c.day if query.server else func.coalesce(ledger.c.utc_day, ledger.c.day)
    keys: dict[SpendBy, ColumnElement[Any]] = {
        SpendBy.DAY: day,
        SpendBy.SERVER: ledger.c.server,
        # a name where the job still has one; the ledger itself knows pseudonyms only
        SpendBy.MEMBER: func.coalesce(jobs.c.user, ledger.c.user),
        # of the job, not of the line: a job that moved has reserved at one and settled at another
        SpendBy.BACKEND: func.coalesce(jobs.c.backend, _NO_BACKEND),
    }
    by = [keys[each].label(f"key_{each}") for each in query.by]
    kinds = (_amount(kind) for kind in EntryKind)
    lines = select(*by, func.sum(ledger.c.clips).label("clips"), *kinds).where(
        _piece(ledger.c.number)
    )
    if {SpendBy.MEMBER, SpendBy.BACKEND} & set(query.by):
        lines = lines.select_from(ledger.outerjoin(jobs, _OF_JOB))
    values: Values = {}
    for name, bound, compare in (
        ("first", query.first, day >= bindparam("first", type_=ledger.c.day.type)),
        ("last", query.last, day <= bindparam("last", type_=ledger.c.day.type)),
        ("of", str(query.server), ledger.c.server == bindparam("of")),
    ):
        if bound is not None and (name != "of" or query.server is not None):
            lines, values = lines.where(compare), values | {name: bound}
    return lines.group_by(*(keys[each] for each in query.by)), values


def _spending(row: RowMapping, query: SpendQuery) -> Spending:
    def total(name: str) -> int:
        # NULL without such lines; PostgreSQL's sum() of BIGINT is a Decimal
        return int(row[name] or 0)

    return Spending(
        keys=tuple(str(row[f"key_{each}"]) for each in query.by),
        clips=total("clips"),
        reserved=Micros(total(EntryKind.RESERVE)),
        settled=Micros(total(EntryKind.SETTLE)),
        refunded=Micros(total(EntryKind.REFUND)),
    )


# Comparing ----------------------------------------------------------------------------

_HAS_CLIP: Final = jobs.c.status.not_in([JobStatus.FAILED.value, JobStatus.CANCELLED.value])
_EXPECTED_CLIPS: Final = case((_HAS_CLIP, 1), else_=0)
_EXPECTED_AMOUNT: Final = case(
    (jobs.c.status == JobStatus.SUCCEEDED.value, func.coalesce(jobs.c.cost, jobs.c.reserved)),
    (_HAS_CLIP, jobs.c.reserved),
    else_=func.coalesce(jobs.c.cost, 0),
)
_BOOKED_CLIPS: Final = func.coalesce(func.sum(ledger.c.clips), 0)
_BOOKED_AMOUNT: Final = func.coalesce(func.sum(ledger.c.amount), 0)
_MISBOOKED: Final = (
    select(
        jobs.c.id,
        jobs.c.status,
        _BOOKED_CLIPS.label("clips"),
        _BOOKED_AMOUNT.label("amount"),
        _EXPECTED_CLIPS.label("expected_clips"),
        _EXPECTED_AMOUNT.label("expected_amount"),
    )
    .select_from(jobs.outerjoin(ledger, _OF_JOB))
    .where(_piece(jobs.c.number))
    # its key decides every other column of a job
    .group_by(jobs.c.number)
    .having(or_(_BOOKED_CLIPS != _EXPECTED_CLIPS, _BOOKED_AMOUNT != _EXPECTED_AMOUNT))
    .order_by(jobs.c.number)
)
_ORPHANS: Final = (
    select(func.count())
    .select_from(ledger)
    .where(_piece(ledger.c.number), ~exists().where(_OF_JOB))
)

_NEXT_LINE: Final = (
    select(ledger.c.at)
    .where(ledger.c.number >= bindparam("number"))
    .order_by(ledger.c.number)
    .limit(1)
)
_SURELY_BEFORE: Final = timedelta(days=2)
"""Zones are up to 14 hours apart from UTC, and clocks are set back by less."""
_RESERVED: Final = select(func.sum(jobs.c.reserved)).where(UNFINISHED)


class AccountingStore(StorePart):
    """What the store adds up for the operator."""

    rows_at_a_time = 20_000
    """Rows in one read: a few hundredths of a second."""

    async def spending(self, query: SpendQuery) -> list[Spending]:
        lines, values = _statement(query)
        found: dict[tuple[str, ...], Spending] = {}
        after = 0 if query.first is None else await self._last_before(query.first)
        async for piece in self._pieces(ledger.c.number, after):
            async with self._read() as connection:
                rows = (await connection.execute(lines, values | piece)).mappings().all()
            for sums in (_spending(row, query) for row in rows):
                known = found.get(sums.keys)
                found[sums.keys] = sums if known is None else known.plus(sums)
        return list(found.values())

    async def misbooked(self) -> AsyncIterator[Misbooked]:
        async for piece in self._pieces(jobs.c.number):
            async with self._read() as connection:
                rows = (await connection.execute(_MISBOOKED, piece)).mappings().all()
            for row in rows:
                yield Misbooked(
                    JobId(row["id"]),
                    JobStatus(row["status"]),
                    booked=Totals(int(row["clips"]), Micros(int(row["amount"]))),
                    expected=Totals(int(row["expected_clips"]), Micros(row["expected_amount"])),
                )

    async def lines_without_job(self) -> int:
        found = 0
        async for piece in self._pieces(ledger.c.number):
            async with self._read() as connection:
                found += await connection.scalar(_ORPHANS, piece) or 0
        return found

    async def reserved(self) -> Micros:
        async with self._read() as connection:
            return Micros(int(await connection.scalar(_RESERVED) or 0))

    async def _last_before(self, day: date) -> int:
        """A number that no line of that day, or of a later one, is below. Lines are written in the
        order of time, and none before its day, in whatever zone that is."""
        begin = datetime.combine(day, time(), UTC) - _SURELY_BEFORE
        async with self._read() as connection:
            low, high = 0, await connection.scalar(select(func.max(ledger.c.number))) or 0
            while low < high:
                middle = (low + high) // 2
                at = await connection.scalar(_NEXT_LINE, {"number": middle})
                if at is not None and at < begin:
                    low = middle + 1
                else:
                    high = middle
        return max(0, low - 1)

    async def _pieces(self, number: Column[int], first: int = 0) -> AsyncIterator[Values]:
        """The numbers that there are now after the first ones, so many at a time."""
        async with self._read() as connection:
            last = await connection.scalar(select(func.max(number))) or 0
        for after in range(first, last, self.rows_at_a_time):
            yield {"after": after, "up_to": min(after + self.rows_at_a_time, last)}
