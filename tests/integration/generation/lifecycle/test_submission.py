"""Submitting: not accepted, refused, in doubt, or accepted; never twice where it costs money."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core import a_core
from doubles.generation.backend import ScriptedBackend
from factories import a_request
from generation.domain.job import FailureKind, JobStatus
from generation.domain.pricing import Micros, Price, Prices
from generation.protocol.errors import (
    AccountLocked,
    BackendBusy,
    BackendUnavailable,
    ContentRejected,
    CredentialsRejected,
    EndpointNotFound,
    ProtocolViolation,
    RequestNotFound,
    RequestRejected,
    StaleJob,
    SubmissionOutcomeUnknown,
)
from generation.protocol.request import Endpoint
from generation.rules.ledger import EVERYWHERE, Totals

PRICES = Prices(
    {"worker": {Endpoint.STANDARD: Price(Decimal("0.04"))}, "fal": {Endpoint.STANDARD: Price(Decimal("0.10"))}}
)


async def test_the_idempotency_key_is_the_job_and_its_attempt(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await core.run(await core.submit())
        assert core.backend.submissions == [(f"{job.id}-1", job.request)]


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
        job = await core.run(await core.submit())
        assert (job.status, job.attempt, job.waiting_for) == (JobStatus.PENDING, 0, reason)
        assert job.not_before == core.clock.now() + timedelta(seconds=1)
        assert core.progress[-1][1].waiting_for == reason
        await core.clock.advance(1)
        assert (await core.run(await core.reload(job))).status is JobStatus.SUCCEEDED
        assert [key for key, _ in core.backend.submissions] == [f"{job.id}-1"] * 2


async def test_a_busy_backend_says_itself_how_long_to_wait(tmp_path: Path) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(refusals=[BackendBusy("worker", retry_after=17)])) as core:
        job = await core.run(await core.submit())
        assert job.not_before == core.clock.now() + timedelta(seconds=17)


async def test_a_submission_broken_after_sending_is_never_resent_where_it_costs_money(tmp_path: Path) -> None:
    backend = ScriptedBackend("fal", resubmits_safely=False, refusals=[SubmissionOutcomeUnknown("fal", "cut")])
    async with a_core(tmp_path, backend=backend, prices=PRICES) as core:
        job = await core.run(await core.submit())
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
        job = await core.run(await core.submit())
        assert job.status is JobStatus.SUCCEEDED
        assert [key for key, _ in backend.submissions] == [f"{job.id}-1"] * 3


async def test_a_job_found_submitting_at_the_start_is_resent_under_its_key(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        job = await core.submit()
        async with core.store.transaction() as tx:
            await tx.claim(job.id, core.lifecycle.lease(), core.clock.now())
            await tx.save_job(job.submitting("worker", core.clock.now()), was=job)
    async with a_core(tmp_path, backend=core.backend, clock=core.clock) as restarted:
        await restarted.clock.advance(3600)
        [found] = await restarted.store.stalled_jobs("run", restarted.clock.now(), limit=10)
        assert (await restarted.run(found)).status is JobStatus.SUCCEEDED
        assert [key for key, _ in core.backend.submissions] == [f"{job.id}-1"]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (CredentialsRejected("worker"), FailureKind.KEY_REFUSED),
        (AccountLocked("worker"), FailureKind.ACCOUNT_LOCKED),
        (EndpointNotFound("worker"), FailureKind.OPERATOR),
        (RequestRejected("worker", ()), FailureKind.REJECTED),
        (ProtocolViolation("worker"), FailureKind.GENERATION),
    ],
)
async def test_a_refused_submission_fails_and_gives_back_the_reservation(
    tmp_path: Path, error: Exception, kind: FailureKind
) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(refusals=[error]), prices=PRICES) as core:
        job = await core.run(await core.submit())
        assert (job.status, job.failure and job.failure.kind) == (JobStatus.FAILED, kind)
        assert await core.store.totals(EVERYWHERE, core.clock.now()) == Totals(clips=0, amount=Micros(0))


async def test_a_failure_never_holds_the_prompt_that_a_backend_quotes(tmp_path: Path) -> None:
    said = "HTTP 422 prompt: 'a paper boat on a stormy sea' is not nice"
    async with a_core(tmp_path, backend=ScriptedBackend(refusals=[ContentRejected("worker", said)])) as core:
        job = await core.run(await core.submit(a_request(prompt="a paper boat\non a stormy sea")))
        assert job.failure is not None
        assert job.failure.detail == "worker: HTTP 422 prompt: '…"


async def test_a_job_of_a_backend_that_is_no_longer_configured_fails_for_the_operator(tmp_path: Path) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(troubles={"watch": [RequestNotFound("worker")] * 9})) as core:
        job = await core.submit()
        async with core.store.transaction() as tx:
            submitting = job.submitting("worker", core.clock.now())
            await tx.save_job(submitting, was=job)
    async with a_core(tmp_path, backend=ScriptedBackend("fal", resubmits_safely=False), clock=core.clock) as other:
        ended = await other.run(submitting)
        assert (ended.status, ended.failure and ended.failure.kind) == (JobStatus.FAILED, FailureKind.OUTCOME_UNKNOWN)


async def test_a_job_taken_by_another_process_is_left_alone(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core, a_core(tmp_path, owner="another", clock=core.clock) as another:
        job = await core.submit()
        async with another.store.transaction() as tx:
            assert await tx.claim(job.id, another.lifecycle.lease(), core.clock.now())
        with pytest.raises(StaleJob):
            await core.run(job)
        assert core.backend.submissions == []


@pytest.mark.parametrize(
    ("backend", "called"),
    [
        (ScriptedBackend("fal", resubmits_safely=False), True),
        (ScriptedBackend("worker"), False),
    ],
)
async def test_only_a_paid_backend_is_asked_to_call(tmp_path: Path, backend: ScriptedBackend, called: bool) -> None:
    async with a_core(tmp_path, backend=backend, public_url="https://bot.example/") as core:
        job = await core.run(await core.submit())
        assert backend.webhooks == [f"https://bot.example/webhooks/fal/{job.id}" if called else None]
