"""The ledger and its daily totals: every statement about them, and the methods that run it.

What a method promises is written in :mod:`generation.ports`.
"""

from collections import defaultdict
from datetime import date, datetime
from functools import cache
from typing import Final

from sqlalchemy import Insert, RowMapping, bindparam, func, insert, select

from db.connection import DatabaseConnection
from db.dialects import insert_or
from db.queries.mapping import Values, server_from_key, user_from_key
from db.queries.parts import StorePart, TransactionPart
from db.schema import ledger, ledger_totals
from generation.domain.job import JobId
from generation.domain.pricing import FREE, Micros
from generation.rules.ledger import Entry, EntryKind, Totals, days, scopes
from generation.rules.limits import day_of
from generation.rules.money.spending import Discrepancy
from generation.rules.pseudonyms import Pseudonym

NOTHING: Final = Totals(clips=0, amount=FREE)

_TOTALS: Final = select(ledger_totals.c.clips, ledger_totals.c.amount).where(
    ledger_totals.c.scope == bindparam("of"), ledger_totals.c.day == bindparam("on")
)
_ALL_TOTALS: Final = select(
    ledger_totals.c.scope, ledger_totals.c.day, ledger_totals.c.clips, ledger_totals.c.amount
)
_LEDGER_OF: Final = (
    select(ledger).where(ledger.c.job_id == bindparam("job_id")).order_by(ledger.c.number)
)
_SUMS: Final = select(
    ledger.c.server,
    ledger.c.user,
    ledger.c.day,
    ledger.c.utc_day,
    func.sum(ledger.c.clips),
    func.sum(ledger.c.amount),
).group_by(ledger.c.server, ledger.c.user, ledger.c.day, ledger.c.utc_day)
_APPEND: Final = insert(ledger).inline()


class LedgerStore(StorePart):
    """What the store reads of the ledger."""

    async def totals(self, scope: str, now: datetime) -> Totals:
        async with self._read() as connection:
            row = (await connection.execute(_TOTALS, {"of": scope, "on": day_of(now)})).first()
        return NOTHING if row is None else Totals(row.clips, Micros(row.amount))

    async def ledger_of(self, job_id: JobId) -> list[Entry]:
        async with self._read() as connection:
            rows = (await connection.execute(_LEDGER_OF, {"job_id": job_id})).mappings()
            return [entry_from_row(row) for row in rows]

    async def ledger_discrepancies(self) -> list[Discrepancy]:
        async with self._read() as connection:
            kept = await _kept_totals(connection)
            counted = await _counted_totals(connection)
        # by day, then by scope; a scope may be missing on either side
        by_day = sorted(kept.keys() | counted.keys(), key=lambda key: (key[1], key[0]))
        pairs = [(key, kept.get(key, NOTHING), counted.get(key, NOTHING)) for key in by_day]
        return [Discrepancy(*key, was, is_now) for key, was, is_now in pairs if was != is_now]


class LedgerTransaction(TransactionPart):
    """What a transaction writes to the ledger."""

    async def append(self, entry: Entry) -> None:
        member = self._cipher.pseudonyms.of(entry.server, entry.user)
        await self._change(_APPEND, _entry_values(entry, member))
        values = [
            {"scope": scope, "day": day, "clips": entry.clips, "amount": entry.amount}
            for scope, day in zip(
                scopes(entry.server, member), days(entry.day, entry.utc_day), strict=True
            )
        ]
        # three rows in one executemany: everything, the server, the member
        await self._change(_add_to_totals(self._connection.dialect.name), values)


@cache  # building the statement costs more than executing it
def _add_to_totals(dialect: str) -> Insert:
    c, added = ledger_totals.c, insert_or(dialect, ledger_totals)
    sums = {"clips": c.clips + added.excluded.clips, "amount": c.amount + added.excluded.amount}
    return added.on_conflict_do_update(index_elements=[c.scope, c.day], set_=sums)


async def _kept_totals(connection: DatabaseConnection) -> dict[tuple[str, date], Totals]:
    rows = await connection.execute(_ALL_TOTALS)
    return {(scope, day): Totals(clips, Micros(amount)) for scope, day, clips, amount in rows}


async def _counted_totals(connection: DatabaseConnection) -> dict[tuple[str, date], Totals]:
    counted: defaultdict[tuple[str, date], Totals] = defaultdict(lambda: NOTHING)
    for server, user, day, utc_day, clips, amount in await connection.execute(_SUMS):
        names = scopes(server_from_key(server), Pseudonym(user_from_key(user)))
        for key in zip(names, days(day, utc_day), strict=True):
            sofar = counted[key]
            # PostgreSQL's sum() of BIGINT is a Decimal
            counted[key] = Totals(sofar.clips + int(clips), Micros(sofar.amount + int(amount)))
    return counted


def _entry_values(entry: Entry, member: Pseudonym) -> Values:
    return {
        "job_id": entry.job_id,
        "server": str(entry.server),
        "user": str(member),
        "kind": entry.kind.value,
        "clips": entry.clips,
        "amount": entry.amount,
        "day": entry.day,
        "at": entry.at,
        "utc_day": entry.utc_day,
        "asked_at": entry.asked_at,
    }


def entry_from_row(row: RowMapping) -> Entry:
    """The line in a row of :data:`db.schema.ledger`."""
    c = ledger.c
    return Entry(
        job_id=JobId(row[c.job_id]),
        server=server_from_key(row[c.server]),
        user=user_from_key(row[c.user]),
        kind=EntryKind(row[c.kind]),
        clips=row[c.clips],
        amount=Micros(row[c.amount]),
        day=row[c.day],
        at=row[c.at],
        utc_day=row[c.utc_day],
        asked_at=row[c.asked_at],
    )
