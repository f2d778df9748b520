"""Budgets of members, servers and the operator, for days and months: what fits, and what is told."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import a_request, a_server
from generation.domain.notice import Audience
from generation.domain.pricing import FREE, Micros
from generation.protocol.errors import BudgetExhausted, BudgetTooSmall, LimitExceeded, Refused
from generation.rules.limits import Calendar, LimitName, Limits, Usage
from generation.rules.money.budgets import Budget, BudgetScope, Period
from generation.rules.money.notices import budget_notices
from generation.rules.operator_rules import OperatorRules
from generation.text.errors import sentence
from generation.text.notices import notice_text

CENT = 10_000
NOW = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
BERLIN = Calendar("Europe/Berlin")
"""Half an hour after its midnight."""


def usage(**spent: int) -> Usage:
    counts = dict.fromkeys(
        ("user_clips_today", "server_clips_today", "user_active_jobs", "server_active_jobs", "server_spent_today"), 0
    )
    fields = counts | {"all_spent_today": 0} | spent
    return Usage(**fields, day=date(2026, 11, 21), at=NOW, calendar=BERLIN)


def refusal(rules: OperatorRules, used: Usage, price: int, **limits: int) -> Refused:
    unlimited = {"server_budget_per_day": None}
    with pytest.raises(Refused) as caught:
        rules.check(Limits(**(unlimited | limits)), a_request(), used, Micros(price))
    return caught.value


BEGINS_IN_BERLIN = datetime(2026, 11, 21, 23, tzinfo=UTC)
DECEMBER_IN_BERLIN = datetime(2026, 11, 30, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "spent", "resets_at", "said"),
    [
        (
            LimitName.USER_BUDGET_PER_DAY,
            "user_spent_today",
            BEGINS_IN_BERLIN,
            "The clip would take you over your budget: $0.10 a day, of which $0.07 is spent. A new day starts ",
        ),
        (
            LimitName.USER_BUDGET_PER_MONTH,
            "user_spent_this_month",
            DECEMBER_IN_BERLIN,
            "The clip would take you over your budget: $0.10 a month, of which $0.07 is spent. A new month starts ",
        ),
        (
            LimitName.SERVER_BUDGET_PER_DAY,
            "server_spent_today",
            BEGINS_IN_BERLIN,
            "The clip would take this machine over its budget: $0.10 a day, of which $0.07 is spent. A new day starts ",
        ),
        (
            LimitName.SERVER_BUDGET_PER_MONTH,
            "server_spent_this_month",
            DECEMBER_IN_BERLIN,
            "The clip would take this machine over its budget: $0.10 a month, of which $0.07 is spent. A new month ",
        ),
    ],
)
def test_no_budget_is_passed_by_a_millionth(name, spent, resets_at, said):
    limits = {name.value: 10 * CENT}
    OperatorRules().check(
        Limits(server_budget_per_day=None).changed(limits), a_request(), usage(**{spent: 7 * CENT}), Micros(3 * CENT)
    )
    error = refusal(OperatorRules(), usage(**{spent: 7 * CENT}), 3 * CENT + 1, **limits)
    assert isinstance(error, LimitExceeded)
    assert (error.limit, error.allowed, error.used, error.resets_at) == (name, "$0.10", "$0.07", resets_at)
    assert sentence(error).startswith(said)


@pytest.mark.parametrize(
    ("rules", "spent", "resets_at", "period"),
    [
        (
            OperatorRules(daily_budget=Micros(CENT)),
            {"all_spent_today": CENT},
            datetime(2026, 11, 21, tzinfo=UTC),
            "day",
        ),
        (
            OperatorRules(monthly_budget=Micros(CENT)),
            {"all_spent_this_month": CENT},
            datetime(2026, 12, 1, tzinfo=UTC),
            "month",
        ),
    ],
)
def test_the_operators_days_and_months_are_utcs(rules, spent, resets_at, period):
    error = refusal(rules, usage(**spent), 1)
    assert isinstance(error, BudgetExhausted)
    assert (error.resets_at, error.period) == (resets_at, period)


@pytest.mark.parametrize("name", [name for name in LimitName if "budget" in name])
def test_a_clip_that_costs_more_than_a_whole_budget_is_told_so_before_it_is_told_to_wait(name):
    limits = {name.value: 3 * CENT, "user_active_jobs": 1}
    error = refusal(OperatorRules(), usage(user_active_jobs=1), 4 * CENT, **limits)
    assert isinstance(error, BudgetTooSmall)
    scope = "you" if name.startswith("user_") else "this machine"
    period = name.rpartition("_")[2]
    assert (
        sentence(error) == f"The clip costs $0.04, more than {scope} may spend in a whole {period}: $0.03. Ask for a "
        "smaller one."
    )


def test_a_budget_that_was_lowered_below_what_is_spent_refuses_and_has_nothing_left():
    error = refusal(OperatorRules(), usage(server_spent_today=50 * CENT), CENT, server_budget_per_day=20 * CENT)
    assert (error.allowed, error.used) == ("$0.20", "$0.50")
    assert a_budget(most=20, spent=50).left == 0


def test_a_free_clip_fits_budgets_that_are_spent():
    spent = usage(user_spent_today=10**9, all_spent_today=10**9)
    OperatorRules(daily_budget=FREE, monthly_budget=FREE).check(
        Limits(user_budget_per_day=0, user_budget_per_month=0), a_request(), spent, FREE
    )


def a_budget(*, most: int, spent: int, scope: BudgetScope = BudgetScope.SERVER) -> Budget:
    return Budget(scope, Period.DAY, Micros(most * CENT), Micros(spent * CENT), date(2026, 11, 21), BEGINS_IN_BERLIN)


@pytest.mark.parametrize(
    ("spent", "price", "threshold"),
    [(79, 1, None), (80, 1, 80), (98, 2, 80), (99, 2, 100), (100, 1, 100), (140, 1, 100), (99, 0, None)],
)
def test_all_is_spent_where_no_second_clip_fits(spent, price, threshold):
    assert a_budget(most=100, spent=spent).threshold(Micros(price * CENT)) == threshold


def test_of_a_servers_budget_its_admins_and_the_operator_are_told():
    told = list(budget_notices(a_server(), [a_budget(most=100, spent=85)], Micros(CENT), NOW))
    assert [(notice.audience, notice.key) for notice in told] == [
        (Audience.OPERATOR, "budget:discord:9001:day:2026-11-21:80:operator"),
        (Audience.LOG_CHANNEL, "budget:discord:9001:day:2026-11-21:80:log_channel"),
    ]
    operators, admins = (notice_text(notice).lines[0] for notice in told)
    assert operators.startswith("Clips of discord:9001 have taken 80 % of its budget for the day: $0.85 of $1.00. A ")
    assert admins.startswith("This machine has spent 80 % of its budget for the day: $0.85 of $1.00. A new day starts ")


def test_of_the_operators_budget_only_the_operator_is_told_and_of_a_members_nobody():
    budgets = [
        a_budget(most=100, spent=100, scope=BudgetScope.OPERATOR),
        a_budget(most=100, spent=100, scope=BudgetScope.MEMBER),
    ]
    (told,) = budget_notices(a_server(), budgets, Micros(CENT), NOW)
    assert (told.audience, told.key) == (Audience.OPERATOR, "budget:operator:day:2026-11-21:100:operator")
    assert (
        notice_text(told)
        .lines[0]
        .startswith("All clips together have taken your whole budget for the day: $1.00 of $1.00. ")
    )


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 100))
def test_what_fits_is_never_above_the_budget_and_what_does_not_fit_would_be(most, spent, price):
    budget = replace(a_budget(most=0, spent=0), most=Micros(most), spent=Micros(spent))
    try:
        budget.check(Micros(price))
    except Refused:
        assert spent + price > most
    else:
        assert budget.with_more(Micros(price)).spent <= most
