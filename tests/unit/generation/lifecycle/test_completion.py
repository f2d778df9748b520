"""What a failure has probably cost: what has begun to render at a backend, and what is unknown."""

from dataclasses import replace

import pytest

from factories import NOW, a_handle, a_job, moved
from generation.domain.job import Failure, FailureKind, Job, JobStatus
from generation.domain.pricing import FREE, Micros
from generation.lifecycle.completion import probably_charged

PRICE = Micros(50_000)
ENDED = sorted(set(FailureKind) - {FailureKind.OUTCOME_UNKNOWN})
WAITING = moved(a_job(), JobStatus.QUEUED)
RENDERING = moved(a_job(), JobStatus.RUNNING)


def kept(job: Job, kind: FailureKind | None) -> Micros:
    return probably_charged(job, Failure(kind) if kind else None, PRICE)


@pytest.mark.parametrize("kind", [*(kind for kind in ENDED if kind is not FailureKind.RESTORED), None])
def test_what_no_backend_accepted_cost_nothing(kind: FailureKind | None) -> None:
    assert kept(a_job(), kind) == kept(moved(a_job(), JobStatus.SUBMITTING), kind) == FREE


def test_what_had_been_sent_before_a_backup_was_paid_for_since() -> None:
    assert kept(a_job(), FailureKind.RESTORED) == FREE
    for job in (moved(a_job(), JobStatus.SUBMITTING), WAITING, RENDERING):
        assert kept(job, FailureKind.RESTORED) == PRICE


@pytest.mark.parametrize("kind", [FailureKind.REJECTED, FailureKind.CONTENT])
def test_a_refused_input_cost_nothing_however_far_it_came(kind: FailureKind) -> None:
    assert kept(WAITING, kind) == kept(RENDERING, kind) == FREE


@pytest.mark.parametrize("kind", [FailureKind.GENERATION, FailureKind.TIMED_OUT, FailureKind.INTERNAL, None])
def test_what_ended_before_it_rendered_cost_nothing_and_afterwards_its_price(kind: FailureKind | None) -> None:
    assert (kept(WAITING, kind), kept(RENDERING, kind)) == (FREE, PRICE)


@pytest.mark.parametrize("kind", [FailureKind.RESULT_LOST, FailureKind.CORRUPT_VIDEO, FailureKind.STORAGE_FULL])
def test_a_result_that_was_lost_had_been_rendered(kind: FailureKind) -> None:
    assert kept(WAITING, kind) == kept(RENDERING, kind) == PRICE


def test_an_unknown_outcome_counts_as_charged() -> None:
    assert kept(moved(a_job(), JobStatus.SUBMITTING), FailureKind.OUTCOME_UNKNOWN) == PRICE


def test_our_own_worker_charges_nothing() -> None:
    at_home = replace(RENDERING, backend="worker", handle=a_handle(RENDERING, backend="worker"))
    assert probably_charged(at_home, Failure(FailureKind.GENERATION), FREE) == FREE


def test_a_failed_job_remembers_what_it_did_cost() -> None:
    assert RENDERING.failed(Failure(FailureKind.GENERATION), NOW, cost=PRICE).cost == PRICE
    assert RENDERING.cancelled(NOW).cost is None
