"""Which finished requests are answered from memory."""

from datetime import UTC, datetime

import pytest

from generation.protocol.request import Endpoint, GenerationRequest
from generation.protocol.wire import LogEntry
from worker.records import Request, StoredClip
from worker.scheduling.cache import LINE_BYTES, REQUEST_BYTES, FinishedRequests, weight_of
from worker.scheduling.failures import detail_item, unprocessable
from worker.scheduling.live_request import LiveRequest

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def finished(name: str, *, lines: int = 0, prompt: str = "a fox") -> LiveRequest:
    """A finished request with that many log lines."""
    generation = GenerationRequest.model_validate({"prompt": prompt, "negative_prompt": "", "seed": 7})
    request = Request(name, "kid", Endpoint.STANDARD, generation, NOW).started(NOW)
    done = request.finished(StoredClip("x.mp4", 1, 7, "preview"), NOW)
    return LiveRequest(done, [LogEntry(message=str(number)) for number in range(lines)])


def names(cache: FinishedRequests, *candidates: str) -> list[str]:
    """The candidates that are still cached; asking keeps them longer."""
    return [name for name in candidates if cache.get(name) is not None]


def test_as_many_are_remembered_as_fit_and_the_least_asked_for_leave_first() -> None:
    cache = FinishedRequests(3 * weight_of(finished("a")))
    for name in "abc":
        cache.add(finished(name))
    assert names(cache, "a") == ["a"]
    cache.add(finished("d"))
    assert names(cache, *"abcd") == ["a", "c", "d"]


def test_what_said_much_takes_the_place_of_many() -> None:
    cache = FinishedRequests(10 * weight_of(finished("a")))
    for name in "abcdefghij":
        cache.add(finished(name))
    cache.add(finished("k", lines=7))
    assert weight_of(finished("k", lines=7)) == REQUEST_BYTES + 7 * LINE_BYTES + len("a fox")
    assert names(cache, *"abcdefghijk") == ["i", "j", "k"]


def test_what_was_wrong_with_an_input_weighs_too() -> None:
    items = [detail_item(("body", "x"), "wrong", "value_error")] * 20
    refused = LiveRequest(Request("a", "kid", Endpoint.STANDARD, None, NOW).finished(unprocessable(*items), NOW))
    assert weight_of(refused) == REQUEST_BYTES + 20 * LINE_BYTES


def test_what_alone_is_too_much_is_not_remembered() -> None:
    cache = FinishedRequests(REQUEST_BYTES)
    cache.add(finished("a", prompt="x" * 2000))
    assert len(cache) == 0


@pytest.mark.parametrize("again", [True, False])
def test_what_is_forgotten_or_added_again_gives_its_room_back(again: bool) -> None:
    cache = FinishedRequests(2 * weight_of(finished("a")))
    for _ in range(10):
        cache.add(finished("a"))
        if not again:
            cache.forget("a")
            cache.forget("never there")
    cache.add(finished("b"))
    assert names(cache, "a", "b") == (["a", "b"] if again else ["b"])
