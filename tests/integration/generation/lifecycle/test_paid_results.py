"""What was bought at fal: fetched before fal forgets it, and never taken for free when it is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core import Core, a_core
from core_running import dispatching, reached, until
from doubles.clock import ManualClock
from doubles.generation.backend import ScriptedBackend
from factories import a_user
from failover_cores import PRICE, PRICES, a_fal
from generation.domain.job import FailureKind, Job, JobStatus, RequestHandle
from generation.domain.pricing import FREE, Micros
from generation.lifecycle.timing import LifecycleTiming
from generation.ports import BackendState, BackendUpdate
from generation.protocol.errors import (
    BackendError,
    BackendUnavailable,
    ContentRejected,
    GenerationFailed,
    RequestNotFound,
)
from generation.rules.ledger import EVERYWHERE, Totals
from generation.text.errors import failure_sentence


@asynccontextmanager
async def at_fal(folder: Path, fal: ScriptedBackend, clock: ManualClock | None = None) -> AsyncIterator[Core]:
    """A core that buys."""
    async with a_core(
        folder, backend=fal, prices=PRICES, clock=clock, lifecycle_timing=LifecycleTiming(running=60)
    ) as core:
        yield core


async def spent(core: Core) -> Totals:
    assert await core.store.ledger_discrepancies() == []
    return await core.store.totals(EVERYWHERE, core.clock.now())


@pytest.mark.parametrize("verb", ["watch", "result", "fetch"])
async def test_a_result_that_fal_has_forgotten_is_a_clear_failure_that_keeps_its_price(
    tmp_path: Path, verb: str
) -> None:
    async with at_fal(tmp_path, a_fal(troubles={verb: [RequestNotFound("fal", "HTTP 404")]})) as core:
        job = await core.run(await core.submit())
        assert job.failure is not None
        assert (job.status, job.failure.kind, job.cost) == (JobStatus.FAILED, FailureKind.RESULT_LOST, PRICE)
        assert failure_sentence(job.failure) == (
            "The backend no longer has this clip. It does not count against your quota. Please try again."
        )
        assert await spent(core) == Totals(clips=0, amount=PRICE)
        quota = await core.service.quota(a_user(), job.channel.server)
        assert (quota.usage.user_clips_today, quota.usage.server_spent_today) == (0, PRICE)


@pytest.mark.parametrize(
    ("error", "kept"),
    [(GenerationFailed("fal", "boom"), PRICE), (ContentRejected("fal"), FREE)],
)
async def test_a_failed_render_keeps_its_price_and_a_refused_input_none(
    tmp_path: Path, error: BackendError, kept: Micros
) -> None:
    async with at_fal(tmp_path, a_fal(troubles={"result": [error]})) as core:
        assert (await core.run(await core.submit())).status is JobStatus.FAILED
        assert await spent(core) == Totals(clips=0, amount=kept)


async def test_a_render_that_was_cancelled_half_way_keeps_its_price(tmp_path: Path) -> None:
    fal = a_fal(hold=asyncio.Event())
    async with at_fal(tmp_path, fal, ManualClock()) as core:
        job = await core.submit()
        async with dispatching(core):
            await until(core, reached(core, JobStatus.RUNNING))
            await core.service.cancel(job.id, by=job.requested_by, server=job.channel.server)
            await until(core, reached(core, JobStatus.CANCELLED))
        assert await spent(core) == Totals(clips=0, amount=PRICE)
        assert (await core.reload(job)).cost == PRICE


async def test_a_job_that_was_cancelled_while_it_waited_costs_nothing(tmp_path: Path) -> None:
    async with at_fal(tmp_path, a_fal()) as core:
        job = await core.submit()
        assert await spent(core) == Totals(clips=1, amount=PRICE)
        await core.service.cancel(job.id, by=job.requested_by, server=job.channel.server)
        assert await spent(core) == Totals(clips=0, amount=FREE)


async def accepted(core: Core) -> Job:
    """A job that fal renders while we are away."""
    paid = await core.jobs.claim(await core.submit(origin="bought"), "fal")
    request_id = await core.backend.submit(paid.request, idempotency_key=paid.idempotency_key)
    handle = RequestHandle("fal", paid.request.endpoint, request_id, paid.attempt)
    return await core.jobs.save(paid.queued(handle), was=paid)


async def test_after_a_restart_finished_clips_are_fetched_before_any_time_passes(tmp_path: Path) -> None:
    fal = a_fal(updates=(BackendUpdate(BackendState.COMPLETED, inference_seconds=2.0),))
    async with at_fal(tmp_path, fal, ManualClock()) as core:
        job = await accepted(core)
    async with at_fal(tmp_path, fal, core.clock) as restarted:
        began = restarted.clock.now()
        async with dispatching(restarted):
            async with asyncio.timeout(40):
                while not reached(restarted, JobStatus.SUCCEEDED)():
                    await asyncio.sleep(0.01)
        assert restarted.clock.now() == began
        assert (await restarted.reload(job)).status is JobStatus.SUCCEEDED


async def test_a_fetch_that_fails_is_tried_many_times_within_the_six_minutes_that_fal_keeps_it(tmp_path: Path) -> None:
    fal = a_fal(troubles={"fetch": [BackendUnavailable("fal", "broke off")] * 8})
    async with at_fal(tmp_path, fal) as core:
        began = core.clock.now()
        assert (await core.run(await core.submit())).status is JobStatus.SUCCEEDED
        assert (core.clock.now() - began).total_seconds() <= 300
