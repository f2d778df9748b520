"""What is asked of the ledger and its totals, by meaning."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Final

from sqlalchemy import Executable, RowMapping, bindparam, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db import queries_jobs
from db.rows import Values, server_of, user_of
from db.schema import cleaned, ledger, ledger_totals
from db.upsert import insert_or
from generation.job import JobId
from generation.ledger import EVERYWHERE, Entry, EntryKind, Totals, server_scope, user_scope
from generation.limits import Usage, day_of
from generation.places import ServerRef, UserRef
from generation.pricing import FREE, Micros

NOTHING: Final = Totals(clips=0, amount=FREE)

_APPEND: Final = insert(ledger).inline()
_TOTALS: Final = select(ledger_totals.c.scope, ledger_totals.c.clips, ledger_totals.c.amount).where(
    ledger_totals.c.scope.in_(bindparam("scopes", expanding=True)), ledger_totals.c.day == bindparam("on")
)


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A day's totals of one scope that are not the sum of its lines."""

    scope: str
    day: date
    kept: Totals
    counted: Totals


async def append(connection: AsyncConnection, entry: Entry) -> None:
    """Add a line, and what it adds to the totals of its scopes."""
    await connection.execute(_APPEND, _entry_values(entry))
    values = [{"scope": s, "day": entry.day, "clips": entry.clips, "amount": entry.amount} for s in entry.scopes]
    await connection.execute(_add_to_totals(connection.dialect.name), values)


async def usage(connection: AsyncConnection, server: ServerRef, user: UserRef, now: datetime) -> Usage:
    """What a member and a server have used today and have under way."""
    day = day_of(now)
    everything, servers, mine = _scopes(server, user)
    used = await _totals(connection, (everything, servers, mine), day)
    user_active, server_active, waiting = await queries_jobs.under_way(connection, server, user)
    return Usage(
        user_clips_today=used[mine].clips,
        server_clips_today=used[servers].clips,
        user_active_jobs=user_active,
        server_active_jobs=server_active,
        server_spent_today=used[servers].amount,
        all_spent_today=used[everything].amount,
        day=day,
        waiting_jobs=waiting,
    )


async def totals(connection: AsyncConnection, scope: str, now: datetime) -> Totals:
    """What a scope has used today."""
    return (await _totals(connection, (scope,), day_of(now)))[scope]


async def ledger_of(connection: AsyncConnection, job_id: JobId) -> list[Entry]:
    """A job's lines, oldest first."""
    lines = select(ledger).where(ledger.c.job_id == job_id).order_by(ledger.c.number)
    return [_entry_of(row) for row in (await connection.execute(lines)).mappings()]


async def discrepancies(connection: AsyncConnection) -> list[Discrepancy]:
    """Add all lines up again and name the totals that do not agree. Reads the whole ledger: for an operator's check."""
    kept = await _kept_totals(connection)
    counted = await _counted_totals(connection)
    return [
        Discrepancy(scope, day, kept.get((scope, day), NOTHING), counted.get((scope, day), NOTHING))
        for scope, day in sorted(kept.keys() | counted.keys(), key=lambda key: (key[1], key[0]))
        if kept.get((scope, day), NOTHING) != counted.get((scope, day), NOTHING)
    ]


@cache
def _add_to_totals(dialect: str) -> Executable:
    c, added = ledger_totals.c, insert_or(dialect, ledger_totals)
    sums = {"clips": c.clips + added.excluded.clips, "amount": c.amount + added.excluded.amount}
    return added.on_conflict_do_update(index_elements=[c.scope, c.day], set_=sums)


async def _totals(connection: AsyncConnection, scopes: Collection[str], day: date) -> dict[str, Totals]:
    rows = await connection.execute(_TOTALS, {"scopes": list(scopes), "on": day})
    found = {scope: Totals(clips, Micros(amount)) for scope, clips, amount in rows}
    return {scope: found.get(cleaned(scope), NOTHING) for scope in scopes}


async def _kept_totals(connection: AsyncConnection) -> dict[tuple[str, date], Totals]:
    c = ledger_totals.c
    rows = await connection.execute(select(c.scope, c.day, c.clips, c.amount))
    return {(scope, day): Totals(clips, Micros(amount)) for scope, day, clips, amount in rows}


async def _counted_totals(connection: AsyncConnection) -> dict[tuple[str, date], Totals]:
    c = ledger.c
    sums = select(c.server, c.user, c.day, func.sum(c.clips), func.sum(c.amount)).group_by(c.server, c.user, c.day)
    counted: defaultdict[tuple[str, date], Totals] = defaultdict(lambda: NOTHING)
    for server, user, day, clips, amount in await connection.execute(sums):
        for scope in _scopes(server_of(server), user_of(user)):
            sofar = counted[scope, day]
            counted[scope, day] = Totals(sofar.clips + int(clips), Micros(sofar.amount + int(amount)))
    return counted


def _scopes(server: ServerRef, user: UserRef) -> tuple[str, str, str]:
    return EVERYWHERE, server_scope(server), user_scope(server, user)


def _entry_values(entry: Entry) -> Values:
    return {
        "job_id": entry.job_id,
        "server": str(entry.server),
        "user": str(entry.user),
        "kind": entry.kind.value,
        "clips": entry.clips,
        "amount": entry.amount,
        "day": entry.day,
        "at": entry.at,
    }


def _entry_of(row: RowMapping) -> Entry:
    c = ledger.c
    return Entry(
        job_id=JobId(row[c.job_id]),
        server=server_of(row[c.server]),
        user=user_of(row[c.user]),
        kind=EntryKind(row[c.kind]),
        clips=row[c.clips],
        amount=Micros(row[c.amount]),
        day=row[c.day],
        at=row[c.at],
    )
