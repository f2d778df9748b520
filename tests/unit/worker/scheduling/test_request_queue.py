"""The queue in front of the engine: positions, deadlines, notifications."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from doubles.clock import AutoClock
from generation.protocol.request import Endpoint, GenerationRequest
from worker.records import Request, RequestOptions
from worker.scheduling.request_queue import LiveRequest, RequestQueue

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GENERATION = GenerationRequest(prompt="a fox", seed=7)


def a_live(name: str, *, start_in: float | None = None) -> LiveRequest:
    options = RequestOptions(start_by=None if start_in is None else NOW + timedelta(seconds=start_in))
    return LiveRequest(Request(name, "one", Endpoint.STANDARD, GENERATION, NOW, options))


@pytest.fixture
def queue() -> RequestQueue:
    return RequestQueue(AutoClock(NOW))


def test_positions_count_those_ahead_and_move_up(queue: RequestQueue) -> None:
    lives = [a_live(name) for name in "abc"]
    for live in lives:
        queue.add(live)
    before = [queue.position(name) for name in "abc"]
    queue.remove("b")
    assert (before, [queue.position(name) for name in "ac"], [live.version for live in lives]) == (
        [0, 1, 2],
        [0, 1],
        [1, 0, 1],
    )
    assert (len(queue), queue.first(), queue.get("b")) == (2, lives[0], None)


def test_deadlines_are_those_of_requests_that_still_wait(queue: RequestQueue) -> None:
    for live in (a_live("past", start_in=-1), a_live("future", start_in=60), a_live("none")):
        queue.add(live)
    assert ([live.request.id for live in queue.overdue()], queue.next_deadline()) == (
        ["past"],
        NOW - timedelta(seconds=1),
    )
    queue.remove("past")
    assert (queue.overdue(), queue.next_deadline()) == ([], NOW + timedelta(seconds=60))
    queue.remove("future")
    assert queue.next_deadline() is None


def test_deadlines_of_those_who_left_do_not_pile_up(queue: RequestQueue) -> None:
    for number in range(10_000):
        queue.add(a_live(str(number), start_in=1e6))
        queue.remove(str(number))
    assert len(queue._deadlines) < 100


async def test_a_watcher_misses_nothing_and_wakes_once_for_each_change() -> None:
    live = a_live("a")
    seen = live.version
    live.notify()
    await asyncio.wait_for(live.changed_since(seen), 1)
    waiting = asyncio.create_task(live.changed_since(live.version))
    await asyncio.sleep(0)
    assert live.watched
    live.notify()
    await asyncio.wait_for(waiting, 1)
    assert not live.watched
