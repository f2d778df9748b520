"""Cancelling at every moment of a job's life, and stopping at every moment of a submission's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core import Core, a_core
from core_running import dispatching, reached, until
from doubles.clock import ManualClock
from doubles.generation.backend import ScriptedBackend
from doubles.generation.faulty_store import FaultyStore
from generation.domain.job import Job, JobId, JobStatus, RequestHandle
from generation.domain.pricing import Micros, Price, Prices
from generation.ports import CancelOutcome
from generation.protocol.errors import BackendBusy, BackendUnavailable, JobAlreadyFinished
from generation.protocol.request import Endpoint
from generation.rules.ledger import EVERYWHERE, Totals

PRICES = Prices({"worker": {Endpoint.STANDARD: Price(Decimal("0.04"))}})
NOTHING = Totals(clips=0, amount=Micros(0))


async def cancel(core: Core, job: Job) -> Job:
    return await core.service.cancel(job.id, by=job.requested_by, server=job.channel.server)


class Deaf(ScriptedBackend):
    """Its cancels never come back."""

    async def cancel(self, handle: RequestHandle) -> CancelOutcome:
        self.cancelled.append(handle.request_id)
        await asyncio.Event().wait()
        raise AssertionError


async def test_a_backend_that_does_not_answer_a_cancel_holds_up_no_other_job(tmp_path: Path) -> None:
    backend = Deaf(hold=asyncio.Event())
    async with a_core(tmp_path, clock=ManualClock(), backend=backend) as core, dispatching(core):
        job = await core.submit(origin="a")
        await until(core, reached(core, JobStatus.RUNNING))
        await cancel(core, job)
        await until(core, lambda: backend.cancelled != [])
        await core.submit(origin="b", user="another")
        await until(core, reached(core, JobStatus.RUNNING, 2))
        assert len(backend.cancelled) == 1


@pytest.mark.parametrize("refusal", [BackendUnavailable("worker"), BackendBusy("worker", retry_after=60)])
async def test_a_job_cancelled_while_its_submission_is_refused_ends_at_once(tmp_path: Path, refusal: Exception) -> None:
    class Refusing(ScriptedBackend):
        async def submit(self, *args: Any, **keywords: Any) -> str:
            await cancel(core, job)
            raise refusal

    async with a_core(tmp_path, backend=Refusing(), prices=PRICES) as core:
        job = await core.submit()
        ended = await core.run(job)
        assert ended.status is JobStatus.CANCELLED
        assert core.observer.moves[-1] == (job.id, JobStatus.CANCELLED)
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == NOTHING


class Late(FaultyStore):
    """Answers reads with what was so a moment ago."""

    old: Job | None = None

    async def job(self, job_id: JobId) -> Job | None:
        return self.old or await self.store.job(job_id)


async def test_a_cancel_that_meets_a_job_on_its_way_back_to_waiting_ends_it(tmp_path: Path) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(refusals=[BackendUnavailable("worker")]), around=Late) as core:
        job = await core.submit()
        submitting = job.submitting("worker", core.clock.now())
        await core.run(job)
        core.store.old = submitting
        assert (await cancel(core, job)).status is JobStatus.CANCELLED


async def test_a_cancel_that_meets_a_job_that_has_just_ended_says_so(tmp_path: Path) -> None:
    async with a_core(tmp_path, around=Late) as core:
        job = await core.submit()
        await core.run(job)
        core.store.old = job
        with pytest.raises(JobAlreadyFinished):
            await cancel(core, job)


async def test_nothing_is_kept_of_cancelled_jobs(tmp_path: Path) -> None:
    class Quick(ScriptedBackend):
        """Completes at the moment of the cancel, before it has answered it."""

        async def cancel(self, handle: RequestHandle) -> CancelOutcome:
            outcome = await super().cancel(handle)
            while not reached(core, JobStatus.CANCELLED)():
                await asyncio.sleep(0)
            return outcome

    backend = Quick(hold=asyncio.Event())
    async with a_core(tmp_path, clock=ManualClock(), backend=backend) as core:
        async with dispatching(core):
            job = await core.submit()
            await until(core, reached(core, JobStatus.RUNNING))
            await cancel(core, job)
            await until(core, reached(core, JobStatus.CANCELLED))
            await core.clock.advance(5)
        assert core.lifecycle._cancellations._cancelled == {}
        assert core.lifecycle._wakeups._events == {}
        assert core.dispatcher.in_flight == 0


class Gated(FaultyStore):
    """Commits, and then takes its time to say so."""

    gate: asyncio.Event | None = None
    committed = False

    @asynccontextmanager
    async def transaction(self, *urgency: Any) -> AsyncIterator[Any]:
        async with super().transaction(*urgency) as tx:
            yield tx
        if "job submitting" in tx.steps and self.gate is not None:
            self.committed = True
            await self.gate.wait()


async def test_a_stop_between_the_claim_and_the_submission_leaves_no_doubt_about_it(tmp_path: Path) -> None:
    backend = ScriptedBackend("fal", resubmits_safely=False, hold=asyncio.Event())
    async with a_core(tmp_path, clock=ManualClock(), backend=backend, around=Gated) as core:
        core.store.gate = asyncio.Event()
        job = await core.submit()
        running = asyncio.create_task(core.dispatcher.run())
        await until(core, lambda: core.store.committed)
        core.dispatcher.stop()
        for _ in range(20):
            await asyncio.sleep(0)
        core.store.gate.set()
        await running
        assert (await core.reload(job)).handle is not None


async def test_a_waiting_job_stays_with_a_process_that_works_on_it_alone(tmp_path: Path) -> None:
    away: list[Exception] = [BackendUnavailable("worker")]
    backend = ScriptedBackend(refusals=away)
    async with a_core(tmp_path, backend=backend, owner="animate", keeps_waiting_jobs=True) as core:
        job = await core.submit()
        waiting = await core.run(job)
        assert waiting.status is JobStatus.PENDING
        due = core.clock.now() + timedelta(seconds=5)
        assert await core.store.claimable(due, limit=10) == []
        await core.clock.advance(1)
        assert (await core.run(waiting)).status is JobStatus.SUCCEEDED
