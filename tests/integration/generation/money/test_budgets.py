"""Budgets by day and month: reserved once, told of once, settled late, and read by the day that the clock shows."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import Core, QuickClock, a_core
from doubles.generation.backend import FINISHED, ScriptedBackend
from factories import a_channel, a_request, a_server, a_user, an_audit_entry
from generation.domain.job import JobStatus
from generation.domain.notice import Audience, NoticeKind
from generation.domain.pricing import Micros, Price, Prices
from generation.domain.refs import Platform
from generation.protocol.errors import BudgetExhausted, LimitExceeded, Refused
from generation.protocol.request import Endpoint
from generation.rules.ledger import EVERYWHERE, Totals
from generation.rules.limits import LimitName, Limits
from generation.rules.operator_rules import OperatorRules
from generation.rules.policy import Policy
from generation.service import SubmitContext

TEN_CENTS = 100_000
PRICES = Prices({"worker": {Endpoint.STANDARD: Price.parse("0.10/clip")}})
LAST_EVENING = datetime(2026, 11, 30, 23, 50, tzinfo=UTC)


def rules(limits: dict[str, int | None] | None = None, **changes: object) -> OperatorRules:
    own = {"user_active_jobs": 100, "server_budget_per_day": None} | (limits or {})
    return replace(
        OperatorRules(backends=("worker",), prices=PRICES, default_limits=Limits.model_validate(own)), **changes
    )


async def notices(core: Core) -> list[tuple[Audience, str]]:
    """What was to be told so far, with the percent and the period."""
    owed = await core.store.owed_notices(
        core.clock.now(), owner="test", platforms=frozenset({Platform.DISCORD}), limit=100
    )
    found = [each.notice for each in owed if each.notice.kind is NoticeKind.BUDGET]
    return sorted((n.audience, f"{n.details['percent']} of the {n.details['period']}") for n in found)


async def submit_all(core: Core, origins: Sequence[str]) -> list[str]:
    """Each origin's outcome: the name of the status or of the refusal."""
    outcomes = await asyncio.gather(*(core.submit(origin=origin) for origin in origins), return_exceptions=True)
    return [type(each).__name__ if isinstance(each, Refused) else "taken" for each in outcomes]


@pytest.mark.parametrize(
    ("limits", "scope"),
    [
        ({"user_budget_per_day": 3 * TEN_CENTS}, "LimitExceeded"),
        ({"user_budget_per_month": 3 * TEN_CENTS}, "LimitExceeded"),
        ({"server_budget_per_day": 3 * TEN_CENTS}, "LimitExceeded"),
        ({"server_budget_per_month": 3 * TEN_CENTS}, "LimitExceeded"),
        ({}, "BudgetExhausted"),
    ],
)
async def test_of_many_at_once_as_many_are_taken_as_the_budget_has_room_for(tmp_path: Path, limits, scope) -> None:
    operators = {} if limits else {"monthly_budget": Micros(3 * TEN_CENTS)}
    async with a_core(tmp_path, rules=rules(limits, **operators)) as core:
        outcomes = await submit_all(core, [f"o{number}" for number in range(8)])
    assert sorted(outcomes) == sorted(["taken"] * 3 + [scope] * 5)


async def test_a_members_budget_is_the_members_alone(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules({"user_budget_per_month": TEN_CENTS})) as core:
        await core.submit(origin="mine")
        await core.submit(origin="another's", user="7002")
        with pytest.raises(LimitExceeded) as refused:
            await core.submit(origin="mine again")
    assert refused.value.limit == LimitName.USER_BUDGET_PER_MONTH


async def test_admins_and_the_operator_are_told_at_eighty_and_a_hundred_percent_once(tmp_path: Path) -> None:
    limits = {"server_budget_per_day": 10 * TEN_CENTS}
    async with a_core(tmp_path, rules=rules(limits)) as core, a_core(tmp_path, rules=rules(limits)) as other:
        for number in range(7):
            await core.submit(origin=f"o{number}")
        assert await notices(core) == []
        # two processes at once
        await asyncio.gather(core.submit(origin="eighth"), other.submit(origin="ninth"))
        nearly = [(Audience.LOG_CHANNEL, "80 of the day"), (Audience.OPERATOR, "80 of the day")]
        assert await notices(core) == nearly
        await other.submit(origin="tenth")
        spent = [(Audience.LOG_CHANNEL, "100 of the day"), (Audience.OPERATOR, "100 of the day")]
        assert await notices(core) == sorted([*nearly, *spent])
        # given back and spent again: nothing new
        job = await core.store.jobs_of(a_user(), a_server(), limit=1)
        await core.service.cancel(job[0].id, by=a_user(), server=a_server())
        await core.submit(origin="once more")
        assert len(await notices(core)) == 4


async def test_the_operators_budget_is_told_to_the_operator_alone(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules(monthly_budget=Micros(TEN_CENTS))) as core:
        await core.submit()
        assert await notices(core) == [(Audience.OPERATOR, "100 of the month")]


async def test_a_settlement_that_spends_a_budget_is_told(tmp_path: Path) -> None:
    prices = Prices({"worker": {Endpoint.STANDARD: Price.parse("0.001/second")}})
    backend = ScriptedBackend(updates=(*FINISHED[:-1], replace(FINISHED[-1], inference_seconds=900.0)))
    whole = rules({"server_budget_per_day": 10 * TEN_CENTS}, prices=prices)
    async with a_core(tmp_path, rules=whole, backend=backend) as core:
        job = await core.submit()
        assert await notices(core) == []
        assert (await core.run(job)).cost == Micros(900_000)
        assert (Audience.LOG_CHANNEL, "100 of the day") in await notices(core)


async def test_a_clip_that_is_settled_in_the_next_month_counts_for_the_one_it_was_asked_for_in(tmp_path: Path) -> None:
    clock = QuickClock(LAST_EVENING)
    whole = rules(
        {"server_budget_per_month": TEN_CENTS}, daily_budget=Micros(TEN_CENTS), monthly_budget=Micros(TEN_CENTS)
    )
    async with a_core(tmp_path, clock=clock, rules=whole) as core:
        late = await core.submit(origin="late")
        with pytest.raises(LimitExceeded) as refused:
            await core.submit(origin="too many")
        assert refused.value.resets_at == datetime(2026, 12, 1, tzinfo=UTC)
        await clock.advance(1200)
        # a new month: the old one's clip is not in it, also when it is settled now
        assert (await core.run(await core.submit(origin="new"))).status is JobStatus.SUCCEEDED
        assert (await core.run(late)).status is JobStatus.SUCCEEDED
        assert await core.store.totals(EVERYWHERE, LAST_EVENING) == Totals(1, Micros(TEN_CENTS))
        assert await core.store.totals(EVERYWHERE, clock.now()) == Totals(1, Micros(TEN_CENTS))
        assert await core.store.ledger_discrepancies() == []
        assert [found async for found in core.store.misbooked()] == []


async def test_a_clock_that_is_set_back_opens_no_budget_twice(tmp_path: Path) -> None:
    whole = rules(daily_budget=Micros(TEN_CENTS))
    async with a_core(tmp_path, clock=QuickClock(LAST_EVENING), rules=whole) as core:
        await core.submit(origin="o1")
    async with a_core(tmp_path, clock=QuickClock(LAST_EVENING.replace(hour=1)), rules=whole) as core:
        with pytest.raises(BudgetExhausted):
            await core.submit(origin="o2")


async def test_a_budget_lowered_below_what_is_spent_refuses_until_it_ends(tmp_path: Path) -> None:
    async with a_core(tmp_path, rules=rules({"server_budget_per_month": 5 * TEN_CENTS})) as core:
        for number in range(3):
            await core.submit(origin=f"o{number}")
        await core.service.change_rules(a_server(), {"server_budget_per_month": 2 * TEN_CENTS}, by=a_user("1"))
        with pytest.raises(LimitExceeded) as refused:
            await core.submit(origin="more")
        assert (refused.value.allowed, refused.value.used) == ("$0.20", "$0.30")
        found = await core.service.quota(a_user(), a_server())
        assert found.usage.server_spent_this_month == Micros(3 * TEN_CENTS)


async def test_the_months_of_a_server_begin_in_its_own_time_zone(tmp_path: Path) -> None:
    limits = {"server_budget_per_month": TEN_CENTS}
    async with a_core(tmp_path, clock=QuickClock(LAST_EVENING), rules=rules(limits)) as core:
        # as if it had been set long ago: through the service it begins with the next day
        async with core.store.transaction() as tx:
            await tx.set_policy(a_server(), Policy(time_zone="Europe/Berlin"), an_audit_entry())
        # in Berlin it is December already, and this server's clips of today are November's only by UTC
        await core.submit()
        elsewhere = a_channel(server=a_server("9002"))
        await core.service.submit(a_request(), SubmitContext("o2", a_user(), elsewhere))
        here = await core.service.quota(a_user(), a_server())
        there = await core.service.quota(a_user(), a_server("9002"))
        assert here.usage.month_resets_at == datetime(2026, 12, 31, 23, tzinfo=UTC)
        assert there.usage.month_resets_at == datetime(2026, 12, 1, tzinfo=UTC)
        assert await core.store.totals(EVERYWHERE, LAST_EVENING) == Totals(2, Micros(2 * TEN_CENTS))
