"""What was spent: each day of a month, by server, against the operator's budget."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.dashboard.rendering import Templates
from adapters.web.dashboard.sources import Sources
from generation.domain.pricing import Micros, money
from generation.domain.refs import ServerRef
from generation.rules.ledger import EVERYWHERE, Totals, server_scope

_DAYS: Final = 30
_SHOWN_APART: Final = 3
"""Servers with a colour of their own; all others are drawn together."""
_MOST_SERVERS: Final = 500
_OTHERS: Final = "all others"


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
class ServerSpend:
    """What a server has used in these days; ``share`` is a percentage of what all have spent."""

    server: ServerRef
    clips: int
    spent: str
    share: int


class SpendPage:
    """Thirty days, from the daily totals: they cost the same after a million clips."""

    def __init__(self, sources: Sources, templates: Templates) -> None:
        self._sources = sources
        self._templates = templates

    def routes(self) -> list[BaseRoute]:
        """The page."""
        return [Route("/spend", self._page)]

    async def _page(self, request: Request) -> Response:
        store = self._sources.store
        last = self._sources.clock.now().date()
        first = last - timedelta(days=_DAYS - 1)
        servers = {
            server_scope(each): each for each in await store.known_servers(limit=_MOST_SERVERS)
        }
        found = await store.daily_totals([EVERYWHERE, *servers], first, last)
        days = [first + timedelta(days=number) for number in range(_DAYS)]
        of_day = {(scope, day): totals for scope, day, totals in found}
        rows = _by_server(servers, found)
        budgets = await self._sources.service.operator_budgets()
        series = [str(row.server) for row in rows[:_SHOWN_APART]]
        shown = [self._templates.naming.server(row.server) for row in rows[:_SHOWN_APART]]
        cap = self._sources.rules.daily_budget
        bars = [_bar(day, of_day, series) for day in days]
        most = max([bar.sum for bar in bars] + [cap or 0, 1])
        return self._templates.page(
            request,
            "spend",
            bars=bars,
            series=[*shown, _OTHERS] if len(rows) > len(shown) else shown,
            most=most,
            cap=cap,
            ticks=[(step * most // 4, money(Micros(step * most // 4))) for step in range(5)],
            money=lambda amount: money(Micros(amount)),
            rows=rows,
            budgets=budgets,
        )


def _bar(day: date, of_day: dict[tuple[str, date], Totals], series: list[str]) -> DayBar:
    apart = [_spent(of_day.get((scope, day))) for scope in series]
    everything = _spent(of_day.get((EVERYWHERE, day)))
    return DayBar(day, (*apart, max(0, everything - sum(apart))))


def _spent(totals: Totals | None) -> int:
    return 0 if totals is None else totals.amount


def _by_server(
    servers: dict[str, ServerRef], found: Sequence[tuple[str, date, Totals]]
) -> list[ServerSpend]:
    clips: defaultdict[str, int] = defaultdict(int)
    spent: defaultdict[str, int] = defaultdict(int)
    for scope, _, totals in found:
        clips[scope] += totals.clips
        spent[scope] += totals.amount
    everything = max(1, spent[EVERYWHERE])
    used = sorted(
        (s for s in servers if clips[s] or spent[s]), key=lambda s: (-spent[s], -clips[s], s)
    )
    return [
        ServerSpend(
            servers[s], clips[s], money(Micros(spent[s])), round(100 * spent[s] / everything)
        )
        for s in used
    ]
