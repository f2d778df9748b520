"""Prints the ledger's sums as a table, CSV or JSON, and what its comparison with the jobs finds."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import chain
from typing import Final

from bot.commands.admin.database import maintenance_app
from bot.settings import Settings
from generation.domain.money.currency import shown_currency
from generation.domain.pricing import Micros
from generation.ports import Store
from generation.rules.money.spending import SpendBy, Spending, SpendQuery, by_spending
from generation.text.dialect import PLAIN
from generation.text.money.spending import (
    misbooked_words,
    no_spending_words,
    reconciled_words,
    spend_table,
    wrong_totals_words,
)

Print = Callable[[str], None]

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_SUMS: Final = ("clips", "reserved", "settled", "given_back", "spent")


async def print_spending(settings: Settings, query: SpendQuery, form: str, out: Print) -> None:
    """The sums of the ledger's lines, in that form."""
    async with maintenance_app(settings) as app:
        rows = by_spending(await app.ports.store.spending(query), query.by)
    lines: Iterable[str]
    match form:
        case "csv":
            lines = _csv(rows, query.by)
        case "json":
            lines = _json(rows, query.by)
        case _:
            lines = spend_table(rows, query.by) if rows else [no_spending_words()]
    for line in lines:
        out(line)


async def print_check(settings: Settings, out: Print) -> bool:
    """Every difference between the ledger, the jobs and the totals; whether there is none."""
    async with maintenance_app(settings) as app:
        store, wrong = app.ports.store, 0
        async for found in store.misbooked():
            wrong += 1
            out(misbooked_words(found))
        wrong += await _print_wrong_totals(store, out)
        for line in reconciled_words(wrong, await store.lines_without_job()):
            out(line)
    return not wrong


async def _print_wrong_totals(store: Store, out: Print) -> int:
    found = await store.ledger_discrepancies()
    for each in found:
        day = each.day.isoformat()
        out(wrong_totals_words(each.scope, day, each.kept, each.counted, PLAIN))
    return len(found)


def _csv(rows: Iterable[Spending], by: tuple[SpendBy, ...]) -> Iterator[str]:
    heading = (*by, *_SUMS, "currency")
    code = shown_currency().code
    for cells in chain([heading], (_cells(row, code) for row in rows)):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(cells)
        yield line.getvalue()


def _cells(row: Spending, currency: str) -> tuple[str, ...]:
    names = (f"'{key}" if key.startswith(_FORMULA) else key for key in row.keys)
    return *names, str(row.clips), *(_number(amount) for amount in _amounts(row)), currency


def _json(rows: Iterable[Spending], by: tuple[SpendBy, ...]) -> Iterator[str]:
    code, comma = shown_currency().code, ""
    # one object a line, so that a long answer can be read as it comes
    yield "["
    for row in rows:
        sums = dict(zip(_SUMS[1:], map(_number, _amounts(row)), strict=True))
        keys = dict(zip(by, row.keys, strict=True))
        yield comma + json.dumps({**keys, "clips": row.clips, **sums, "currency": code})
        comma = ","
    yield "]"


def _amounts(row: Spending) -> tuple[Micros, ...]:
    return row.reserved, row.settled, row.refunded, row.spent


def _number(amount: Micros) -> str:
    """Exactly, as a program reads it."""
    return f"{Decimal(amount) / 1_000_000:f}"
