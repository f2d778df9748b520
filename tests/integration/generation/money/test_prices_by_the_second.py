"""Where a backend bills by the second: reserved by what clips have taken, settled by what this one took."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from core import a_core
from doubles.generation.backend import FINISHED, ScriptedBackend
from factories import a_request
from generation.domain.job import JobStatus
from generation.domain.pricing import Micros, Price, Prices
from generation.protocol.request import Endpoint
from generation.rules.ledger import EVERYWHERE, Totals
from generation.rules.operator_rules import OperatorRules


def by_the_second(amount: str = "0.01/second") -> Prices:
    return Prices({"worker": {Endpoint.STANDARD: Price.parse(amount)}})


def taking(seconds: float | None) -> ScriptedBackend:
    return ScriptedBackend(updates=(*FINISHED[:-1], replace(FINISHED[-1], inference_seconds=seconds)))


async def test_what_was_reserved_too_much_is_given_back(tmp_path: Path) -> None:
    async with a_core(tmp_path, prices=by_the_second(), backend=taking(2.0)) as core:
        job = await core.run(await core.submit())
        assert (job.reserved, job.cost, job.seconds) == (Micros(600_000), Micros(20_000), 2.0)
        assert await core.reload(job) == job
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(1, Micros(20_000))


async def test_a_settlement_above_the_reservation_is_booked_in_full_and_stops_the_next_clip(tmp_path: Path) -> None:
    rules = OperatorRules(backends=("worker",), prices=by_the_second(), daily_budget=Micros(1_000_000))
    async with a_core(tmp_path, rules=rules, backend=taking(150.0)) as core:
        job = await core.run(await core.submit())
        assert (job.reserved, job.cost) == (Micros(600_000), Micros(1_500_000))
        spent = (await core.store.totals(EVERYWHERE, core.clock.now())).amount
        # the budget is passed by exactly what the clip took longer than expected
        assert spent - rules.daily_budget <= job.cost - job.reserved


async def test_a_backend_that_says_nothing_is_paid_what_was_expected(tmp_path: Path) -> None:
    async with a_core(tmp_path, prices=by_the_second(), backend=taking(None)) as core:
        job = await core.run(await core.submit())
        assert (job.cost, job.seconds) == (Micros(600_000), None)


async def test_what_is_let_in_does_not_wait_because_clips_have_become_slower_since(tmp_path: Path) -> None:
    rules = OperatorRules(backends=("worker",), prices=by_the_second(), daily_budget=Micros(600_000))
    async with a_core(tmp_path, rules=rules, backend=taking(3.0)) as core:
        job = await core.submit()
        for _ in range(5):
            rules.prices.measured.learn("worker", a_request(), 500.0)
        assert (await core.run(job)).status is JobStatus.SUCCEEDED


async def test_after_a_restart_earlier_clips_are_remembered(tmp_path: Path) -> None:
    async with a_core(tmp_path, prices=by_the_second(), backend=taking(80.0)) as core:
        await core.run(await core.submit())
    prices = by_the_second()
    async with a_core(tmp_path, prices=prices) as core:
        await core.lifecycle.learn_durations()
        assert prices.of(a_request(), "worker") == Micros(800_000)


async def test_a_fixed_price_that_was_raised_is_reserved_before_the_clip_is_ordered(tmp_path: Path) -> None:
    async with a_core(tmp_path, prices=by_the_second("0.05/clip")) as core:
        job = await core.submit()
    async with a_core(tmp_path, prices=by_the_second("0.08/clip")) as core:
        ended = await core.run(job)
        assert (ended.reserved, ended.cost) == (Micros(80_000), Micros(80_000))
        assert ended.reserved_for == "worker"
        assert Decimal(sum(e.amount for e in await core.store.ledger_of(job.id))) == 80_000
