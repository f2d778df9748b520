"""When a backend is away, too busy or too small before it has accepted a job, the next one makes the clip: once, and
only where budgets allow it."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core import QuickClock, a_core
from doubles.clock import ManualClock
from doubles.generation.backend import ScriptedBackend
from failover_cores import (
    OUT_OF_MEMORY,
    PRICE,
    PRICES,
    a_fal,
    a_worker,
    both,
    lines,
    rules,
    run_to_end,
)
from generation.backends.circuit_breaker import Trouble
from generation.domain.job import JobStatus
from generation.domain.pricing import FREE, Micros, money
from generation.domain.refs import ServerRef
from generation.lifecycle import reservations
from generation.protocol.errors import (
    AccountLocked,
    BackendBusy,
    BackendUnavailable,
    BudgetTooSmall,
)
from generation.rules.ledger import EVERYWHERE, EntryKind, Totals
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules


async def test_a_job_waits_a_little_for_a_worker_that_is_away_before_it_is_bought(tmp_path: Path) -> None:
    worker, fal = a_worker(away=True), a_fal()
    async with both(tmp_path, worker, fal) as core:
        job = await core.submit()
        began = core.clock.now()
        fal.on_submit = lambda: bought_after.append((core.clock.now() - began).total_seconds())
        bought_after: list[float] = []
        done = await run_to_end(core, job)
        assert (done.status, done.backend, done.engine) == (JobStatus.SUCCEEDED, "fal", None)
        assert len(bought_after) == 1
        assert 30 <= bought_after[0] <= 31


async def test_a_worker_that_comes_back_in_time_costs_nothing(tmp_path: Path) -> None:
    worker, fal = a_worker(refusals=[BackendUnavailable("worker")] * 3), a_fal()
    async with both(tmp_path, worker, fal) as core:
        done = await run_to_end(core, await core.submit())
        assert (done.status, done.backend, done.cost) == (JobStatus.SUCCEEDED, "worker", FREE)
        assert fal.submissions == []


async def test_money_is_reserved_when_the_job_goes_where_it_costs_something(tmp_path: Path) -> None:
    async with both(tmp_path, a_worker(away=True), a_fal()) as core:
        job = await core.submit()
        assert job.reserved == FREE
        done = await run_to_end(core, job)
        assert (done.reserved, done.cost) == (PRICE, PRICE)
        assert await lines(core, job) == [
            (EntryKind.RESERVE, 1, FREE),
            (EntryKind.RESERVE, 0, PRICE),
            (EntryKind.SETTLE, 0, FREE),
        ]
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=1, amount=PRICE)
        assert await core.store.ledger_discrepancies() == []


async def test_a_worker_that_stays_too_busy_gives_way(tmp_path: Path) -> None:
    worker, fal = a_worker(refusals=[BackendBusy("worker", retry_after=20)] * 9), a_fal()
    async with both(tmp_path, worker, fal) as core:
        done = await run_to_end(core, await core.submit())
        assert (done.status, done.backend) == (JobStatus.SUCCEEDED, "fal")
        assert core.breakers["worker"].trouble is Trouble.BUSY


@pytest.mark.parametrize(
    ("operator_rules", "whose"),
    [
        (rules(daily_budget=Micros(PRICE - 1)), "the bot's budget"),
        (rules(default_limits=Limits(server_budget_per_day=PRICE - 1)), "the budget here"),
    ],
)
async def test_a_job_that_no_budget_allows_to_be_bought_waits_for_the_worker_and_says_so(
    tmp_path: Path, operator_rules: OperatorRules, whose: str
) -> None:
    worker, fal = a_worker(away=True), a_fal()
    async with both(tmp_path, worker, fal, operator_rules) as core:
        job = await run_to_end(core, await core.submit(), times=20)
        assert (job.status, job.reserved) == (JobStatus.PENDING, FREE)
        assert job.waiting_for == (f"worker, which cannot be reached, or for fal, which is beyond {whose}")
        assert core.progress[-1][1].waiting_for == job.waiting_for
        assert fal.submissions == []
        assert len(await core.store.ledger_of(job.id)) == 1
        worker.away = False
        assert (await run_to_end(core, job)).backend == "worker"


async def test_a_spent_budget_does_not_keep_members_from_the_worker(tmp_path: Path) -> None:
    async with both(tmp_path, a_worker(), a_fal(), rules(daily_budget=FREE)) as core:
        assert (await run_to_end(core, await core.submit())).status is JobStatus.SUCCEEDED


@pytest.mark.parametrize("tight", ["the server's", "the bot's"])
@pytest.mark.parametrize("reserved", [0, 1, PRICE - 1])
async def test_what_a_backend_costs_is_named_whole_however_much_is_reserved(
    tmp_path: Path, tight: str, reserved: int
) -> None:
    budget = Micros(PRICE - 1)
    limits = Limits(server_budget_per_day=budget if tight == "the server's" else None)
    operator_rules = rules(default_limits=limits, daily_budget=budget if tight == "the bot's" else None)
    async with both(tmp_path, a_worker(), a_fal(), operator_rules) as core:
        job = replace(await core.submit(), reserved=Micros(reserved))
        refused = await reservations.refusal(core.store, job, "fal", operator_rules)
        assert isinstance(refused, BudgetTooSmall)
        assert refused.price == money(PRICE)


async def test_two_jobs_never_share_the_last_of_a_budget(tmp_path: Path) -> None:
    worker, fal = a_worker(away=True), a_fal()
    async with both(tmp_path, worker, fal, rules(daily_budget=PRICE)) as core:
        jobs = [await core.submit(origin=origin, user=origin) for origin in "ab"]
        core.breakers["worker"] = core.breakers["worker"].failed(
            Trouble.AWAY, core.clock.now() - timedelta(minutes=1), 3600
        )
        done = await asyncio.gather(*(core.run(job) for job in jobs))
        assert sorted(job.status for job in done) == [JobStatus.PENDING, JobStatus.SUCCEEDED]
        assert len(fal.submissions) == 1
        assert (await core.store.totals(EVERYWHERE, core.clock.now())).amount == PRICE


async def test_where_fal_is_preferred_a_spent_budget_leaves_the_worker(tmp_path: Path) -> None:
    operator_rules = OperatorRules(backends=("fal", "worker"), prices=PRICES, daily_budget=FREE)
    worker, fal = a_worker(), a_fal()
    async with a_core(tmp_path, backend=fal, others=[worker], rules=operator_rules, prices=PRICES) as core:
        done = await run_to_end(core, await core.submit())
        assert (done.status, done.backend, fal.submissions) == (JobStatus.SUCCEEDED, "worker", [])


class MovingClock(QuickClock):
    """Moves a little with each look at it, as a real clock does."""

    def now(self) -> datetime:
        self._now += timedelta(microseconds=1)
        return super().now()


async def test_a_spent_budget_leaves_the_worker_at_once_by_a_clock_that_does_not_stand_still(tmp_path: Path) -> None:
    operator_rules = OperatorRules(backends=("fal", "worker"), prices=PRICES, daily_budget=FREE)
    worker, fal = a_worker(), a_fal()
    async with a_core(tmp_path, clock=MovingClock(), backend=fal, others=[worker], rules=operator_rules) as core:
        done = await core.run(await core.submit())
        assert (done.status, done.backend, fal.submissions) == (JobStatus.SUCCEEDED, "worker", [])
        ended = done.finished_at
        assert [entry.at for entry in await core.store.ledger_of(done.id)][-1] == ended
        assert (await core.delivery(done)).next_attempt_at == ended


class SlowToSay(ScriptedBackend):
    """Takes a minute to say what it renders with."""

    clock: ManualClock

    async def engine(self) -> str | None:
        await self.clock.advance(61)
        return await super().engine()


async def test_a_worker_that_is_slow_to_say_what_it_draws_is_not_asked_again_at_once(tmp_path: Path) -> None:
    worker, fal = SlowToSay("worker", renders_with="preview"), a_fal()
    operator_rules = OperatorRules(backends=("fal", "worker"), prices=PRICES, daily_budget=FREE)
    async with a_core(tmp_path, backend=fal, others=[worker], rules=operator_rules) as core:
        worker.clock = core.clock
        job = await core.run(await core.submit())
        assert job.not_before is not None
        assert job.not_before > core.clock.now()


@pytest.mark.parametrize("renders_with", ["preview", None])
async def test_a_preview_never_stands_in_for_a_real_clip(tmp_path: Path, renders_with: str | None) -> None:
    worker, fal = a_worker(renders_with=renders_with), a_fal(away=True)
    async with a_core(tmp_path, backend=fal, others=[worker], prices=PRICES) as core:
        job = await run_to_end(core, await core.submit(), times=20)
        assert (job.status, worker.submissions) == (JobStatus.PENDING, [])
        assert job.waiting_for == "fal, which cannot be reached, or for worker, which only draws previews"
        fal.away = False
        assert (await run_to_end(core, job)).backend == "fal"


async def test_a_worker_that_is_preferred_may_draw_previews(tmp_path: Path) -> None:
    async with both(tmp_path, a_worker(renders_with="preview"), a_fal()) as core:
        assert (await run_to_end(core, await core.submit())).backend == "worker"


async def test_a_locked_account_at_fal_does_not_end_a_job_that_the_worker_can_make(tmp_path: Path) -> None:
    worker, fal = a_worker(away=True), a_fal(refusals=[AccountLocked("fal")] * 100)
    async with both(tmp_path, worker, fal) as core:
        job = await run_to_end(core, await core.submit(), times=12)
        assert job.status is JobStatus.PENDING
        assert job.waiting_for == (
            "worker, which cannot be reached, or for fal, which does not accept the operator's account"
        )
        worker.away = False
        assert (await run_to_end(core, job)).backend == "worker"


async def test_a_clip_that_the_worker_has_no_memory_for_is_bought_at_once(tmp_path: Path) -> None:
    worker, fal = a_worker(troubles={"result": [OUT_OF_MEMORY]}), a_fal()
    async with both(tmp_path, worker, fal) as core:
        done = await run_to_end(core, await core.submit())
        assert (done.status, done.backend, done.attempt) == (JobStatus.SUCCEEDED, "fal", 2)
        assert len(worker.submissions) == 1
        assert core.breakers["worker"].trouble is None


async def test_what_had_no_memory_at_the_worker_is_not_tried_there_again_after_a_restart(tmp_path: Path) -> None:
    worker, fal = a_worker(troubles={"result": [OUT_OF_MEMORY]}), a_fal()
    async with both(tmp_path, worker, fal) as core:
        job = await core.run(await core.submit())
        assert (job.status, job.avoided) == (JobStatus.PENDING, "worker")
    async with both(tmp_path, worker, fal, clock=core.clock) as restarted:
        assert (await run_to_end(restarted, job)).backend == "fal"
        assert len(worker.submissions) == 1


async def test_without_a_budget_a_clip_without_memory_is_tried_again_and_then_given_up(tmp_path: Path) -> None:
    worker, fal = a_worker(troubles={"result": [OUT_OF_MEMORY] * 3}), a_fal()
    async with both(tmp_path, worker, fal, rules(daily_budget=FREE)) as core:
        done = await run_to_end(core, await core.submit())
        assert (done.status, done.attempt, fal.submissions) == (JobStatus.FAILED, 3, [])


async def test_a_servers_quota_shows_one_clip_and_its_price_once(tmp_path: Path) -> None:
    async with both(tmp_path, a_worker(away=True), a_fal(), clock=QuickClock()) as core:
        done = await run_to_end(core, await core.submit())
        server: ServerRef = done.channel.server
        usage = (await core.service.quota(done.requested_by, server)).usage
        assert (usage.user_clips_today, usage.server_clips_today, usage.server_spent_today) == (1, 1, PRICE)
