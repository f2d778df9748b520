"""The line in front of the engine: positions, deadlines, bells."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from generation.request import Endpoint, GenerationRequest
from worker.records import Request, Wishes
from worker.waiting import LiveRequest, WaitingLine

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
WISH = GenerationRequest(prompt="a fox", seed=7)


def a_live(name: str, *, start_in: float | None = None) -> LiveRequest:
    wishes = Wishes(start_by=None if start_in is None else NOW + timedelta(seconds=start_in))
    return LiveRequest(Request(name, "one", Endpoint.STANDARD, WISH, NOW, wishes))


@pytest.fixture
def line() -> WaitingLine:
    return WaitingLine(lambda: NOW)


def test_positions_count_those_ahead_and_move_up(line: WaitingLine) -> None:
    lives = [a_live(name) for name in "abc"]
    for live in lives:
        line.add(live)
    before = [line.position(name) for name in "abc"]
    line.remove("b")
    assert (before, [line.position(name) for name in "ac"], [live.version for live in lives]) == (
        [0, 1, 2],
        [0, 1],
        [1, 0, 1],
    )
    assert (len(line), line.first(), line.get("b")) == (2, lives[0], None)


def test_deadlines_are_those_of_requests_that_still_wait(line: WaitingLine) -> None:
    for live in (a_live("past", start_in=-1), a_live("future", start_in=60), a_live("none")):
        line.add(live)
    assert ([live.request.id for live in line.late()], line.next_deadline()) == (["past"], NOW - timedelta(seconds=1))
    line.remove("past")
    assert (line.late(), line.next_deadline()) == ([], NOW + timedelta(seconds=60))
    line.remove("future")
    assert line.next_deadline() is None


def test_deadlines_of_those_who_left_do_not_pile_up(line: WaitingLine) -> None:
    for number in range(10_000):
        line.add(a_live(str(number), start_in=1e6))
        line.remove(str(number))
    assert len(line._deadlines) < 100


async def test_a_watcher_misses_nothing_and_wakes_once_for_each_change() -> None:
    live = a_live("a")
    seen = live.version
    live.ring()
    await asyncio.wait_for(live.newer_than(seen), 1)
    waiting = asyncio.create_task(live.newer_than(live.version))
    await asyncio.sleep(0)
    assert live.watched
    live.ring()
    await asyncio.wait_for(waiting, 1)
    assert not live.watched
