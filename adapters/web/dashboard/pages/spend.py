"""What was spent: each day, by server, member and backend, against the operator's budgets."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.dashboard.queries import number_in, text_in
from adapters.web.dashboard.rendering import Templates
from adapters.web.dashboard.sources import Sources
from generation.domain.pricing import Micros, money
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.rules.ledger import EVERYWHERE, Totals, server_scope
from generation.rules.money.spending import SpendBy, SpendQuery, by_spending
from generation.rules.money.table import spend_csv

_DAYS: Final = (30, 7, 90)
"""What can be looked at; the first one unless another is asked for."""
_SHOWN_APART: Final = 3
"""Servers with a colour of their own; all others are drawn together."""
_MOST_ROWS: Final = 200
"""The dearest ones; the CSV has all."""
_OTHERS: Final = "all others"
_ROOM: Final = 2
"""How many times as high as the highest bar the chart may be, for the budget's line."""
Found = Sequence[tuple[str, date, Totals]]


@dataclass(frozen=True, slots=True)
class DayBar:
    """One day: what each series has spent, in millionths, from the bottom up."""

    day: date
    values: tuple[int, ...]

    @property
    def sum(self) -> int:
        """All of them."""
        return sum(self.values)


@dataclass(frozen=True, slots=True)
class SpendRow:
    """What a server, a member, a backend or a day has used; ``share`` is a percentage of what all
    have spent."""

    name: str
    id: str
    clips: int
    amount: int
    share: int


class SpendPage:
    """Days and servers from the daily totals: they cost the same after a million clips. Members and
    backends from the ledger's lines of these days."""

    def __init__(self, sources: Sources, templates: Templates) -> None:
        self._sources = sources
        self._templates = templates

    def routes(self) -> list[BaseRoute]:
        """The page, and its numbers for a spreadsheet."""
        return [Route("/spend", self._page), Route("/spend.csv", self._csv)]

    async def _page(self, request: Request) -> Response:
        by, count = _by(request), _days(request)
        last = self._sources.clock.now().date()
        first = last - timedelta(days=count - 1)
        servers = await self._sources.servers.latest()
        scopes = {server_scope(each): each for each in servers}
        found = await self._sources.store.daily_totals([EVERYWHERE, *scopes], first, last)
        dearest = self._by_server(scopes, found)
        apart = [row.id for row in dearest[:_SHOWN_APART]]
        names = [row.name for row in dearest[:_SHOWN_APART]]
        of_day = {(scope, day): totals for scope, day, totals in found}
        bars = [_bar(first + timedelta(days=n), of_day, apart) for n in range(count)]
        most, budget = max([bar.sum for bar in bars] + [1]), self._sources.rules.daily_budget
        # far above the bars its line would press them flat
        cap = budget if budget is not None and budget <= _ROOM * most else None
        most = max(most, cap or 0)
        return self._templates.page(
            request,
            "spend",
            bars=bars,
            series=[*names, _OTHERS] if len(dearest) > len(apart) else names,
            most=most,
            cap=cap,
            ticks=[(step * most // 4, money(Micros(step * most // 4))) for step in range(5)],
            money=lambda amount: money(Micros(amount)),
            by=by.value,
            days=count,
            choices=sorted(_DAYS),
            rows=await self._rows(by, dearest, found, first),
            most_rows=_MOST_ROWS,
            budgets=await self._sources.service.operator_budgets(),
            pace=_pace(of_day, last) if count >= last.day else None,
        )

    async def _csv(self, request: Request) -> Response:
        by, last = _by(request), self._sources.clock.now().date()
        query = SpendQuery((by,), last - timedelta(days=_days(request) - 1), last)
        rows = by_spending(await self._sources.store.spending(query), query.by)
        name = f"flipbook-spend-by-{by.value}-{query.first}-to-{last}.csv"
        return Response(
            "".join(f"{line}\r\n" for line in spend_csv(rows, query.by)),
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )

    async def _rows(
        self, by: SpendBy, servers: list[SpendRow], found: Found, first: date
    ) -> list[SpendRow]:
        match by:
            case SpendBy.SERVER:
                return servers[:_MOST_ROWS]
            case SpendBy.DAY:
                days = [(str(day), t) for scope, day, t in found if scope == EVERYWHERE]
                used = {day: (day, t.clips, t.amount) for day, t in sorted(days, reverse=True)}
                return _shared(used)
            case _:
                sums = await self._sources.store.spending(SpendQuery((by,), first))
                dear = by_spending(sums, (by,))
                return _shared(
                    {s.keys[0]: (self._named(by, s.keys[0]), s.clips, s.spent) for s in dear}
                )[:_MOST_ROWS]

    def _named(self, by: SpendBy, key: str) -> str:
        return key if by is not SpendBy.MEMBER else self._templates.naming.member(_user(key))

    def _by_server(self, scopes: dict[str, ServerRef], found: Found) -> list[SpendRow]:
        clips: defaultdict[str, int] = defaultdict(int)
        spent: defaultdict[str, int] = defaultdict(int)
        for scope, _, totals in found:
            clips[scope] += totals.clips
            spent[scope] += totals.amount
        used = sorted(
            (s for s in scopes if clips[s] or spent[s]), key=lambda s: (-spent[s], -clips[s], s)
        )
        name = self._templates.naming.server
        return _shared({s: (name(scopes[s]), clips[s], spent[s]) for s in used}, spent[EVERYWHERE])


def _shared(
    used: Mapping[str, tuple[str, int, int]], everything: int | None = None
) -> list[SpendRow]:
    whole = max(1, sum(u[2] for u in used.values()) if everything is None else everything)
    return [
        SpendRow(name, key, clips, amount, max(0, min(100, round(100 * amount / whole))))
        for key, (name, clips, amount) in used.items()
    ]


def _by(request: Request) -> SpendBy:
    given = text_in(request, "by")
    return SpendBy(given) if given in set(SpendBy) else SpendBy.SERVER


def _days(request: Request) -> int:
    given = number_in(request, "days")
    return given if given in _DAYS else _DAYS[0]


def _user(key: str) -> UserRef:
    """A member as the ledger has one: a name, or the pseudonym of one who was forgotten."""
    try:
        return UserRef.parse(key)
    except ValueError:
        return UserRef(Platform.TERMINAL, key)


def _pace(of_day: dict[tuple[str, date], Totals], last: date) -> int:
    """What this month costs if it goes on as it began, in millionths."""
    days = (last - timedelta(days=back) for back in range(last.day))
    spent = sum(_spent(of_day.get((EVERYWHERE, day))) for day in days)
    return round(spent / last.day * monthrange(last.year, last.month)[1])


def _bar(day: date, of_day: dict[tuple[str, date], Totals], series: list[str]) -> DayBar:
    apart = [_spent(of_day.get((scope, day))) for scope in series]
    everything = _spent(of_day.get((EVERYWHERE, day)))
    return DayBar(day, (*apart, max(0, everything - sum(apart))))


def _spent(totals: Totals | None) -> int:
    return 0 if totals is None else totals.amount
