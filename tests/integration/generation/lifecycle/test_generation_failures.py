"""Errors after acceptance: another attempt, a wait, or an end that gives the quota back."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest

from core import Core, a_core
from doubles.clock import ManualClock
from doubles.generation.backend import ScriptedBackend, tiny_mp4
from generation.domain.job import FailureKind, JobStatus
from generation.domain.pricing import Micros, Price, Prices
from generation.lifecycle.timing import LifecycleTiming
from generation.protocol.errors import (
    BackendUnavailable,
    ContentRejected,
    GenerationFailed,
    GenerationTimedOut,
    RequestNotFound,
    RequestRejected,
    StorageFull,
)
from generation.protocol.progress import Phase
from generation.protocol.request import Endpoint
from generation.rules.ledger import EVERYWHERE, Totals

PRICES = Prices(
    {"worker": {Endpoint.STANDARD: Price(Decimal("0.04"))}, "fal": {Endpoint.STANDARD: Price(Decimal("0.10"))}}
)


@pytest.mark.parametrize(
    ("error", "kind", "kept"),
    [
        (ContentRejected("worker"), FailureKind.CONTENT, 0),
        (GenerationFailed("worker", "boom"), FailureKind.GENERATION, 40_000),
        (GenerationTimedOut("worker"), FailureKind.TIMED_OUT, 40_000),
        (RequestRejected("worker", ()), FailureKind.REJECTED, 0),
    ],
)
async def test_a_failed_generation_fails_the_job_gives_back_the_quota_and_keeps_what_was_rendered(
    tmp_path: Path, error: Exception, kind: FailureKind, kept: int
) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(troubles={"result": [error]}), prices=PRICES) as core:
        job = await core.run(await core.submit())
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, kind)
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=0, amount=Micros(kept))


async def test_a_runner_that_stopped_is_tried_again_a_bounded_number_of_times(tmp_path: Path) -> None:
    stopped = [GenerationFailed("worker", error_type="runner_disconnected", retryable=True) for _ in range(3)]
    async with a_core(tmp_path, backend=ScriptedBackend(troubles={"result": list(stopped)})) as core:
        job = await core.submit()
        for attempt in (1, 2):
            job = await core.run(await core.reload(job))
            assert (job.status, job.attempt) == (JobStatus.PENDING, attempt)
        job = await core.run(await core.reload(job))
        assert (job.status, job.attempt) == (JobStatus.FAILED, 3)


async def test_a_worker_that_forgot_the_request_is_asked_again(tmp_path: Path) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(troubles={"watch": [RequestNotFound("worker")]})) as core:
        job = await core.run(await core.submit())
        assert job.status is JobStatus.PENDING
        assert (await core.run(await core.reload(job))).status is JobStatus.SUCCEEDED


async def test_a_paid_request_that_is_gone_is_not_bought_again(tmp_path: Path) -> None:
    backend = ScriptedBackend("fal", resubmits_safely=False, troubles={"watch": [RequestNotFound("fal")]})
    async with a_core(tmp_path, backend=backend) as core:
        job = await core.run(await core.submit())
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, FailureKind.RESULT_LOST)
        assert len(backend.submissions) == 1


async def test_a_backend_that_goes_away_while_watched_is_waited_for(tmp_path: Path) -> None:
    away = [BackendUnavailable("worker") for _ in range(20)]
    async with a_core(tmp_path, backend=ScriptedBackend(troubles={"watch": list(away)})) as core:
        job = await core.run(await core.submit())
        assert job.status is JobStatus.SUCCEEDED
        assert core.progress[0][1].waiting_for == "worker, which cannot be reached"


async def test_a_clip_is_fetched_again_until_it_is_here(tmp_path: Path) -> None:
    broken = [BackendUnavailable("worker", "cut") for _ in range(3)]
    async with a_core(tmp_path, backend=ScriptedBackend(troubles={"fetch": list(broken)})) as core:
        assert (await core.run(await core.submit())).status is JobStatus.SUCCEEDED


async def test_a_clip_that_never_comes_fails_the_job_in_the_end(tmp_path: Path) -> None:
    broken = [BackendUnavailable("worker", "cut") for _ in range(100)]
    async with a_core(tmp_path, backend=ScriptedBackend(troubles={"fetch": broken})) as core:
        job = await core.run(await core.submit())
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, FailureKind.RESULT_LOST)


@pytest.mark.parametrize("video", [b"", b"<html>not found</html>", tiny_mp4()[:200]])
async def test_a_damaged_video_is_never_kept(tmp_path: Path, video: bytes) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(video=video)) as core:
        job = await core.run(await core.submit())
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, FailureKind.CORRUPT_VIDEO)
        assert list((tmp_path / "staging").iterdir()) == []


async def test_a_full_disk_fails_the_job_with_its_quota_given_back(tmp_path: Path) -> None:
    backend = ScriptedBackend(troubles={"fetch": [StorageFull("no space")]})
    async with a_core(tmp_path, backend=backend, prices=PRICES) as core:
        job = await core.run(await core.submit())
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, FailureKind.STORAGE_FULL)
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=0, amount=Micros(40_000))


async def test_a_running_job_past_its_deadline_is_stopped_at_the_backend(tmp_path: Path) -> None:
    clock = ManualClock()
    backend = ScriptedBackend(hold=asyncio.Event())
    async with a_core(
        tmp_path, clock=clock, backend=backend, lifecycle_timing=LifecycleTiming(running=60, queued=10)
    ) as core:
        task = asyncio.create_task(core.run(await core.submit()))
        while not core.progress or core.progress[-1][1].phase is not Phase.RENDERING:
            await asyncio.sleep(0)
        await clock.advance(59)
        assert not task.done()
        await clock.advance(2)
        job = await task
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, FailureKind.TIMED_OUT)
        assert backend.cancelled == ["request-1"]


async def _cancelled(core: Core) -> JobStatus:
    job = await core.submit()
    task = asyncio.create_task(core.run(job))
    while core.backend.submissions == [] or (await core.reload(job)).handle is None:
        await asyncio.sleep(0)
    await core.service.cancel(job.id, by=job.requested_by, server=job.channel.server)
    await core.lifecycle.cancel_at_backend(job.id)
    await core.lifecycle.cancel_at_backend(job.id)
    return (await task).status


async def test_a_cancelled_job_ends_when_its_backend_agrees(tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with a_core(tmp_path, clock=ManualClock(), backend=backend, prices=PRICES) as core:
        assert await _cancelled(core) is JobStatus.CANCELLED
        assert backend.cancelled == ["request-1"]
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=0, amount=Micros(40_000))


async def test_a_worker_that_forgot_a_cancelled_request_ends_it(tmp_path: Path) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(troubles={"watch": [RequestNotFound("worker")]})) as core:
        job = await core.submit()
        async with core.store.transaction() as tx:
            await tx.request_cancel(job.id)
        assert (await core.run(await core.reload(job))).status is JobStatus.CANCELLED
