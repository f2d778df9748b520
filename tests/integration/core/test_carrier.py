"""One job's way from asking to the kept clip, and every way in which it can end otherwise."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core import Core, a_core
from doubles.backend import ScriptedBackend, tiny_mp4
from doubles.clock import ManualClock
from factories import a_request
from generation.desk import Patience
from generation.errors import (
    AccountLocked,
    BackendBusy,
    BackendUnavailable,
    ContentRejected,
    CredentialsRejected,
    EndpointNotFound,
    GenerationFailed,
    GenerationTimedOut,
    ProtocolViolation,
    RequestNotFound,
    RequestRejected,
    StaleJob,
    StorageFull,
    SubmissionOutcomeUnknown,
)
from generation.job import FailureKind, JobStatus
from generation.ledger import EVERYWHERE, EntryKind, Totals
from generation.ports import BackendState, BackendUpdate
from generation.pricing import Micros, Prices
from generation.progress import Phase, Steps
from generation.request import Endpoint
from generation.service import HouseRules

PRICES = Prices({"worker": {Endpoint.STANDARD: Decimal("0.04")}, "fal": {Endpoint.STANDARD: Decimal("0.10")}})


async def test_a_job_is_submitted_watched_fetched_kept_and_settled(tmp_path: Path) -> None:
    async with a_core(tmp_path, prices=PRICES) as core:
        job = await core.carry(await core.submit())
        assert [status for _, status in core.observer.moves] == [
            JobStatus.PENDING,
            JobStatus.SUBMITTING,
            JobStatus.QUEUED,
            JobStatus.RUNNING,
            JobStatus.SUCCEEDED,
        ]
        assert await core.reload(job) == job
        assert job.artifact is not None
        async with core.artifacts.checkout(job.artifact) as path:
            assert path.read_bytes() == tiny_mp4()
        assert [(e.kind, e.clips, e.amount) for e in await core.store.ledger_of(job.id)] == [
            (EntryKind.RESERVE, 1, Micros(40_000)),
            (EntryKind.SETTLE, 0, Micros(0)),
        ]
        assert list((tmp_path / "staging").iterdir()) == []


async def test_the_clip_remembers_what_made_it(tmp_path: Path) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(made_by="animatediff")) as core:
        job = await core.carry(await core.submit())
        assert (job.backend, job.engine) == ("worker", "animatediff")
        assert await core.reload(job) == job


async def test_the_idempotency_key_is_the_job_and_its_attempt(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await core.carry(await core.submit())
        assert core.backend.submissions == [(f"{job.id}-1", job.request)]


async def test_progress_tells_position_steps_and_fetching(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await core.carry(await core.submit())
        assert [(p.phase, p.position, p.steps) for _, p in core.said] == [
            (Phase.QUEUED, 0, None),
            (Phase.RENDERING, None, Steps(1, 4)),
            (Phase.FETCHING, None, None),
        ]


async def test_the_eta_comes_from_clips_that_were_measured(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await core.carry(await core.submit())
        core.said.clear()
        await core.carry(await core.submit(a_request(num_frames=32), origin="o2"))
        assert core.said[0][1].eta_seconds == 4.0


async def test_after_a_restart_the_eta_comes_from_clips_of_earlier(tmp_path: Path) -> None:
    clock = ManualClock()
    async with a_core(tmp_path, clock=clock) as core:
        for origin, seconds in (("o1", 2.0), ("o2", 90.0), ("o3", 3.0)):
            job = core.carrier.carry(await core.submit(origin=origin))
            slow = replace(await job, started_at=clock.now(), finished_at=clock.now() + timedelta(seconds=seconds))
            async with core.store.transaction() as tx:
                await tx.save_job(slow, was=slow)
    async with a_core(tmp_path) as core:
        await core.carrier.recall_paces()
        await core.carry(await core.submit(a_request(num_frames=32), origin="o4"))
        assert core.said[0][1].eta_seconds == 6.0  # twice the middle one, whatever a single clip took


async def test_before_any_clip_was_measured_the_backend_is_believed(tmp_path: Path) -> None:
    told = [
        BackendUpdate(BackendState.IN_QUEUE, position=3, eta_seconds=40.0),
        BackendUpdate(BackendState.IN_PROGRESS, eta_seconds=9.0),
        BackendUpdate(BackendState.IN_PROGRESS, steps=Steps(1, 4), eta_seconds=8.0),
        BackendUpdate(BackendState.COMPLETED),
    ]
    async with a_core(tmp_path, backend=ScriptedBackend(updates=told)) as core:
        await core.carry(await core.submit())
        assert [progress.eta_seconds for _, progress in core.said] == [40.0, 9.0, 8.0, None]


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (BackendUnavailable("worker", "refused"), "worker, which cannot be reached"),
        (BackendBusy("worker"), "worker, which is busy"),
    ],
)
async def test_a_job_that_was_provably_not_accepted_waits_for_its_next_attempt(
    tmp_path: Path, refusal: Exception, reason: str
) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(refusals=[refusal])) as core:
        job = await core.carry(await core.submit())
        assert (job.status, job.attempt, job.waiting_for) == (JobStatus.PENDING, 0, reason)
        assert job.not_before == core.clock.now() + timedelta(seconds=1)
        assert core.said[-1][1].waiting_for == reason
        await core.clock.advance(1)
        assert (await core.carry(await core.reload(job))).status is JobStatus.SUCCEEDED
        assert [key for key, _ in core.backend.submissions] == [f"{job.id}-1"] * 2


async def test_a_busy_backend_says_itself_how_long_to_wait(tmp_path: Path) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(refusals=[BackendBusy("worker", retry_after=17)])) as core:
        job = await core.carry(await core.submit())
        assert job.not_before == core.clock.now() + timedelta(seconds=17)


async def test_a_submission_broken_after_sending_is_never_resent_where_it_costs_money(tmp_path: Path) -> None:
    backend = ScriptedBackend("fal", resubmits_safely=False, refusals=[SubmissionOutcomeUnknown("fal", "cut")])
    async with a_core(tmp_path, backend=backend, prices=PRICES) as core:
        job = await core.carry(await core.submit())
        assert len(backend.submissions) == 1
        assert job.status is JobStatus.FAILED
        assert job.failure is not None
        assert job.failure.kind is FailureKind.OUTCOME_UNKNOWN
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=0, amount=Micros(100_000))


async def test_a_submission_broken_after_sending_is_resent_under_the_same_key_where_that_is_safe(
    tmp_path: Path,
) -> None:
    backend = ScriptedBackend(refusals=[SubmissionOutcomeUnknown("worker", "cut"), BackendUnavailable("worker")])
    async with a_core(tmp_path, backend=backend) as core:
        job = await core.carry(await core.submit())
        assert job.status is JobStatus.SUCCEEDED
        assert [key for key, _ in backend.submissions] == [f"{job.id}-1"] * 3


async def test_a_job_found_submitting_at_the_start_is_resent_under_its_key(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await core.submit()
        async with core.store.transaction() as tx:
            await tx.claim(job.id, core.carrier.lease(), core.clock.now())
            await tx.save_job(job.submitting("worker", core.clock.now()), was=job)
    async with a_core(tmp_path, backend=core.backend, clock=core.clock) as restarted:
        await restarted.clock.advance(3600)
        [found] = await restarted.store.orphans("run", restarted.clock.now(), limit=10)
        assert (await restarted.carry(found)).status is JobStatus.SUCCEEDED
        assert [key for key, _ in core.backend.submissions] == [f"{job.id}-1"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (CredentialsRejected("worker"), FailureKind.OPERATOR),
        (AccountLocked("worker"), FailureKind.OPERATOR),
        (EndpointNotFound("worker"), FailureKind.OPERATOR),
        (RequestRejected("worker", ()), FailureKind.REJECTED),
        (ProtocolViolation("worker"), FailureKind.GENERATION),
    ],
)
async def test_a_refused_submission_fails_and_gives_back_the_reservation(
    tmp_path: Path, error: Exception, kind: FailureKind
) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(refusals=[error]), prices=PRICES) as core:
        job = await core.carry(await core.submit())
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, kind)
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=0, amount=Micros(0))


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
        job = await core.carry(await core.submit())
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, kind)
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=0, amount=Micros(kept))


async def test_a_failure_never_holds_the_prompt_that_a_backend_quotes(tmp_path: Path) -> None:
    said = "HTTP 422 prompt: 'a paper boat on a stormy sea' is not nice"
    async with a_core(tmp_path, backend=ScriptedBackend(refusals=[ContentRejected("worker", said)])) as core:
        job = await core.carry(await core.submit(a_request(prompt="a paper boat\non a stormy sea")))
        assert job.failure is not None
        assert job.failure.detail == "worker: HTTP 422 prompt: '…"


async def test_a_runner_that_stopped_is_tried_again_a_bounded_number_of_times(tmp_path: Path) -> None:
    stopped = [GenerationFailed("worker", error_type="runner_disconnected", retryable=True) for _ in range(3)]
    async with a_core(tmp_path, backend=ScriptedBackend(troubles={"result": list(stopped)})) as core:
        job = await core.submit()
        for attempt in (1, 2):
            job = await core.carry(await core.reload(job))
            assert (job.status, job.attempt) == (JobStatus.PENDING, attempt)
        job = await core.carry(await core.reload(job))
        assert (job.status, job.attempt) == (JobStatus.FAILED, 3)


async def test_a_worker_that_forgot_the_request_is_asked_again(tmp_path: Path) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(troubles={"watch": [RequestNotFound("worker")]})) as core:
        job = await core.carry(await core.submit())
        assert job.status is JobStatus.PENDING
        assert (await core.carry(await core.reload(job))).status is JobStatus.SUCCEEDED


async def test_a_paid_request_that_is_gone_is_not_bought_again(tmp_path: Path) -> None:
    backend = ScriptedBackend("fal", resubmits_safely=False, troubles={"watch": [RequestNotFound("fal")]})
    async with a_core(tmp_path, backend=backend) as core:
        job = await core.carry(await core.submit())
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, FailureKind.RESULT_LOST)
        assert len(backend.submissions) == 1


async def test_a_backend_that_goes_away_while_watched_is_waited_for(tmp_path: Path) -> None:
    away = [BackendUnavailable("worker") for _ in range(20)]
    async with a_core(tmp_path, backend=ScriptedBackend(troubles={"watch": list(away)})) as core:
        job = await core.carry(await core.submit())
        assert job.status is JobStatus.SUCCEEDED
        assert core.said[0][1].waiting_for == "worker, which cannot be reached"


async def test_a_clip_is_fetched_again_until_it_is_here(tmp_path: Path) -> None:
    broken = [BackendUnavailable("worker", "cut") for _ in range(3)]
    async with a_core(tmp_path, backend=ScriptedBackend(troubles={"fetch": list(broken)})) as core:
        assert (await core.carry(await core.submit())).status is JobStatus.SUCCEEDED


async def test_a_clip_that_never_comes_fails_the_job_in_the_end(tmp_path: Path) -> None:
    broken = [BackendUnavailable("worker", "cut") for _ in range(100)]
    async with a_core(tmp_path, backend=ScriptedBackend(troubles={"fetch": broken})) as core:
        job = await core.carry(await core.submit())
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, FailureKind.RESULT_LOST)


@pytest.mark.parametrize("video", [b"", b"<html>not found</html>", tiny_mp4()[:200]])
async def test_a_damaged_video_is_never_kept(tmp_path: Path, video: bytes) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(video=video)) as core:
        job = await core.carry(await core.submit())
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, FailureKind.CORRUPT_VIDEO)
        assert list((tmp_path / "staging").iterdir()) == []


async def test_a_full_disk_fails_the_job_with_its_quota_given_back(tmp_path: Path) -> None:
    backend = ScriptedBackend(troubles={"fetch": [StorageFull("no space")]})
    async with a_core(tmp_path, backend=backend, prices=PRICES) as core:
        job = await core.carry(await core.submit())
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, FailureKind.STORAGE_FULL)
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=0, amount=Micros(40_000))


async def test_a_job_of_a_backend_that_is_no_longer_configured_fails_for_the_operator(tmp_path: Path) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(troubles={"watch": [RequestNotFound("worker")] * 9})) as core:
        job = await core.submit()
        async with core.store.transaction() as tx:
            submitting = job.submitting("worker", core.clock.now())
            await tx.save_job(submitting, was=job)
    async with a_core(tmp_path, backend=ScriptedBackend("fal", resubmits_safely=False), clock=core.clock) as other:
        ended = await other.carry(submitting)
        assert (ended.status, ended.failure and ended.failure.kind) == (JobStatus.FAILED, FailureKind.OUTCOME_UNKNOWN)


async def test_a_job_taken_by_another_process_is_left_alone(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core, a_core(tmp_path, owner="another", clock=core.clock) as another:
        job = await core.submit()
        async with another.store.transaction() as tx:
            assert await tx.claim(job.id, another.carrier.lease(), core.clock.now())
        with pytest.raises(StaleJob):
            await core.carry(job)
        assert core.backend.submissions == []


async def test_what_is_settled_is_the_price_of_the_backend_that_made_it(tmp_path: Path) -> None:
    rules = HouseRules(backends=("fal", "worker"), prices=PRICES)
    async with a_core(tmp_path, rules=rules, prices=PRICES) as core:
        job = await core.carry(await core.submit())
        assert (job.reserved, job.cost) == (Micros(40_000), Micros(40_000))
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=1, amount=Micros(40_000))


async def test_a_running_job_past_its_deadline_is_stopped_at_the_backend(tmp_path: Path) -> None:
    clock = ManualClock()
    backend = ScriptedBackend(hold=asyncio.Event())
    async with a_core(tmp_path, clock=clock, backend=backend, patience=Patience(running=60, queued=10)) as core:
        carrying = asyncio.create_task(core.carry(await core.submit()))
        while not core.said or core.said[-1][1].phase is not Phase.RENDERING:
            await asyncio.sleep(0)
        await clock.advance(59)
        assert not carrying.done()
        await clock.advance(2)
        job = await carrying
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, FailureKind.TIMED_OUT)
        assert backend.cancelled == ["request-1"]


async def _cancelled(core: Core) -> JobStatus:
    job = await core.submit()
    carrying = asyncio.create_task(core.carry(job))
    while core.backend.submissions == [] or (await core.reload(job)).handle is None:
        await asyncio.sleep(0)
    await core.service.cancel(job.id, by=job.requested_by, server=job.channel.server)
    await core.carrier.pass_on_cancel(job.id)
    await core.carrier.pass_on_cancel(job.id)
    return (await carrying).status


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
        assert (await core.carry(await core.reload(job))).status is JobStatus.CANCELLED


async def test_updates_that_skip_states_are_understood(tmp_path: Path) -> None:
    backend = ScriptedBackend(updates=(BackendUpdate(BackendState.COMPLETED),))
    async with a_core(tmp_path, backend=backend) as core:
        assert (await core.carry(await core.submit())).status is JobStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("backend", "called"),
    [
        (ScriptedBackend("fal", resubmits_safely=False), True),
        (ScriptedBackend("worker"), False),
    ],
)
async def test_only_a_paid_backend_is_asked_to_call(tmp_path: Path, backend: ScriptedBackend, called: bool) -> None:
    async with a_core(tmp_path, backend=backend) as core:
        core.carrier._desk.outside = replace(core.outside, public_url="https://bot.example/")
        job = await core.carry(await core.submit())
        assert backend.webhooks == [f"https://bot.example/webhooks/fal/{job.id}" if called else None]
