"""Whose request is rendered next."""

from datetime import UTC, datetime, timedelta

from generation.request import Endpoint, GenerationRequest
from worker.order import PATIENCE, Turns, may_join
from worker.records import Request, Wishes

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WISH = GenerationRequest(prompt="a fox", seed=7)


def a_request(name: str, owner: str = "one", *, low: bool = False, attempts: int = 0, age: float = 0) -> Request:
    created = NOW - timedelta(seconds=age)
    wishes = Wishes(low_priority=low)
    return Request(name, owner, Endpoint.STANDARD, WISH, created, wishes, attempts=attempts)


def names(*waiting: Request, turns: Turns | None = None) -> str:
    return " ".join(request.id for request in (turns or Turns()).in_order(waiting, NOW))


def served(*requests: Request) -> Turns:
    """The turns after these requests were rendered one after the other."""
    turns = Turns()
    for request in requests:
        turns.had(request)
    return turns


def test_one_keys_requests_are_rendered_in_their_order() -> None:
    assert names(a_request("a"), a_request("b"), a_request("c")) == "a b c"


def test_keys_take_turns() -> None:
    crowd = [a_request(name) for name in ("a", "b", "c")]
    assert names(*crowd, a_request("x", "two"), a_request("y", "two")) == "a x b y c"


def test_a_key_that_had_its_turn_waits_for_the_others_even_when_it_asked_first() -> None:
    waiting = (a_request("a"), a_request("b"), a_request("x", "two"))
    assert names(*waiting, turns=served(a_request("before"))) == "x a b"
    assert names(*waiting, turns=served(a_request("before"), a_request("before", "two"))) == "a x b"


def test_a_key_that_was_away_has_saved_up_nothing() -> None:
    turns = served(*(a_request("before") for _ in range(100)))
    newcomer = [a_request(name, "two") for name in ("x", "y", "z")]
    assert names(a_request("a"), a_request("b"), *newcomer, turns=turns) == "x a y b z"


def test_low_priority_waits_for_everybody_until_its_patience_ends() -> None:
    patient = a_request("low", low=True, age=PATIENCE.total_seconds() - 1)
    impatient = a_request("old", low=True, age=PATIENCE.total_seconds())
    assert names(patient, a_request("a"), a_request("b")) == "a b low"
    assert names(impatient, a_request("a"), a_request("b")) == "old a b"


def test_a_second_attempt_keeps_to_itself() -> None:
    fresh, again = a_request("a"), a_request("b", attempts=1)
    running, running_again = a_request("r", attempts=1), a_request("r", attempts=2)
    assert [may_join(fresh, ()), may_join(again, ()), may_join(fresh, [running])] == [True, True, True]
    assert [may_join(again, [running]), may_join(fresh, [running_again])] == [False, False]
