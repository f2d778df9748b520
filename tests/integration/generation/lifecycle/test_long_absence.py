"""What a start finds after minutes, hours or days: asked about before it is given up, and nothing stays without end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core import Core, a_core
from core_running import dispatching, reached, until
from doubles.clock import ManualClock
from doubles.generation.backend import FINISHED, ScriptedBackend
from doubles.generation.faulty_store import FaultyStore
from factories import a_handle
from generation.domain.job import FailureKind, Job, JobStatus, RequestHandle
from generation.domain.pricing import Micros, Price, Prices
from generation.lifecycle.timing import LifecycleTiming
from generation.ports import BackendState, BackendUpdate
from generation.protocol.errors import BackendUnavailable, GenerationFailed, SubmissionOutcomeUnknown
from generation.protocol.progress import Steps
from generation.protocol.request import Endpoint
from generation.rules.ledger import EVERYWHERE, Totals
from generation.rules.operator_rules import OperatorRules


async def saved(core: Core, job: Job, *moves: Job) -> Job:
    """The job after those moves, held by the core's owner."""
    async with core.store.transaction() as tx:
        await tx.claim(job.id, core.lifecycle.lease(), core.clock.now())
        for move in moves:
            await tx.save_job(move, was=job)
            job = move
    return job


async def accepted(core: Core) -> Job:
    """A job that waits at its backend, as a dead process left it."""
    job = await core.submit()
    submitting = job.submitting("worker", core.clock.now())
    return await saved(core, job, submitting, submitting.queued(a_handle(submitting)))


async def running(core: Core) -> Job:
    queued = await accepted(core)
    return await saved(core, queued, queued.running(core.clock.now()))


@pytest.mark.parametrize("left", [accepted, running])
async def test_a_clip_that_was_finished_while_we_were_away_is_fetched_however_long_that_was(
    tmp_path: Path, left: Any
) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        job = await left(core)
        await core.clock.advance(7 * 24 * 3600)
        async with dispatching(core):
            await until(core, lambda: any(s.is_final for _, s in core.observer.moves))
        assert ((await core.reload(job)).status, core.backend.cancelled) == (JobStatus.SUCCEEDED, [])


async def test_a_job_that_is_late_and_still_not_done_is_given_up_in_the_end(tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with a_core(tmp_path, clock=ManualClock(), backend=backend) as core:
        job = await running(core)
        await core.clock.advance(7 * 24 * 3600)
        task = asyncio.create_task(core.run(job))
        await core.clock.advance(LifecycleTiming().running + LifecycleTiming().grace + 60)
        ended = await task
        assert ended.failure is not None
        assert ended.failure.kind is FailureKind.TIMED_OUT


async def test_a_backend_that_is_away_does_not_put_off_the_end_for_ever(tmp_path: Path) -> None:
    away = [BackendUnavailable("worker") for _ in range(100_000)]
    async with a_core(tmp_path, backend=ScriptedBackend(troubles={"watch": away})) as core:
        ended = await core.run(await running(core))
        assert ended.failure is not None
        assert ended.failure.kind is FailureKind.TIMED_OUT


class Slow(ScriptedBackend):
    """Renders one step on request."""

    def __init__(self) -> None:
        super().__init__()
        self.step = asyncio.Semaphore(0)

    async def watch(self, handle: RequestHandle) -> AsyncIterator[BackendUpdate]:
        for done in range(4):
            await self.step.acquire()
            yield BackendUpdate(BackendState.IN_PROGRESS, steps=Steps(done, 4))
        yield FINISHED[-1]


async def test_a_slow_clip_is_not_given_up_while_it_makes_progress(tmp_path: Path) -> None:
    backend = Slow()
    async with a_core(
        tmp_path, clock=ManualClock(), backend=backend, lifecycle_timing=LifecycleTiming(running=60)
    ) as core:
        task = asyncio.create_task(core.run(await core.submit()))
        for _ in range(4):
            await until(core, backend.step.locked)
            await core.clock.advance(50)
            backend.step.release()
        assert (await task).status is JobStatus.SUCCEEDED


async def test_the_eta_of_a_clip_found_half_done_comes_from_the_steps_that_we_saw(tmp_path: Path) -> None:
    class Found(ScriptedBackend):
        async def watch(self, handle: RequestHandle) -> AsyncIterator[BackendUpdate]:
            for done in (20, 21, 22, 23):
                yield BackendUpdate(BackendState.IN_PROGRESS, steps=Steps(done, 25))
                await core.clock.advance(2)
            yield FINISHED[-1]

    async with a_core(tmp_path, clock=ManualClock(), backend=Found()) as core:
        await core.run(await accepted(core))
        etas = [p.eta_seconds for _, p in core.progress if p.steps]
        assert etas == [None, None, 6.0, 4.0]


class Overtaken(FaultyStore):
    """While stalled jobs are looked for, one of them goes back to waiting."""

    async def stalled_jobs(self, *args: Any, **keywords: Any) -> list[Job]:
        found: list[Job] = await self.store.stalled_jobs(*args, **keywords)
        for job in found:
            async with self.store.transaction() as tx:
                due = job.created_at + timedelta(seconds=1)
                await tx.save_job(job.back_to_pending(not_before=due, waiting_for="worker"), was=job)
                await tx.release(job.id, "run")
        return found


async def test_a_job_that_went_back_to_waiting_while_it_was_adopted_is_not_held_for_ever(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock(), around=Overtaken) as core:
        job = await running(core)
        async with dispatching(core):
            await until(core, reached(core, JobStatus.SUCCEEDED), step=1)
        assert [key for key, _ in core.backend.submissions] == [f"{job.id}-2"]


async def test_tries_that_never_reached_the_backend_leave_the_later_ones_their_chances(tmp_path: Path) -> None:
    away: list[Exception] = [BackendUnavailable("worker", "not started yet") for _ in range(8)]
    stopped: list[Exception] = [GenerationFailed("worker", error_type="runner_disconnected", retryable=True)]
    backend = ScriptedBackend(refusals=away, troubles={"result": stopped})
    async with a_core(tmp_path, clock=ManualClock(), backend=backend) as core:
        await core.submit()
        async with dispatching(core):
            await until(core, lambda: any(s.is_final for _, s in core.observer.moves), step=1)
        assert core.observer.moves[-1][1] is JobStatus.SUCCEEDED


async def test_the_wait_for_a_backend_that_stays_away_grows_to_a_minute(tmp_path: Path) -> None:
    away: list[Exception] = [BackendUnavailable("worker") for _ in range(12)]
    async with a_core(tmp_path, backend=ScriptedBackend(refusals=away)) as core:
        job = await core.submit()
        waits = []
        for _ in range(12):
            job = await core.run(await core.reload(job))
            assert job.not_before is not None
            waits.append((job.not_before - core.clock.now()).total_seconds())
            await core.clock.advance(waits[-1])
        assert (waits[0], waits[-1]) == (1.0, 60.0)
        assert waits == sorted(waits)


PRICES = Prices({"fal": {Endpoint.STANDARD: Price(Decimal("0.10"))}})


async def test_an_unknown_outcome_keeps_what_its_own_backend_may_have_taken_and_no_more(tmp_path: Path) -> None:
    unknown: list[Exception] = [SubmissionOutcomeUnknown("worker", "cut") for _ in range(100_000)]
    rules = OperatorRules(backends=("fal", "worker"), prices=PRICES)
    async with a_core(
        tmp_path,
        backend=ScriptedBackend(refusals=unknown),
        rules=rules,
        prices=PRICES,
        lifecycle_timing=LifecycleTiming(queued=600),
    ) as core:
        job = await core.run(await core.submit())
        assert (job.failure and job.failure.kind, job.reserved) == (FailureKind.OUTCOME_UNKNOWN, Micros(0))
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=0, amount=Micros(0))
        assert await core.store.ledger_discrepancies() == []


async def test_a_submission_to_our_own_worker_is_confirmed_after_hours_of_its_absence(tmp_path: Path) -> None:
    class Away(ScriptedBackend):
        async def submit(self, *args: Any, **keywords: Any) -> str:
            if core.clock.now() < back_at:
                raise BackendUnavailable("worker")
            return await super().submit(*args, **keywords)

    async with a_core(tmp_path, backend=Away()) as core:
        job = await core.submit()
        submitting = await saved(core, job, job.submitting("worker", core.clock.now()))
        back_at = core.clock.now() + timedelta(hours=3)
        assert (await core.run(submitting)).status is JobStatus.SUCCEEDED
