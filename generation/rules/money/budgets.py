"""Budgets: how much a member, a server and everyone together may spend in a day and in a month.

They are the last thing that a request is refused for, and the only one that no role is exempt from.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from generation.domain.pricing import FREE, Micros, money
from generation.protocol.errors import BudgetExhausted, BudgetTooSmall, LimitExceeded, Refused
from generation.rules.limits import UTC_CALENDAR, LimitName, Limits, Usage, day_of, month_start


class BudgetScope(StrEnum):
    """Whose money it is."""

    MEMBER = "member"
    SERVER = "server"
    OPERATOR = "operator"


class Period(StrEnum):
    """How long a budget lasts."""

    DAY = "day"
    MONTH = "month"


THRESHOLDS: Final = (100, 80)
"""Percent of a budget of which people are told, once each."""


@dataclass(frozen=True, slots=True)
class Budget:
    """One budget and what is spent of it; ``began`` is the first day of its period."""

    scope: BudgetScope
    period: Period
    most: Micros
    spent: Micros
    began: date
    resets_at: datetime

    @property
    def left(self) -> Micros:
        """What may still be spent: nothing where more is spent than allowed, as after the budget
        was lowered."""
        return Micros(max(0, self.most - self.spent))

    def check(self, price: Micros) -> None:
        """Raise the refusal of a clip that costs so much, where it does not fit now."""
        # a free clip passes even where the budget is spent
        if price > FREE and self.spent + price > self.most:
            raise self._exhausted()

    def with_more(self, price: Micros) -> "Budget":
        """The same once a clip of that price is reserved."""
        return replace(self, spent=Micros(self.spent + price))

    def threshold(self, price: Micros) -> int | None:
        """The highest threshold that is reached, if one is. All counts as spent where no clip of
        that price fits any more."""
        if price <= FREE:
            return None
        percent = 100 if self.spent + price > self.most else self.spent * 100 // self.most
        return next((each for each in THRESHOLDS if percent >= each), None)

    def _exhausted(self) -> Refused:
        if self.scope is BudgetScope.OPERATOR:
            return BudgetExhausted(self.resets_at, period=self.period)
        return LimitExceeded(
            _LIMITS[self.scope, self.period],
            allowed=money(self.most),
            used=money(self.spent),
            resets_at=self.resets_at,
        )


_LIMITS: Final = {
    (BudgetScope.MEMBER, Period.DAY): LimitName.USER_BUDGET_PER_DAY,
    (BudgetScope.MEMBER, Period.MONTH): LimitName.USER_BUDGET_PER_MONTH,
    (BudgetScope.SERVER, Period.DAY): LimitName.SERVER_BUDGET_PER_DAY,
    (BudgetScope.SERVER, Period.MONTH): LimitName.SERVER_BUDGET_PER_MONTH,
}


def budgets_of(limits: Limits, usage: Usage) -> tuple[Budget, ...]:
    """The budgets that a member and the server have, in the order in which they are checked; days
    and months are the server's."""
    spent = {
        LimitName.USER_BUDGET_PER_DAY: usage.user_spent_today,
        LimitName.USER_BUDGET_PER_MONTH: usage.user_spent_this_month,
        LimitName.SERVER_BUDGET_PER_DAY: usage.server_spent_today,
        LimitName.SERVER_BUDGET_PER_MONTH: usage.server_spent_this_month,
    }
    whole = (
        (scope, period, name, getattr(limits, name.value))
        for (scope, period), name in _LIMITS.items()
    )
    return tuple(
        Budget(
            scope,
            period,
            most=most,
            spent=spent[name],
            began=usage.day if period is Period.DAY else month_start(usage.day),
            resets_at=usage.resets_at if period is Period.DAY else usage.month_resets_at,
        )
        for scope, period, name, most in whole
        if most is not None
    )


def operator_budgets(
    daily: Micros | None, monthly: Micros | None, usage: Usage
) -> tuple[Budget, ...]:
    """The operator's budgets over all servers, by UTC; None is no budget."""
    day, budgets = usage.day if usage.at is None else day_of(usage.at), []
    if daily is not None:
        ends = UTC_CALENDAR.day_end(day)
        spent = usage.all_spent_today
        budgets.append(Budget(BudgetScope.OPERATOR, Period.DAY, daily, spent, day, ends))
    if monthly is not None:
        began, ends = month_start(day), UTC_CALENDAR.month_end(day)
        spent = usage.all_spent_this_month
        budgets.append(Budget(BudgetScope.OPERATOR, Period.MONTH, monthly, spent, began, ends))
    return tuple(budgets)


def check_affordable(budgets: Iterable[Budget], price: Micros) -> None:
    """Raise BudgetTooSmall where a clip of that price fits no day, or no month."""
    for budget in budgets:
        if price > budget.most:
            raise BudgetTooSmall(
                money(price), scope=budget.scope, budget=money(budget.most), period=budget.period
            )


def check_budgets(budgets: Iterable[Budget], price: Micros) -> None:
    """Raise the refusal of the first budget that a clip of that price does not fit."""
    budgets = tuple(budgets)
    check_affordable(budgets, price)
    for budget in budgets:
        budget.check(price)
