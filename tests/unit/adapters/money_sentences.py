"""What the terminal says of the ledger, and of budgets, with the least and the most."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from factories import NOW, a_user
from generation.domain.job import JobId, JobStatus
from generation.domain.pricing import Micros
from generation.rules.ledger import Totals
from generation.rules.limits import Limits, Usage, day_of
from generation.rules.money.budgets import operator_budgets
from generation.rules.money.spending import Misbooked, SpendBy, Spending
from generation.text.dialect import PLAIN
from generation.text.money.quota import member_quota_lines, operator_quota_lines
from generation.text.money.spending import (
    misbooked_words,
    no_spending_words,
    reconciled_words,
    spend_table,
    wrong_totals_words,
)

_NONE, _ONE, _MANY = (Totals(clips, Micros(amount)) for clips, amount in ((0, 0), (1, 1), (10**6, -(10**12))))


def money_sentences() -> Iterator[tuple[str, bool]]:
    """Each with whether it is a whole sentence."""
    yield no_spending_words(), True
    for booked, expected in product((_NONE, _ONE, _MANY), repeat=2):
        yield misbooked_words(Misbooked(JobId("a" * 24), JobStatus.FAILED, booked, expected)), False
        yield wrong_totals_words("all", "2026-11-20", booked, expected, PLAIN), False
    for wrong, without_job in product((0, 1, 2000), repeat=2):
        yield from ((line, True) for line in reconciled_words(wrong, without_job))
    row = Spending(tuple("x" for _ in SpendBy), 1, Micros(5), Micros(-1), Micros(-4))
    for rows in ([row], [row, replace(row, clips=10**6)]):
        # without what makes columns of it
        yield from ((" ".join(line.split()), False) for line in spend_table(rows, tuple(SpendBy)))
    usage = Usage(0, 0, 0, 0, Micros(0), Micros(0), day_of(NOW))
    for daily, monthly in ((None, None), (Micros(1), Micros(10**12))):
        lines = operator_quota_lines(operator_budgets(daily, monthly, usage))
        yield from ((line, False) for line in lines)
    yield from ((line, False) for line in member_quota_lines(a_user(), Limits(), usage, hour_resets_at=NOW))
