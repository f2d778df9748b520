"""The order in which requests are rendered."""

from datetime import UTC, datetime, timedelta

from generation.protocol.fairness import NO_SHARE, Lanes
from generation.protocol.request import Endpoint, GenerationRequest
from worker.records import Request, RequestOptions
from worker.scheduling.fairness import MAX_LOW_PRIORITY_WAIT, FairOrder, may_run_beside

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GENERATION = GenerationRequest(prompt="a fox", seed=7)


def a_request(
    name: str,
    owner: str = "one",
    *,
    share: Lanes = NO_SHARE,
    low: bool = False,
    attempts: int = 0,
    age: float = 0,
    frames: int = 16,
) -> Request:
    created = NOW - timedelta(seconds=age)
    options = RequestOptions(low_priority=low, share=share)
    generation = GenerationRequest(prompt="a fox", seed=7, num_frames=frames)
    return Request(name, owner, Endpoint.STANDARD, generation, created, options, attempts=attempts)


def names(*waiting: Request, order: FairOrder | None = None, now: datetime = NOW) -> str:
    order = order or FairOrder()
    for request in waiting:
        order.add(request)
    order.raise_patient(now)
    shown = order.first_ones()
    assert [order.position(name) for name in shown] == list(range(len(shown)))
    rendered = []
    requests = {request.id: request for request in waiting}
    while (first := order.first()) is not None:
        rendered.append(first)
        order.started(requests[first])
    # the order that is shown is the order in which they are rendered
    assert rendered == list(shown)
    return " ".join(rendered)


def served(*requests: Request) -> FairOrder:
    """The order after these requests were rendered one after the other."""
    order = FairOrder()
    for request in requests:
        order.started(request)
    return order


def test_one_keys_requests_are_rendered_in_their_order() -> None:
    assert names(a_request("a"), a_request("b"), a_request("c")) == "a b c"


def test_keys_take_turns() -> None:
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


def test_a_long_clip_costs_its_key_more() -> None:
    long = [a_request(name, frames=32) for name in ("a", "b")]
    assert names(*long, *(a_request(name, "two") for name in ("w", "x", "y", "z"))) == "a w x b y z"


def test_a_key_shares_out_between_those_that_it_names() -> None:
    flood = [a_request(name, share=("s", "flood")) for name in ("a", "b", "c")]
    others = [a_request("x", share=("s", "m")), a_request("y", share=("t", "n"))]
    assert names(*flood, *others) == "a y x b c"


def test_naming_many_gains_a_key_nothing_against_another() -> None:
    invented = [a_request(f"a{number}", share=(str(number), "m")) for number in range(3)]
    assert names(*invented, a_request("x", "two"), a_request("y", "two")) == "a0 x a1 y a2"


def test_low_priority_waits_for_all_others_for_ten_minutes_at_most() -> None:
    patient = a_request("low", low=True, age=MAX_LOW_PRIORITY_WAIT.total_seconds() - 1)
    impatient = a_request("old", low=True, age=MAX_LOW_PRIORITY_WAIT.total_seconds())
    assert names(patient, a_request("a"), a_request("b")) == "a b low"
    assert names(impatient, a_request("a"), a_request("b")) == "old a b"


def test_low_priority_uses_up_nothing_of_its_keys_others() -> None:
    order = served(*(a_request("before", low=True) for _ in range(9)))
    assert names(a_request("a"), a_request("b"), a_request("x", "two"), order=order) == "a x b"


def test_a_clock_that_was_set_back_keeps_no_request_of_low_priority_waiting() -> None:
    order = FairOrder()
    assert names(a_request("low", low=True, age=-1), a_request("a"), order=order) == "low a"


def test_one_that_leaves_is_in_no_order() -> None:
    order = FairOrder()
    for request in (a_request("a"), a_request("b"), a_request("low", low=True)):
        order.add(request)
    for name in ("a", "low", "unknown"):
        order.remove(name)
    assert (order.first_ones(), order.first(), order.position("a")) == (("b",), "b", 0)


def test_a_second_attempt_keeps_to_itself() -> None:
    fresh, again = a_request("a"), a_request("b", attempts=1)
    running, running_again = a_request("r", attempts=1), a_request("r", attempts=2)
    assert [may_run_beside(fresh, ()), may_run_beside(again, ()), may_run_beside(fresh, [running])] == [
        True,
        True,
        True,
    ]
    assert [may_run_beside(again, [running]), may_run_beside(fresh, [running_again])] == [False, False]
