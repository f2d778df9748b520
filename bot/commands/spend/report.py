"""Prints the ledger's sums as a table, CSV or JSON, and what its comparison with the jobs finds."""

import json
from collections.abc import Callable, Iterable, Iterator

from bot.commands.admin.database import maintenance_app
from bot.settings import Settings
from generation.domain.money.currency import shown_currency
from generation.ports import Store
from generation.rules.money.spending import SpendBy, Spending, SpendQuery, by_spending
from generation.rules.money.table import SUMS, amounts_of, exact, spend_csv
from generation.text.dialect import PLAIN
from generation.text.money.spending import (
    misbooked_words,
    no_spending_words,
    reconciled_words,
    spend_table,
    wrong_totals_words,
)

Print = Callable[[str], None]


async def print_spending(settings: Settings, query: SpendQuery, form: str, out: Print) -> None:
    """The sums of the ledger's lines, in that form."""
    async with maintenance_app(settings) as app:
        rows = by_spending(await app.ports.store.spending(query), query.by)
    lines: Iterable[str]
    match form:
        case "csv":
            lines = spend_csv(rows, query.by)
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


def _json(rows: Iterable[Spending], by: tuple[SpendBy, ...]) -> Iterator[str]:
    code, comma = shown_currency().code, ""
    # one object a line, so that a long answer can be read as it comes
    yield "["
    for row in rows:
        sums = dict(zip(SUMS[1:], map(exact, amounts_of(row)), strict=True))
        keys = dict(zip(by, row.keys, strict=True))
        yield comma + json.dumps({**keys, "clips": row.clips, **sums, "currency": code})
        comma = ","
    yield "]"
