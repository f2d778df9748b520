"""The moves of a job: those of the table and no others."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import NOW, a_handle, a_job
from generation.domain.job import (
    FINAL,
    TRANSITIONS,
    Artifact,
    Failure,
    FailureKind,
    Job,
    JobStatus,
    RequestHandle,
    new_job_id,
)
from generation.domain.pricing import Micros
from generation.protocol.errors import IllegalTransition, JobAlreadyFinished
from generation.protocol.request import Endpoint

P, S, Q, R = JobStatus.PENDING, JobStatus.SUBMITTING, JobStatus.QUEUED, JobStatus.RUNNING
SUCCEEDED, FAILED, CANCELLED = JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED

ALLOWED = {
    (P, S), (P, CANCELLED), (P, FAILED),
    (S, Q), (S, P), (S, FAILED),
    (Q, R), (Q, SUCCEEDED), (Q, FAILED), (Q, CANCELLED), (Q, P),
    (R, SUCCEEDED), (R, FAILED), (R, CANCELLED), (R, P),
}  # fmt: skip

LATER = NOW + timedelta(minutes=1)
HANDLE = RequestHandle("fal", Endpoint.STANDARD, "r-1", 1)
ARTIFACT = Artifact("a.mp4", 10)
FAILURE = Failure(FailureKind.GENERATION, "boom")

MOVES = {
    P: lambda job: job.back_to_pending(not_before=LATER, waiting_for="fal, which is busy"),
    S: lambda job: job.submitting("fal", LATER),
    Q: lambda job: job.queued(HANDLE),
    R: lambda job: job.running(LATER),
    SUCCEEDED: lambda job: job.succeeded(ARTIFACT, Micros(7), LATER),
    FAILED: lambda job: job.failed(FAILURE, LATER),
    CANCELLED: lambda job: job.cancelled(LATER),
}


def in_status(status: JobStatus) -> Job:
    return replace(a_job(), status=status)


@pytest.mark.parametrize("wanted", JobStatus)
@pytest.mark.parametrize("current", JobStatus)
def test_a_job_moves_as_the_table_says_and_never_otherwise(current, wanted):
    job = in_status(current)
    if (current, wanted) in ALLOWED:
        assert MOVES[wanted](job).status is wanted
        return
    with pytest.raises(IllegalTransition) as caught:
        MOVES[wanted](job)
    assert (caught.value.job_id, caught.value.current, caught.value.wanted) == (job.id, current, wanted)


def test_the_table_is_the_one_that_was_agreed():
    assert {(current, wanted) for current, reachable in TRANSITIONS.items() for wanted in reachable} == ALLOWED
    assert set(TRANSITIONS) == set(JobStatus)


def test_an_end_is_an_end():
    assert {status for status in JobStatus if status.is_final} == FINAL == {SUCCEEDED, FAILED, CANCELLED}
    assert all(not TRANSITIONS[status] for status in FINAL)


def test_every_unfinished_job_can_still_end():
    assert all(TRANSITIONS[status] & FINAL for status in JobStatus if not status.is_final)


def test_submitting_counts_the_attempt_and_forgets_the_wait():
    waiting = replace(a_job(), attempt=1, not_before=LATER, waiting_for="fal, which is busy")
    assert waiting.submitting("worker", NOW) == replace(
        waiting, status=S, backend="worker", attempt=2, submitted_at=NOW, not_before=None, waiting_for=None
    )


def test_the_way_to_a_clip():
    job = a_job()
    submitting = job.submitting("fal", NOW)
    queued = submitting.queued(a_handle(submitting))
    running = queued.running(LATER)
    assert running.succeeded(ARTIFACT, Micros(40_000), LATER) == replace(
        job,
        status=SUCCEEDED,
        backend="fal",
        attempt=1,
        handle=a_handle(submitting),
        submitted_at=NOW,
        started_at=LATER,
        finished_at=LATER,
        artifact=ARTIFACT,
        cost=Micros(40_000),
    )


def test_going_back_forgets_the_handle_and_says_what_it_waits_for():
    running = replace(in_status(R), handle=HANDLE, started_at=NOW, attempt=1, backend="fal")
    back = running.back_to_pending(not_before=LATER, waiting_for="worker, which starts again")
    assert back == replace(
        running,
        status=P,
        handle=None,
        started_at=None,
        not_before=LATER,
        waiting_for="worker, which starts again",
    )


@pytest.mark.parametrize("status", [status for status in JobStatus if not status.is_final])
def test_asking_for_the_end_moves_nothing_yet(status):
    job = in_status(status)
    assert job.cancel() == replace(job, cancel_requested=True)
    assert job.cancel().cancel() == job.cancel()


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_job_that_has_ended_cannot_be_cancelled(status):
    job = in_status(status)
    with pytest.raises(JobAlreadyFinished) as caught:
        job.cancel()
    assert caught.value.job_id == job.id


def test_a_cancelled_request_may_still_become_a_clip():
    job = in_status(R).cancel().succeeded(ARTIFACT, Micros(1), NOW)
    assert (job.status, job.cancel_requested) == (SUCCEEDED, True)


def test_a_job_id_fits_a_discord_nonce_and_is_never_drawn_twice():
    ids = {new_job_id(NOW) for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(job_id) == 24 and set(job_id) <= set("0123456789abcdef") for job_id in ids)


@pytest.mark.parametrize("distance", [timedelta(milliseconds=1), timedelta(days=3650), timedelta(days=36500)])
def test_later_jobs_have_greater_ids(distance):
    assert new_job_id(NOW) < new_job_id(NOW + distance)


@given(st.lists(st.sampled_from(sorted(JobStatus)), max_size=30))
def test_whatever_is_tried_a_job_stays_in_order(tried):
    job = a_job()
    for wanted in tried:
        before = job
        try:
            job = MOVES[wanted](job)
        except IllegalTransition:
            assert job is before
        assert (job.status is SUCCEEDED) == (job.artifact is not None)
        assert (job.status is FAILED) == (job.failure is not None)
        assert job.status.is_final == (job.finished_at is not None)
        assert job.handle is not None or job.status not in {Q, R, SUCCEEDED}
        assert (job.attempt > 0) == (job.submitted_at is not None)
        assert job.attempt >= before.attempt
