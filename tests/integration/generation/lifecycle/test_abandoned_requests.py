"""A worker that goes away with a job it has accepted: the job is bought once, or taken up again, and what it abandoned
is cancelled."""

from dataclasses import replace
from pathlib import Path

import pytest

from core import a_core
from core_running import dispatching, reached, until
from doubles.clock import ManualClock
from failover_cores import PRICE, PRICES, a_fal, a_worker, abandoned_at_the_worker, both, rules, run_to_end
from generation.domain.job import FailureKind, JobStatus
from generation.domain.pricing import FREE
from generation.protocol.errors import (
    BackendBusy,
    BackendUnavailable,
    StaleJob,
    SubmissionOutcomeUnknown,
)
from generation.protocol.progress import Phase
from generation.rules.ledger import EVERYWHERE, Totals


@pytest.mark.parametrize(("begun", "patience"), [(False, 120), (True, 300)])
async def test_a_clip_that_a_lost_worker_had_accepted_is_bought_after_a_longer_wait(
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
        done = await run_to_end(core, job)
        assert (done.status, done.backend) == (JobStatus.SUCCEEDED, "fal")
        assert [round(seconds, -1) for seconds in bought_after] == [patience]
        assert done.left is not None
        assert (done.left.backend, done.left.request_id) == ("worker", "request-1")


async def test_a_clip_that_cannot_be_bought_stays_with_the_worker_that_is_away(tmp_path: Path) -> None:
    worker, fal = a_worker(troubles={"watch": [BackendUnavailable("worker")] * 1000}), a_fal()
    async with both(tmp_path, worker, fal, rules(daily_budget=FREE)) as core:
        done = await run_to_end(core, await core.submit())
        assert (done.status, done.backend, done.attempt) == (JobStatus.SUCCEEDED, "worker", 1)
        assert JobStatus.PENDING not in [moved for _, moved in core.observer.moves[1:]]


async def test_killed_before_it_was_bought_it_is_bought_once_by_the_next_start(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal()
    async with both(tmp_path, worker, fal) as core:
        job = await abandoned_at_the_worker(core)
    async with both(tmp_path, worker, fal, clock=core.clock) as restarted:
        done = await run_to_end(restarted, job)
        assert (done.status, done.backend, len(fal.submissions)) == (JobStatus.SUCCEEDED, "fal", 1)
        assert await restarted.store.totals(EVERYWHERE, restarted.clock.now()) == Totals(clips=1, amount=PRICE)


async def test_killed_before_it_was_bought_it_goes_on_at_the_worker_that_came_back(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal()
    async with both(tmp_path, worker, fal) as core:
        job = await abandoned_at_the_worker(core)
    worker.come_back()
    async with both(tmp_path, worker, fal, clock=core.clock) as restarted:
        done = await run_to_end(restarted, job)
        assert (done.status, done.backend, fal.submissions) == (JobStatus.SUCCEEDED, "worker", [])
        assert {key for key, _ in worker.submissions} == {f"{job.id}-1"}
        assert (done.left, done.handle and done.handle.request_id) == (None, "request-1")


async def test_killed_while_it_was_bought_it_is_not_bought_again_nor_made_at_the_worker(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal()
    async with both(tmp_path, worker, fal) as core:
        job = await abandoned_at_the_worker(core)
        await core.jobs.claim(job, "fal")
    worker.come_back()
    async with both(tmp_path, worker, fal, clock=core.clock) as restarted:
        [found] = await restarted.store.stalled_jobs("run", restarted.clock.now(), limit=10)
        done = await restarted.run(found)
        assert (done.status, done.failure and done.failure.kind) == (JobStatus.FAILED, FailureKind.OUTCOME_UNKNOWN)
        assert (fal.submissions, len(worker.submissions)) == ([], 1)
        assert await restarted.store.totals(EVERYWHERE, restarted.clock.now()) == Totals(clips=0, amount=PRICE)


async def test_an_abandoned_request_is_cancelled_once_the_worker_is_back(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal()
    async with both(tmp_path, worker, fal) as core:
        done = await run_to_end(core, await abandoned_at_the_worker(core))
        await core.clock.advance(60)
        await core.lifecycle.cancel_abandoned_requests()
        assert (worker.cancelled, (await core.reload(done)).left) == ([], done.left)
        worker.come_back()
        await core.clock.advance(60)
        await core.lifecycle.cancel_abandoned_requests()
        assert (worker.cancelled, (await core.reload(done)).left) == (["request-1"], None)
        assert core.breakers["worker"].trouble is None
        await core.lifecycle.cancel_abandoned_requests()
        assert worker.cancelled == ["request-1"]
        assert (await core.reload(done)).artifact == done.artifact


async def test_a_request_that_may_still_be_taken_up_again_is_not_cancelled(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal()
    async with both(tmp_path, worker, fal) as core:
        job = await abandoned_at_the_worker(core)
        worker.come_back()
        await core.clock.advance(3600)
        await core.lifecycle.cancel_abandoned_requests()
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
        done = await core.run(job)
        assert (done.status, fal.submissions) == (JobStatus.CANCELLED, [])
        worker.come_back()
        await core.clock.advance(3600)
        await core.lifecycle.cancel_abandoned_requests()
        assert worker.cancelled == ["request-1"]


async def test_a_submission_in_doubt_at_our_own_worker_moves_when_the_worker_is_gone(tmp_path: Path) -> None:
    worker, fal = a_worker(refusals=[SubmissionOutcomeUnknown("worker", "cut")] * 1000), a_fal()
    async with both(tmp_path, worker, fal) as core:
        done = await run_to_end(core, await core.submit())
        assert (done.status, done.backend, len(fal.submissions)) == (JobStatus.SUCCEEDED, "fal", 1)
        assert {key for key, _ in worker.submissions} == {f"{done.id}-1"}


async def test_a_paid_submission_without_an_answer_is_never_ordered_anywhere_else(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal(refusals=[SubmissionOutcomeUnknown("fal", "cut")])
    async with a_core(tmp_path, backend=fal, others=[worker], prices=PRICES) as core:
        done = await run_to_end(core, await core.submit())
        assert (done.status, done.failure and done.failure.kind) == (JobStatus.FAILED, FailureKind.OUTCOME_UNKNOWN)
        assert (len(fal.submissions), worker.submissions) == (1, [])


async def test_what_a_paid_backend_has_accepted_is_waited_for(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal(troubles={"watch": [BackendUnavailable("fal")] * 1000})
    async with a_core(tmp_path, backend=fal, others=[worker], prices=PRICES) as core:
        done = await run_to_end(core, await core.submit())
        assert (done.status, done.backend, worker.submissions) == (JobStatus.SUCCEEDED, "fal", [])


async def test_a_process_that_lost_its_job_cannot_write_over_what_became_of_it(tmp_path: Path) -> None:
    async with both(tmp_path, a_worker(), a_fal(refusals=[BackendBusy("fal")])) as core:
        moved = await abandoned_at_the_worker(core)
        paid = await core.jobs.claim(moved, "fal")
        lost = replace(paid, backend="worker")
        with pytest.raises(StaleJob):
            await core.jobs.save(lost.queued(replace(moved.left, attempt=1)), was=lost)  # type: ignore[type-var]
        assert await core.reload(paid) == paid


async def test_the_member_reads_where_the_clip_waits_meanwhile(tmp_path: Path) -> None:
    worker, fal = a_worker(), a_fal()
    async with both(tmp_path, worker, fal) as core:
        await abandoned_at_the_worker(core)
        waits = [progress.waiting_for for _, progress in core.progress if progress.phase is Phase.WAITING]
        assert list(dict.fromkeys(waits)) == ["worker, which cannot be reached", "fal"]
