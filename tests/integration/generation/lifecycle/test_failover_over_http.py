"""Fail-over through the real queue client: what a worker and fal say over HTTP, from refusal to fetched clip."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from core import Core, QuickClock, a_core
from doubles.backends.queue_backend import ACCEPTED, POLL, REQUEST_ID, RESULT, STREAM, SUBMIT, completed, fal, worker
from doubles.backends.scripted_queue import Line, Reply, ScriptedQueue
from doubles.generation.backend import tiny_mp4
from failover_cores import PRICE, PRICES
from generation.domain.job import FailureKind, Job, JobStatus
from generation.rules.ledger import EVERYWHERE

AWAY = httpx.ConnectError("refused")
CLIP = "https://v3.fal.media/files/a/clip.mp4"
OUT_OF_MEMORY = Reply(
    500,
    {"detail": "Out of memory: 512 × 512 × 16", "error_type": "runner_scheduling_failure"},
    headers={"x-fal-request-id": REQUEST_ID, "x-fal-error-type": "runner_scheduling_failure"},
)


def queue(submit: Line, result: Line | None = None) -> ScriptedQueue:
    """A backend that answers a submission so, and if it took it has ended with that result."""
    scripted = ScriptedQueue()
    scripted.on(SUBMIT, submit)
    scripted.on(STREAM, Reply(404))
    scripted.on(POLL, Reply(200, completed()))
    scripted.on(RESULT, result or Reply(200, {"video": {"url": CLIP}, "seed": 7}))
    scripted.on("GET /files/a/clip.mp4", Reply(200, chunks=[tiny_mp4()]))
    return scripted


@asynccontextmanager
async def both(folder: Path, at_home: ScriptedQueue, paid: ScriptedQueue) -> AsyncIterator[Core]:
    """A core whose worker is preferred to fal, both behind the real client."""
    clock = QuickClock()
    async with (
        worker(at_home, clock) as first,
        fal(paid, clock) as second,
        a_core(folder, backend=first, others=[second], prices=PRICES, clock=clock) as core,  # type: ignore[arg-type]
    ):
        yield core


async def run_to_end(core: Core, *, times: int = 40) -> Job:
    """A new job, run whenever it is due."""
    job = await core.submit()
    for _ in range(times):
        job = await core.run(await core.reload(job))
        if job.status.is_final:
            break
        if job.not_before is not None:
            await core.clock.advance(max(0.0, (job.not_before - core.clock.now()).total_seconds()))
    return job


@pytest.mark.parametrize(
    "refusal",
    [
        AWAY,
        httpx.ConnectTimeout("no answer"),
        Reply(429, {"detail": "The queue is full"}, headers={"retry-after": "5"}),
        Reply(503, {"detail": "The worker's disk is full; it takes no new requests."}),
    ],
)
async def test_a_worker_that_is_away_full_or_not_ready_is_replaced_by_fal(tmp_path: Path, refusal: Line) -> None:
    paid = queue(Reply(200, ACCEPTED))
    async with both(tmp_path, queue(refusal), paid) as core:
        job = await run_to_end(core)
        assert (job.status, job.backend, job.cost) == (JobStatus.SUCCEEDED, "fal", PRICE)
        assert paid.asked.count(SUBMIT) == 1


async def test_a_worker_out_of_memory_is_replaced_by_fal_at_once(tmp_path: Path) -> None:
    at_home, paid = queue(Reply(200, ACCEPTED), OUT_OF_MEMORY), queue(Reply(200, ACCEPTED))
    async with both(tmp_path, at_home, paid) as core:
        began = core.clock.now()
        job = await run_to_end(core)
        assert (job.status, job.backend, job.avoided) == (JobStatus.SUCCEEDED, "fal", "worker")
        assert (at_home.asked.count(SUBMIT), paid.asked.count(SUBMIT)) == (1, 1)
        assert (core.clock.now() - began).total_seconds() < 10


async def test_an_input_that_the_worker_refuses_is_not_tried_at_fal(tmp_path: Path) -> None:
    refused = {"detail": [{"loc": ["body", "prompt"], "msg": "too odd", "type": "value_error"}]}
    paid = queue(Reply(200, ACCEPTED))
    async with both(tmp_path, queue(Reply(200, ACCEPTED), Reply(422, refused)), paid) as core:
        job = await run_to_end(core)
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, FailureKind.REJECTED)
        assert paid.asked == []


@pytest.mark.parametrize("broken", [httpx.ReadError("cut"), Reply(502, "<html>Bad Gateway</html>"), Reply(200, {})])
async def test_a_purchase_whose_answer_got_lost_is_ordered_nowhere_else(tmp_path: Path, broken: Line) -> None:
    at_home, paid = queue(AWAY), queue(broken)
    async with both(tmp_path, at_home, paid) as core:
        job = await run_to_end(core)
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, FailureKind.OUTCOME_UNKNOWN)
        assert paid.asked == [SUBMIT]
        assert (await core.store.totals(EVERYWHERE, core.clock.now())).amount == PRICE


@pytest.mark.parametrize("refusal", [Reply(401, {"detail": "No user"}), Reply(403, {"detail": "User is locked."})])
async def test_an_account_that_fal_refuses_leaves_the_job_to_the_worker(tmp_path: Path, refusal: Line) -> None:
    at_home, paid = queue(AWAY), queue(refusal)
    async with both(tmp_path, at_home, paid) as core:
        job = await run_to_end(core, times=12)
        assert job.status is JobStatus.PENDING
        at_home.on(SUBMIT, Reply(200, ACCEPTED))
        at_home.on(RESULT, Reply(200, {"video": {"url": "http://127.0.0.1:8191/files/a/clip.mp4"}, "seed": 7}))
        while not job.status.is_final:
            assert job.not_before is not None
            await core.clock.advance(max(0.0, (job.not_before - core.clock.now()).total_seconds()))
            job = await core.run(await core.reload(job))
        assert (job.status, job.backend) == (JobStatus.SUCCEEDED, "worker")


async def test_a_result_that_fal_has_forgotten_says_so_and_keeps_its_price(tmp_path: Path) -> None:
    gone = Reply(404, {"detail": "Request not found"}, headers={"x-fal-request-id": REQUEST_ID})
    async with both(tmp_path, queue(AWAY), queue(Reply(200, ACCEPTED), gone)) as core:
        job = await run_to_end(core)
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, FailureKind.RESULT_LOST)
        assert (await core.store.totals(EVERYWHERE, core.clock.now())).amount == PRICE
