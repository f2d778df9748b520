"""The order in which requests are rendered."""

from datetime import UTC, datetime, timedelta

from generation.protocol.request import Endpoint, GenerationRequest
from worker.records import Request, RequestOptions
from worker.scheduling.fairness import MAX_LOW_PRIORITY_WAIT, FairOrder, may_run_beside

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GENERATION = GenerationRequest(prompt="a fox", seed=7)


def a_request(name: str, owner: str = "one", *, low: bool = False, attempts: int = 0, age: float = 0) -> Request:
    created = NOW - timedelta(seconds=age)
    options = RequestOptions(low_priority=low)
    return Request(name, owner, Endpoint.STANDARD, GENERATION, created, options, attempts=attempts)


def names(*waiting: Request, order: FairOrder | None = None) -> str:
    return " ".join(request.id for request in (order or FairOrder()).in_order(waiting, NOW))


def served(*requests: Request) -> FairOrder:
    """The order after these requests were rendered one after the other."""
    order = FairOrder()
    for request in requests:
        order.started(request)
    return order


def test_one_keys_requests_are_rendered_in_their_order() -> None:
    assert names(a_request("a"), a_request("b"), a_request("c")) == "a b c"


def test_keys_are_served_round_robin() -> None:
    crowd = [a_request(name) for name in ("a", "b", "c")]
    assert names(*crowd, a_request("x", "two"), a_request("y", "two")) == "a x b y c"


def test_a_key_that_was_served_waits_for_the_others_even_with_an_older_request() -> None:
    waiting = (a_request("a"), a_request("b"), a_request("x", "two"))
    assert names(*waiting, order=served(a_request("before"))) == "x a b"
    assert names(*waiting, order=served(a_request("before"), a_request("before", "two"))) == "a x b"


def test_a_key_that_was_away_has_saved_up_nothing() -> None:
    order = served(*(a_request("before") for _ in range(100)))
    newcomer = [a_request(name, "two") for name in ("x", "y", "z")]
    assert names(a_request("a"), a_request("b"), *newcomer, order=order) == "x a y b z"


def test_low_priority_waits_for_all_others_for_ten_minutes_at_most() -> None:
    patient = a_request("low", low=True, age=MAX_LOW_PRIORITY_WAIT.total_seconds() - 1)
    impatient = a_request("old", low=True, age=MAX_LOW_PRIORITY_WAIT.total_seconds())
    assert names(patient, a_request("a"), a_request("b")) == "a b low"
    assert names(impatient, a_request("a"), a_request("b")) == "old a b"


def test_a_second_attempt_keeps_to_itself() -> None:
    fresh, again = a_request("a"), a_request("b", attempts=1)
    running, running_again = a_request("r", attempts=1), a_request("r", attempts=2)
    assert [may_run_beside(fresh, ()), may_run_beside(again, ()), may_run_beside(fresh, [running])] == [
        True,
        True,
        True,
    ]
    assert [may_run_beside(again, [running]), may_run_beside(fresh, [running_again])] == [False, False]
