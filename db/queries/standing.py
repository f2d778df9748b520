"""What a new request is judged by, in one statement: what is used, and the rules that are stored.

Every submission reads it while it holds the database's only writer, so it is one statement, on
indexes alone. Only a server whose time zone this process does not know yet is read twice.
"""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Row, Select, Subquery, bindparam, func, select, true

from db.engine import UtcDateTime
from db.queries.mapping import Values
from db.queries.parts import QueryPart
from db.queries.pauses import PAUSE_IN_FORCE, PAUSED, pause_from_row
from db.queries.servers import (
    CEILINGS,
    LIMITS,
    OWN_CEILINGS,
    POLICY,
    ceilings_from,
    limits_from,
    policy_from,
)
from db.schema import UNFINISHED, jobs, ledger, ledger_totals
from db.statements import first_row
from generation.domain.pricing import Micros
from generation.domain.refs import ServerRef, UserRef
from generation.rules.ledger import EVERYWHERE, server_scope, user_scope
from generation.rules.limits import (
    HOUR,
    UTC_CALENDAR,
    Calendar,
    Usage,
    day_of,
    month_end,
    month_start,
)
from generation.rules.pause import EVERY_SERVER
from generation.rules.standing import Standing, StoredRules


def _used(scope: str, month: str, day: str) -> Subquery:
    """What a scope has used in a month, and on one day of it; one row."""
    c = ledger_totals.c
    today = c.day == bindparam(day)
    return (
        select(
            func.sum(c.clips).label("clips_month"),
            func.sum(c.amount).label("spent_month"),
            func.sum(c.clips).filter(today).label("clips_today"),
            func.sum(c.amount).filter(today).label("spent_today"),
        )
        .where(
            c.scope == bindparam(scope),
            c.day >= bindparam(month),
            # to its end, not to that day: a job may be judged again, at a dearer backend, on a
            # later day than its own, and a clock may have been set back
            c.day <= bindparam(f"{month}_ends"),
        )
        .subquery(scope)
    )


_ASKED: Final = (
    select(ledger.c.asked_at, func.sum(ledger.c.clips).label("clips"))
    .where(
        ledger.c.server == bindparam("of"),
        ledger.c.user == bindparam("member"),
        ledger.c.asked_at > bindparam("hour_ago", type_=UtcDateTime),
        # as far as clocks may differ, or have been set back
        ledger.c.asked_at <= bindparam("in_an_hour", type_=UtcDateTime),
    )
    .group_by(ledger.c.asked_at)
    .having(func.sum(ledger.c.clips) > 0)
)
"""What a member asked for in the last hour and did not get back, by moment."""
_RECENT: Final = _ASKED.order_by(ledger.c.asked_at)


def _statement() -> Select[Any]:
    active = (
        select(
            func.count().filter(jobs.c.user == bindparam("by")).label("user_active"),
            func.count().label("server_active"),
        )
        .where(UNFINISHED, jobs.c.server == bindparam("of"))
        .subquery("active")
    )
    asked = _ASKED.subquery("asked")
    hour = select(
        func.sum(asked.c.clips).label("clips_hour"), func.max(asked.c.asked_at).label("last_clip")
    ).subquery("hour")
    member = _used("user_scope", "month", "day")
    server = _used("server_scope", "month", "day")
    everywhere = _used("everywhere", "utc_month", "utc_day")
    return select(
        active.c.user_active,
        active.c.server_active,
        hour.c.clips_hour,
        hour.c.last_clip,
        member.c.clips_today.label("user_clips"),
        member.c.clips_month.label("user_clips_month"),
        member.c.spent_today.label("user_spent"),
        member.c.spent_month.label("user_spent_month"),
        server.c.clips_today.label("server_clips"),
        server.c.clips_month.label("server_clips_month"),
        server.c.spent_today.label("server_spent"),
        server.c.spent_month.label("server_spent_month"),
        everywhere.c.spent_today.label("all_spent"),
        everywhere.c.spent_month.label("all_spent_month"),
        LIMITS.scalar_subquery().label("limits"),
        POLICY.scalar_subquery().label("policy"),
        CEILINGS.scalar_subquery().label("ceilings"),
        OWN_CEILINGS.scalar_subquery().label("own_ceilings"),
        PAUSED.scalar_subquery().label("paused"),
    ).select_from(
        # each has one row
        active.join(hour, true()).join(member, true()).join(server, true()).join(everywhere, true())
    )


_STANDING: Final = _statement()


class StandingReads(QueryPart):
    """What both the store and a transaction read of usage and rules."""

    async def standing(
        self, server: ServerRef, user: UserRef, now: datetime, *, day: date | None = None
    ) -> Standing:
        guess = self._calendars.get(server) or UTC_CALENDAR
        values = self._values(server, user, now)
        # the budget of all servers is checked too, so its row is locked as well
        async with self._read(str(server), EVERYWHERE) as connection:
            guessed = values | _days(day or guess.day_of(now))
            row = await first_row(connection, _STANDING, guessed)
            policy = policy_from(row.policy, server)
            calendar = UTC_CALENDAR if policy is None else policy.calendar
            if calendar != guess:
                self._calendars.put(server, calendar)
                if day is None and calendar.day_of(now) != guess.day_of(now):
                    again = values | _days(calendar.day_of(now))
                    row = await first_row(connection, _STANDING, again)
            pause = None
            if row.paused is not None:
                paused = await connection.execute(PAUSE_IN_FORCE, values)
                pause = pause_from_row(paused.mappings().one())
        rules = StoredRules(
            limits_from(row.limits, server),
            policy,
            ceilings_from(row.ceilings),
            ceilings_from(row.own_ceilings),
            pause,
        )
        return Standing(_usage(row, now, day or calendar.day_of(now), calendar), rules)

    async def asked_lately(self, server: ServerRef, user: UserRef, now: datetime) -> list[datetime]:
        async with self._read(str(server)) as connection:
            rows = await connection.execute(_RECENT, self._values(server, user, now))
            return [row.asked_at for row in rows for _ in range(row.clips)]

    def _values(self, server: ServerRef, user: UserRef, now: datetime) -> Values:
        member = self._cipher.pseudonyms.of(server, user)
        return {
            "by": str(user),
            "member": str(member),
            "of": str(server),
            "every": str(EVERY_SERVER),
            "user_scope": user_scope(server, member),
            "server_scope": server_scope(server),
            "everywhere": EVERYWHERE,
            "utc_day": day_of(now),
            "utc_month": month_start(day_of(now)),
            "utc_month_ends": month_end(day_of(now)),
            "now": now,
            "hour_ago": now - HOUR,
            "in_an_hour": now + HOUR,
        }


def _days(day: date) -> Values:
    return {"day": day, "month": month_start(day), "month_ends": month_end(day)}


def _usage(row: Row[Any], now: datetime, day: date, calendar: Calendar) -> Usage:
    def total(value: object) -> int:
        # NULL where nothing was used; PostgreSQL's sum() of BIGINT is a Decimal
        return int(value or 0)  # type: ignore[call-overload,no-any-return]

    return Usage(
        user_clips_today=total(row.user_clips),
        server_clips_today=total(row.server_clips),
        user_active_jobs=row.user_active,
        server_active_jobs=row.server_active,
        server_spent_today=Micros(total(row.server_spent)),
        all_spent_today=Micros(total(row.all_spent)),
        day=day,
        user_clips_this_hour=total(row.clips_hour),
        user_clips_this_month=total(row.user_clips_month),
        server_clips_this_month=total(row.server_clips_month),
        user_spent_today=Micros(total(row.user_spent)),
        user_spent_this_month=Micros(total(row.user_spent_month)),
        server_spent_this_month=Micros(total(row.server_spent_month)),
        all_spent_this_month=Micros(total(row.all_spent_month)),
        last_clip_at=row.last_clip,
        at=now,
        calendar=calendar,
    )
