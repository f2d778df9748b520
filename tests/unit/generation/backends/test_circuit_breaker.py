"""A breaker lets submissions pass, holds them back, or lets one try: it depends only on time and on what was
reported."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubles.clock import AutoClock
from factories import NOW, later
from generation.backends.circuit_breaker import Breakers, Circuit, CircuitBreaker, Trouble, trouble_of
from generation.protocol.backoff import Backoff
from generation.protocol.errors import (
    AccountLocked,
    BackendBusy,
    BackendError,
    BackendNotReady,
    BackendUnavailable,
    ContentRejected,
    CredentialsRejected,
    GenerationFailed,
    RequestRejected,
    SubmissionOutcomeUnknown,
)

AWAY = CircuitBreaker().failed(Trouble.AWAY, NOW, 10)


def test_a_new_breaker_lets_everything_pass() -> None:
    breaker = CircuitBreaker()
    assert (breaker.circuit(NOW), breaker.admits(NOW), breaker.seconds_in_trouble(NOW)) == (Circuit.CLOSED, True, 0)
    assert breaker.tried(NOW, 15) == breaker


@pytest.mark.parametrize(
    ("at", "circuit", "admits"),
    [
        (NOW, Circuit.OPEN, False),
        (later(seconds=9.9), Circuit.OPEN, False),
        (later(seconds=10), Circuit.HALF_OPEN, True),
    ],
)
def test_a_failure_opens_it_until_a_moment(at: datetime, circuit: Circuit, admits: bool) -> None:
    assert (AWAY.circuit(at), AWAY.admits(at)) == (circuit, admits)


def test_only_one_submission_tries_a_half_open_circuit() -> None:
    trying = AWAY.tried(later(seconds=10), 15)
    assert trying.circuit(later(seconds=11)) is Circuit.HALF_OPEN
    assert not trying.admits(later(seconds=11))


def test_a_try_of_which_nothing_is_heard_gives_way_to_another() -> None:
    assert AWAY.tried(later(seconds=10), 15).admits(later(seconds=25))


def test_a_try_that_fails_keeps_the_trouble_as_old_as_it_is() -> None:
    again = AWAY.tried(later(seconds=10), 15).failed(Trouble.BUSY, later(seconds=11), 20)
    assert again == CircuitBreaker(Trouble.BUSY, since=NOW, until=later(seconds=31))
    assert again.seconds_in_trouble(later(seconds=60)) == 60


def test_failures_side_by_side_never_shorten_the_pause() -> None:
    assert AWAY.failed(Trouble.AWAY, later(seconds=1), 2).until == AWAY.until


def test_an_accepted_submission_closes_it() -> None:
    assert AWAY.accepted() == CircuitBreaker()


@pytest.mark.parametrize("trouble", list(Trouble))
def test_an_answer_proves_only_that_it_is_there(trouble: Trouble) -> None:
    breaker = CircuitBreaker().failed(trouble, NOW, 10)
    is_over = trouble in {Trouble.AWAY, Trouble.STARTING}
    assert breaker.answered() == (CircuitBreaker() if is_over else breaker)


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (BackendUnavailable("fal"), Trouble.AWAY),
        (BackendNotReady("worker"), Trouble.NOT_READY),
        (SubmissionOutcomeUnknown("fal"), Trouble.AWAY),
        (BackendBusy("fal"), Trouble.BUSY),
        (CredentialsRejected("fal"), Trouble.KEY),
        (AccountLocked("fal"), Trouble.ACCOUNT),
        (RequestRejected("fal", ()), None),
        (ContentRejected("fal"), None),
        (GenerationFailed("fal"), None),
    ],
)
def test_what_is_wrong_with_an_input_is_no_trouble_of_the_backend(error: BackendError, trouble: Trouble | None) -> None:
    assert trouble_of(error) is trouble


def test_breakers_are_kept_by_backend_in_order() -> None:
    breakers = Breakers(["worker", "fal"], clock=AutoClock())
    breakers["fal"] = AWAY
    assert (breakers["worker"], breakers["fal"], breakers["unheard of"]) == (CircuitBreaker(), AWAY, CircuitBreaker())
    assert list(breakers.all) == ["worker", "fal"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["fail", "try", "answer", "accept"]),
        st.sampled_from(list(Trouble)),
        st.floats(min_value=0, max_value=100),
    ),
    max_size=30,
)


@given(STEPS)
def test_whatever_happens_at_most_one_submission_tries_and_none_passes_an_open_circuit(
    steps: list[tuple[str, Trouble, float]],
) -> None:
    breaker, at, trying_until = CircuitBreaker(), NOW, NOW
    for act, trouble, seconds in steps:
        at = at + (later(seconds=seconds) - NOW)
        if breaker.circuit(at) is Circuit.OPEN:
            assert not breaker.admits(at)
        if breaker.trouble is not None and at < trying_until:
            assert not breaker.admits(at)
        match act:
            case "fail":
                breaker, trying_until = breaker.failed(trouble, at, seconds), at
            case "try" if breaker.admits(at):
                breaker = breaker.tried(at, 15)
                trying_until = at + (later(seconds=15) - NOW) if breaker.trouble else at
            case "answer":
                breaker = breaker.answered()
            case "accept":
                breaker, trying_until = breaker.accepted(), at
        assert (breaker.trouble is None) == (breaker.since is None) == (breaker.until is None)
        assert breaker.since is None or breaker.since <= at


def test_pauses_of_a_backend_that_keeps_failing_double_up_to_the_longest() -> None:
    clock = AutoClock(NOW)
    breakers, pauses = Breakers(["worker"], clock=clock, retry=Backoff(1, 60)), []
    for _ in range(8):
        assert breakers.failed("worker", BackendUnavailable("worker")) is Trouble.AWAY
        until = breakers["worker"].until
        assert until is not None
        pauses.append((until - clock.now()).total_seconds())
        clock.advance(pauses[-1])
    assert pauses == [1, 1, 2, 4, 8, 16, 32, 60]


@pytest.mark.parametrize(("retry_after", "seconds"), [(17, 17), (600, 60), (None, 1)])
def test_a_busy_backend_says_when_to_try_again_within_bounds(retry_after: float | None, seconds: float) -> None:
    breakers = Breakers(clock=AutoClock(NOW))
    breakers.failed("fal", BackendBusy("fal", retry_after=retry_after))
    assert breakers["fal"].until == later(seconds=seconds)


def test_a_request_that_cannot_be_asked_about_does_not_put_off_the_next_try() -> None:
    clock = AutoClock(NOW)
    breakers = Breakers(clock=clock)
    breakers.lost("worker", BackendUnavailable("worker"))
    known = breakers["worker"]
    clock.advance(1)
    assert breakers.admits("worker")
    breakers.lost("worker", BackendUnavailable("worker"))
    assert breakers["worker"] == known
    breakers.tried("worker")
    assert not breakers.admits("worker")


def test_an_error_about_one_input_ends_the_trouble() -> None:
    breakers = Breakers(clock=AutoClock(NOW))
    breakers.failed("fal", BackendBusy("fal"))
    assert breakers.failed("fal", RequestRejected("fal", ())) is None
    assert breakers["fal"] == CircuitBreaker()
