"""When a backend is away, too busy or too small, the next one makes the clip: once, and only where budgets allow it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core import Core, QuickClock, a_core
from core_running import dispatching, reached, until
from doubles.backend import ScriptedBackend
from doubles.clock import ManualClock
from generation.breaker import Trouble
from generation.errors import (
    AccountLocked,
    BackendBusy,
    BackendUnavailable,
    GenerationFailed,
    StaleJob,
    SubmissionOutcomeUnknown,
)
from generation.house_rules import HouseRules
from generation.job import FailureKind, Job, JobStatus
from generation.ledger import EVERYWHERE, EntryKind, Totals
from generation.limits import Limits
from generation.places import ServerRef
from generation.pricing import FREE, Micros, Prices
from generation.progress import Phase
from generation.request import Endpoint

PRICES = Prices({"fal": {Endpoint.STANDARD: Decimal("0.05")}})
PRICE = Micros(50_000)
OUT_OF_MEMORY = GenerationFailed("worker", error_type="runner_scheduling_failure", retryable=True)


def rules(**changes: object) -> HouseRules:
    """The worker first, then fal."""
    return replace(HouseRules(backends=("worker", "fal"), prices=PRICES), **changes)  # type: ignore[arg-type]


def a_worker(**how: object) -> ScriptedBackend:
    return ScriptedBackend("worker", made_by="animatediff", **how)  # type: ignore[arg-type]


def a_fal(**how: object) -> ScriptedBackend:
    return ScriptedBackend("fal", resubmits_safely=False, **how)  # type: ignore[arg-type]


@asynccontextmanager
async def both(
    folder: Path,
    worker: ScriptedBackend,
    fal: ScriptedBackend,
    house: HouseRules | None = None,
    clock: ManualClock | None = None,
) -> AsyncIterator[Core]:
    """A core whose worker is preferred to fal."""
    house = house or rules()
    async with a_core(folder, backend=worker, others=[fal], rules=house, prices=PRICES, clock=clock) as core:
        yield core


async def carried(core: Core, job: Job, *, times: int = 50) -> Job:
    """Carry the job whenever it is due until it ends, as the dispatcher does."""
    for _ in range(times):
        job = await core.reload(job)
        if job.status.is_final:
            return job
        if job.not_before is not None:
            await core.clock.advance(max(0.0, (job.not_before - core.clock.now()).total_seconds()))
        await core.carry(job)
    return await core.reload(job)


async def lines(core: Core, job: Job) -> list[tuple[EntryKind, int, Micros]]:
    return [(entry.kind, entry.clips, entry.amount) for entry in await core.store.ledger_of(job.id)]


# Not accepted yet -----------------------------------------------------------------------------------------------


async def test_a_job_waits_a_little_for_a_worker_that_is_away_before_it_is_bought(tmp_path: Path) -> None:
    worker, fal = a_worker(away=True), a_fal()
    async with both(tmp_path, worker, fal) as core:
        job = await core.submit()
        began = core.clock.now()
        fal.on_submit = lambda: bought_after.append((core.clock.now() - began).total_seconds())
        bought_after: list[float] = []
        done = await carried(core, job)
        assert (done.status, done.backend, done.engine) == (JobStatus.SUCCEEDED, "fal", None)
        assert len(bought_after) == 1
        assert 30 <= bought_after[0] <= 31


async def test_a_worker_that_comes_back_in_time_costs_nothing(tmp_path: Path) -> None:
    worker, fal = a_worker(refusals=[BackendUnavailable("worker")] * 3), a_fal()
    async with both(tmp_path, worker, fal) as core:
        done = await carried(core, await core.submit())
        assert (done.status, done.backend, done.cost) == (JobStatus.SUCCEEDED, "worker", FREE)
        assert fal.submissions == []


async def test_money_is_reserved_when_the_job_goes_where_it_costs_something(tmp_path: Path) -> None:
    async with both(tmp_path, a_worker(away=True), a_fal()) as core:
        job = await core.submit()
        assert job.reserved == FREE
        done = await carried(core, job)
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
        done = await carried(core, await core.submit())
        assert (done.status, done.backend) == (JobStatus.SUCCEEDED, "fal")
        assert core.breakers["worker"].trouble is Trouble.BUSY


@pytest.mark.parametrize(
    ("house", "whose"),
    [
        (rules(daily_budget=Micros(PRICE - 1)), "the bot's"),
        (rules(default_limits=Limits(server_budget_per_day=PRICE - 1)), "this server's"),
    ],
)
async def test_a_job_that_no_budget_allows_to_be_bought_waits_for_the_worker_and_says_so(
    tmp_path: Path, house: HouseRules, whose: str
) -> None:
    worker, fal = a_worker(away=True), a_fal()
    async with both(tmp_path, worker, fal, house) as core:
        job = await carried(core, await core.submit(), times=20)
        assert (job.status, job.reserved) == (JobStatus.PENDING, FREE)
        assert job.waiting_for == (
            f"worker, which cannot be reached, or for fal, which {whose} budget for the day does not allow"
        )
        assert core.said[-1][1].waiting_for == job.waiting_for
        assert fal.submissions == []
        assert len(await core.store.ledger_of(job.id)) == 1
        worker.away = False
        assert (await carried(core, job)).backend == "worker"


async def test_a_spent_budget_does_not_keep_members_from_the_worker(tmp_path: Path) -> None:
    async with both(tmp_path, a_worker(), a_fal(), rules(daily_budget=FREE)) as core:
        assert (await carried(core, await core.submit())).status is JobStatus.SUCCEEDED


async def test_two_jobs_never_share_the_last_of_a_budget(tmp_path: Path) -> None:
    worker, fal = a_worker(away=True), a_fal()
    async with both(tmp_path, worker, fal, rules(daily_budget=PRICE)) as core:
        jobs = [await core.submit(origin=origin, user=origin) for origin in "ab"]
        core.breakers["worker"] = core.breakers["worker"].failed(
            Trouble.AWAY, core.clock.now() - timedelta(minutes=1), 3600
        )
        done = await asyncio.gather(*(core.carry(job) for job in jobs))
        assert sorted(job.status for job in done) == [JobStatus.PENDING, JobStatus.SUCCEEDED]
        assert len(fal.submissions) == 1
        assert (await core.store.totals(EVERYWHERE, core.clock.now())).amount == PRICE


async def test_where_fal_is_preferred_a_spent_budget_leaves_the_worker(tmp_path: Path) -> None:
    house = HouseRules(backends=("fal", "worker"), prices=PRICES, daily_budget=FREE)
    worker, fal = a_worker(), a_fal()
    async with a_core(tmp_path, backend=fal, others=[worker], rules=house, prices=PRICES) as core:
        done = await carried(core, await core.submit())
        assert (done.status, done.backend, fal.submissions) == (JobStatus.SUCCEEDED, "worker", [])


@pytest.mark.parametrize("renders_with", ["preview", None])
async def test_a_preview_never_stands_in_for_a_real_clip(tmp_path: Path, renders_with: str | None) -> None:
    worker, fal = a_worker(renders_with=renders_with), a_fal(away=True)
    async with a_core(tmp_path, backend=fal, others=[worker], prices=PRICES) as core:
        job = await carried(core, await core.submit(), times=20)
        assert (job.status, worker.submissions) == (JobStatus.PENDING, [])
        assert job.waiting_for == "fal, which cannot be reached, or for worker, which only draws previews"
        fal.away = False
        assert (await carried(core, job)).backend == "fal"


async def test_a_worker_that_is_preferred_may_draw_previews(tmp_path: Path) -> None:
    async with both(tmp_path, a_worker(renders_with="preview"), a_fal()) as core:
        assert (await carried(core, await core.submit())).backend == "worker"


async def test_a_locked_account_at_fal_does_not_end_a_job_that_the_worker_can_make(tmp_path: Path) -> None:
    worker, fal = a_worker(away=True), a_fal(refusals=[AccountLocked("fal")] * 100)
    async with both(tmp_path, worker, fal) as core:
        job = await carried(core, await core.submit(), times=12)
        assert job.status is JobStatus.PENDING
        assert job.waiting_for == (
            "worker, which cannot be reached, or for fal, which does not accept the operator's account"
        )
        worker.away = False
        assert (await carried(core, job)).backend == "worker"


# Out of memory ----------------------------------------------------------------------------------------------------


async def test_a_clip_that_the_worker_has_no_memory_for_is_bought_at_once(tmp_path: Path) -> None:
    worker, fal = a_worker(troubles={"result": [OUT_OF_MEMORY]}), a_fal()
    async with both(tmp_path, worker, fal) as core:
        done = await carried(core, await core.submit())
        assert (done.status, done.backend, done.attempt) == (JobStatus.SUCCEEDED, "fal", 2)
        assert len(worker.submissions) == 1
        assert core.breakers["worker"].trouble is None


async def test_what_had_no_memory_at_the_worker_is_not_tried_there_again_after_a_restart(tmp_path: Path) -> None:
    worker, fal = a_worker(troubles={"result": [OUT_OF_MEMORY]}), a_fal()
    async with both(tmp_path, worker, fal) as core:
        job = await core.carry(await core.submit())
        assert (job.status, job.avoided) == (JobStatus.PENDING, "worker")
    async with both(tmp_path, worker, fal, clock=core.clock) as restarted:
        assert (await carried(restarted, job)).backend == "fal"
        assert len(worker.submissions) == 1


async def test_without_a_budget_a_clip_without_memory_is_tried_again_and_then_given_up(tmp_path: Path) -> None:
    worker, fal = a_worker(troubles={"result": [OUT_OF_MEMORY] * 3}), a_fal()
    async with both(tmp_path, worker, fal, rules(daily_budget=FREE)) as core:
        done = await carried(core, await core.submit())
        assert (done.status, done.attempt, fal.submissions) == (JobStatus.FAILED, 3, [])


# Accepted by a worker that goes away ------------------------------------------------------------------------------


@pytest.mark.parametrize(("begun", "patience"), [(False, 120), (True, 300)])
async def test_what_a_worker_took_with_it_is_bought_after_a_longer_wait(
    tmp_path: Path, begun: bool, patience: float
) -> None:
    worker, fal = a_worker(), a_fal()
    if not begun:
        worker.updates = worker.updates[:1]
    worker.leave_during_watch()
    async with both(tmp_path, worker, fal) as core:
        job = await core.submit()
        began = core.clock.now()
        fal.on_submit = lambda: bought_after.append((core.clock.now() - began).total_seconds())
        bought_after: list[float] = []
        done = await carried(core, job)
        assert (done.status, done.backend) == (JobStatus.SUCCEEDED, "fal")
        assert [round(seconds, -1) for seconds in bought_after] == [patience]
        assert done.left is not None
        assert (done.left.backend, done.left.request_id) == ("worker", "request-1")


async def test_a_clip_that_cannot_be_bought_stays_with_the_worker_that_is_away(tmp_path: Path) -> None:
    worker, fal = a_worker(troubles={"watch": [BackendUnavailable("worker")] * 1000}), a_fal()
    async with both(tmp_path, worker, fal, rules(daily_budget=FREE)) as core:
        done = await carried(core, await core.submit())
        assert (done.status, done.backend, done.attempt) == (JobStatus.SUCCEEDED, "worker", 1)
        assert JobStatus.PENDING not in [moved for _, moved in core.observer.moves[1:]]


async def left_at_the_worker(core: Core) -> Job:
    """A job that waits to be bought after its worker went away with it."""
    core.backend.leave_during_watch()
    job = await core.carry(await core.submit())
    assert (job.status, job.handle, job.waiting_for) == (JobStatus.PENDING, None, "fal")
    assert job.left is not None
    return job


async def test_killed_before_it_was_bought_it_is_bought_once_by_the_next_start(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal()
    async with both(tmp_path, worker, fal) as core:
        job = await left_at_the_worker(core)
    async with both(tmp_path, worker, fal, clock=core.clock) as restarted:
        done = await carried(restarted, job)
        assert (done.status, done.backend, len(fal.submissions)) == (JobStatus.SUCCEEDED, "fal", 1)
        assert await restarted.store.totals(EVERYWHERE, restarted.clock.now()) == Totals(clips=1, amount=PRICE)


async def test_killed_before_it_was_bought_it_goes_on_at_the_worker_that_came_back(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal()
    async with both(tmp_path, worker, fal) as core:
        job = await left_at_the_worker(core)
    worker.come_back()
    async with both(tmp_path, worker, fal, clock=core.clock) as restarted:
        done = await carried(restarted, job)
        assert (done.status, done.backend, fal.submissions) == (JobStatus.SUCCEEDED, "worker", [])
        assert {key for key, _ in worker.submissions} == {f"{job.id}-1"}
        assert (done.left, done.handle and done.handle.request_id) == (None, "request-1")


async def test_killed_while_it_was_bought_it_is_not_bought_again_nor_made_at_the_worker(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal()
    async with both(tmp_path, worker, fal) as core:
        job = await left_at_the_worker(core)
        await core.desk.claim(job, "fal")
    worker.come_back()
    async with both(tmp_path, worker, fal, clock=core.clock) as restarted:
        [found] = await restarted.store.orphans("run", restarted.clock.now(), limit=10)
        done = await restarted.carry(found)
        assert (done.status, done.failure and done.failure.kind) == (JobStatus.FAILED, FailureKind.OUTCOME_UNKNOWN)
        assert (fal.submissions, len(worker.submissions)) == ([], 1)
        assert await restarted.store.totals(EVERYWHERE, restarted.clock.now()) == Totals(clips=0, amount=PRICE)


async def test_what_was_left_behind_is_stopped_once_the_worker_is_back(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal()
    async with both(tmp_path, worker, fal) as core:
        done = await carried(core, await left_at_the_worker(core))
        await core.clock.advance(60)
        await core.carrier.stop_left_behind()
        assert (worker.cancelled, (await core.reload(done)).left) == ([], done.left)
        worker.come_back()
        await core.clock.advance(60)
        await core.carrier.stop_left_behind()
        assert (worker.cancelled, (await core.reload(done)).left) == (["request-1"], None)
        assert core.breakers["worker"].trouble is None
        await core.carrier.stop_left_behind()
        assert worker.cancelled == ["request-1"]
        assert (await core.reload(done)).artifact == done.artifact


async def test_what_may_still_be_taken_up_again_is_not_stopped(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal()
    async with both(tmp_path, worker, fal) as core:
        job = await left_at_the_worker(core)
        worker.come_back()
        await core.clock.advance(3600)
        await core.carrier.stop_left_behind()
        assert (worker.cancelled, (await core.reload(job)).left) == ([], job.left)


async def test_the_dispatcher_fails_over_and_cleans_up_by_itself(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal()
    worker.leave_during_watch()
    async with both(tmp_path, worker, fal, clock=ManualClock()) as core:
        job = await core.submit()
        async with dispatching(core):
            await until(core, reached(core, JobStatus.SUCCEEDED), step=1)
            worker.come_back()
            await until(core, lambda: worker.cancelled == ["request-1"], step=1)
        assert ((await core.reload(job)).backend, len(fal.submissions)) == ("fal", 1)


async def test_cancelled_while_its_worker_is_away_it_is_not_bought(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal()
    worker.leave_during_watch()
    async with both(tmp_path, worker, fal) as core:
        job = await core.submit()
        async with core.store.transaction() as tx:
            await tx.request_cancel(job.id)
        done = await core.carry(job)
        assert (done.status, fal.submissions) == (JobStatus.CANCELLED, [])
        worker.come_back()
        await core.clock.advance(3600)
        await core.carrier.stop_left_behind()
        assert worker.cancelled == ["request-1"]


async def test_a_submission_in_doubt_at_our_own_worker_moves_when_the_worker_is_gone(tmp_path: Path) -> None:
    worker, fal = a_worker(refusals=[SubmissionOutcomeUnknown("worker", "cut")] * 1000), a_fal()
    async with both(tmp_path, worker, fal) as core:
        done = await carried(core, await core.submit())
        assert (done.status, done.backend, len(fal.submissions)) == (JobStatus.SUCCEEDED, "fal", 1)
        assert {key for key, _ in worker.submissions} == {f"{done.id}-1"}


# Paid for already ---------------------------------------------------------------------------------------------------


async def test_a_paid_submission_without_an_answer_is_never_ordered_anywhere_else(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal(refusals=[SubmissionOutcomeUnknown("fal", "cut")])
    async with a_core(tmp_path, backend=fal, others=[worker], prices=PRICES) as core:
        done = await carried(core, await core.submit())
        assert (done.status, done.failure and done.failure.kind) == (JobStatus.FAILED, FailureKind.OUTCOME_UNKNOWN)
        assert (len(fal.submissions), worker.submissions) == (1, [])


async def test_what_a_paid_backend_has_accepted_is_waited_for(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal(troubles={"watch": [BackendUnavailable("fal")] * 1000})
    async with a_core(tmp_path, backend=fal, others=[worker], prices=PRICES) as core:
        done = await carried(core, await core.submit())
        assert (done.status, done.backend, worker.submissions) == (JobStatus.SUCCEEDED, "fal", [])


async def test_a_process_that_lost_its_job_cannot_write_over_what_became_of_it(tmp_path: Path) -> None:
    async with both(tmp_path, a_worker(), a_fal(refusals=[BackendBusy("fal")])) as core:
        moved = await left_at_the_worker(core)
        paid = await core.desk.claim(moved, "fal")
        lost = replace(paid, backend="worker")
        with pytest.raises(StaleJob):
            await core.desk.save(lost.queued(replace(moved.left, attempt=1)), was=lost)  # type: ignore[type-var]
        assert await core.reload(paid) == paid


# What people read ---------------------------------------------------------------------------------------------------


async def test_the_member_reads_where_the_clip_waits_meanwhile(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal()
    async with both(tmp_path, worker, fal) as core:
        await left_at_the_worker(core)
        waits = [progress.waiting_for for _, progress in core.said if progress.phase is Phase.WAITING]
        assert list(dict.fromkeys(waits)) == ["worker, which cannot be reached", "fal"]


async def test_a_servers_quota_shows_one_clip_and_its_price_once(tmp_path: Path) -> None:
    async with both(tmp_path, a_worker(away=True), a_fal(), clock=QuickClock()) as core:
        done = await carried(core, await core.submit())
        server: ServerRef = done.channel.server
        usage = (await core.service.quota(done.requested_by, server)).usage
        assert (usage.user_clips_today, usage.server_clips_today, usage.server_spent_today) == (1, 1, PRICE)
