"""Deadlines by a clock: moved often, and one alarm for all of it."""

import asyncio

import pytest

from doubles.clock import ManualClock, settle
from generation.protocol.clock import Deadline, sleep_or


async def passes(clock: ManualClock, deadline: Deadline) -> bool:
    """Whether the deadline's block was broken off."""
    try:
        async with deadline:
            await asyncio.Event().wait()
    except TimeoutError:
        return True
    return False


async def test_a_deadline_breaks_its_block_off_by_the_clock():
    clock = ManualClock()
    running = asyncio.create_task(passes(clock, Deadline(clock, 10)))
    await clock.advance(9.9)
    assert not running.done()
    await clock.advance(0.2)
    assert await running


@pytest.mark.parametrize(
    ("moves", "ends_after"),
    [
        ([], 10),
        ([(4, 10)], 14),
        ([(4, 10), (4, 10), (4, 10)], 22),
        ([(4, 2)], 6),
        ([(1, 100), (1, 5)], 7),
        ([(1, 5), (1, 100)], 102),
        ([(4, 0)], 4),
    ],
)
async def test_a_deadline_that_is_moved_ends_as_its_last_move_says(moves, ends_after):
    clock = ManualClock()
    began, deadline = clock.now(), Deadline(clock, 10)
    running = asyncio.create_task(passes(clock, deadline))
    await settle()
    for pause, seconds in moves:
        await clock.advance(pause)
        deadline.move(seconds)
    while not running.done():
        await clock.advance(0.5)
    assert await running
    assert ends_after <= (clock.now() - began).total_seconds() <= ends_after + 0.5


async def test_a_deadline_that_is_moved_a_thousand_times_has_one_alarm():
    clock = ManualClock()
    deadline = Deadline(clock, 10)
    running = asyncio.create_task(passes(clock, deadline))
    await settle()
    before = len(asyncio.all_tasks())
    for _ in range(1_000):
        await clock.advance(0.01)
        deadline.move(10)
    assert (len(asyncio.all_tasks()), clock.sleepers) == (before, 1)
    running.cancel()


async def test_a_wait_for_an_event_that_is_set_begins_no_sleep():
    clock, event = ManualClock(), asyncio.Event()
    event.set()
    await sleep_or(clock, 10, event)
    assert clock.sleepers == 0
