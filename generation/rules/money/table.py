"""Sums of the ledger as programs read them. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain
from typing import Final

from generation.domain.money.currency import shown_currency
from generation.domain.pricing import Micros
from generation.rules.money.spending import SpendBy, Spending

SUMS: Final = ("clips", "reserved", "settled", "given_back", "spent")
"""The columns after what the lines were added up by."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def spend_csv(rows: Iterable[Spending], by: tuple[SpendBy, ...]) -> Iterator[str]:
    """One line each, without its end, after a line of names; no cell is a formula to a spreadsheet,
    whatever members call themselves."""
    heading = (*by, *SUMS, "currency")
    code = shown_currency().code
    for cells in chain([heading], (_cells(row, code) for row in rows)):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(cells)
        yield line.getvalue()


def exact(amount: Micros) -> str:
    """An amount exactly, as a program reads it."""
    return f"{Decimal(amount) / 1_000_000:f}"


def amounts_of(row: Spending) -> tuple[Micros, ...]:
    """What belongs under :data:`SUMS`, without the clips."""
    return row.reserved, row.settled, row.refunded, row.spent


def _cells(row: Spending, currency: str) -> tuple[str, ...]:
    names = (f"'{key}" if key.startswith(_FORMULA) else key for key in row.keys)
    return *names, str(row.clips), *(exact(amount) for amount in amounts_of(row)), currency
