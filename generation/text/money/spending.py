"""What the ledger adds up to, and what is wrong with it, in words of the terminal."""

from collections.abc import Iterable, Iterator
from typing import Final

from generation.domain.pricing import money
from generation.protocol.messages import mark
from generation.rules.ledger import Totals
from generation.rules.money.spending import Misbooked, SpendBy, Spending
from generation.text.dialect import PLAIN, Dialect, Markup, capital

_HEADINGS: Final = {
    SpendBy.DAY: mark("day"),
    SpendBy.SERVER: mark("server"),
    SpendBy.MEMBER: mark("member"),
    SpendBy.BACKEND: mark("backend"),
}
_SUMS: Final = (mark("clips"), mark("reserved"), mark("settled"), mark("given back"), mark("spent"))
_ALL: Final = mark("all")


def spend_table(
    rows: Iterable[Spending], by: tuple[SpendBy, ...], d: Dialect = PLAIN
) -> Iterator[str]:
    """The rows as lines of a table, with their sum at the end."""
    rows = list(rows)
    headings = [str(capital(d.gettext(each))) for each in (*map(_HEADINGS.get, by), *_SUMS) if each]
    table = [headings, *(_cells(row) for row in rows)]
    if len(rows) > 1:
        whole = Spending((str(d.gettext(_ALL)), *("" for _ in by[1:])))
        for row in rows:
            whole = whole.plus(row)
        table.append(_cells(whole))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        yield "  ".join(
            # names to the left, numbers to the right
            cell.ljust(width) if column < len(by) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()


def no_spending_words(d: Dialect = PLAIN) -> Markup:
    """Where the question finds no line."""
    return d.gettext("Nothing was spent.")


def misbooked_words(found: Misbooked, d: Dialect = PLAIN) -> Markup:
    """One job whose lines say something else than its state."""
    return d.gettext(
        "job {job} ({status}): the ledger has {booked}, and the job {expected}",
        job=found.job_id,
        status=found.status.value,
        booked=_totals(found.booked, d),
        expected=_totals(found.expected, d),
    )


def wrong_totals_words(scope: str, day: str, kept: Totals, counted: Totals, d: Dialect) -> Markup:
    """A day's totals that are not the sum of the lines."""
    return d.gettext(
        "{scope} on {day}: the totals say {kept}, and the lines {counted}",
        scope=scope,
        day=day,
        kept=_totals(kept, d),
        counted=_totals(counted, d),
    )


def reconciled_words(wrong: int, without_job: int, d: Dialect = PLAIN) -> list[Markup]:
    """How the comparison has ended."""
    if wrong:
        said = d.ngettext(
            "{n} difference. Quotas and budgets may count wrongly; please report it.",
            "{n} differences. Quotas and budgets may count wrongly; please report them.",
            wrong,
        )
    else:
        said = d.gettext("The ledger agrees with every job, and the totals with the ledger.")
    lines = [said]
    if without_job:
        lines.append(
            d.ngettext(
                "{n} line is about a job that is no longer kept, and could not be compared.",
                "{n} lines are about jobs that are no longer kept, and could not be compared.",
                without_job,
            )
        )
    return lines


def _totals(totals: Totals, d: Dialect) -> Markup:
    return d.ngettext(
        "{n} clip, {amount}", "{n} clips, {amount}", totals.clips, amount=money(totals.amount)
    )


def _cells(row: Spending) -> list[str]:
    amounts = (row.reserved, row.settled, row.refunded, row.spent)
    return [*row.keys, f"{row.clips:,}", *map(money, amounts)]
