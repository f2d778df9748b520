"""What a new request is judged by, in one statement: what is used, and the server's own rules.

Every submission reads it while it holds the database's only writer, so it is one statement, on
indexes alone.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Row, ScalarSelect, bindparam, func, select

from db.queries.jobs import ALL_WAITING
from db.queries.mapping import Values
from db.queries.parts import QueryPart
from db.queries.servers import LIMITS, POLICY, limits_from, policy_from
from db.schema import UNFINISHED, jobs, ledger_totals
from db.statements import first_row
from generation.domain.pricing import Micros
from generation.domain.refs import ServerRef, UserRef
from generation.rules.ledger import EVERYWHERE, server_scope, user_scope
from generation.rules.limits import Usage, day_of
from generation.rules.standing import Standing


def _used(column: ColumnElement[int], scope: str) -> ScalarSelect[int]:
    """A total of the day; NULL where nothing was used."""
    return (
        select(column)
        .where(ledger_totals.c.scope == bindparam(scope), ledger_totals.c.day == bindparam("on"))
        .scalar_subquery()
    )


_USAGE: Final = select(
    func.count().filter(jobs.c.user == bindparam("by")).label("user_active"),
    func.count().label("server_active"),
    select(func.count()).select_from(ALL_WAITING.subquery()).scalar_subquery().label("waiting"),
    _used(ledger_totals.c.clips, "user_scope").label("user_clips"),
    _used(ledger_totals.c.clips, "server_scope").label("server_clips"),
    _used(ledger_totals.c.amount, "server_scope").label("server_spent"),
    _used(ledger_totals.c.amount, "everywhere").label("all_spent"),
).where(UNFINISHED, jobs.c.server == bindparam("of"))
_STANDING: Final = _USAGE.add_columns(
    LIMITS.scalar_subquery().label("limits"), POLICY.scalar_subquery().label("policy")
)


class StandingReads(QueryPart):
    """What both the store and a transaction read of usage and rules."""

    async def usage(self, server: ServerRef, user: UserRef, now: datetime) -> Usage:
        # the budget of all servers is checked too, so its row is locked as well
        async with self._read(str(server), EVERYWHERE) as connection:
            row = await first_row(connection, _USAGE, self._values(server, user, now))
        return _usage(row, now)

    async def standing(self, server: ServerRef, user: UserRef, now: datetime) -> Standing:
        async with self._read(str(server), EVERYWHERE) as connection:
            row = await first_row(connection, _STANDING, self._values(server, user, now))
        return Standing(
            _usage(row, now), limits_from(row.limits, server), policy_from(row.policy, server)
        )

    def _values(self, server: ServerRef, user: UserRef, now: datetime) -> Values:
        return {
            "by": str(user),
            "of": str(server),
            "user_scope": user_scope(server, self._cipher.pseudonyms.of(server, user)),
            "server_scope": server_scope(server),
            "everywhere": EVERYWHERE,
            "on": day_of(now),
        }


def _usage(row: Row[tuple[object, ...]], now: datetime) -> Usage:
    return Usage(
        user_clips_today=row.user_clips or 0,
        server_clips_today=row.server_clips or 0,
        user_active_jobs=row.user_active,
        server_active_jobs=row.server_active,
        server_spent_today=Micros(row.server_spent or 0),
        all_spent_today=Micros(row.all_spent or 0),
        day=day_of(now),
        waiting_jobs=row.waiting,
    )
