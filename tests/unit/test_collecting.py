"""The garbage collector goes through everything in quiet moments, and after a long time in any case."""

import asyncio
import gc
import weakref
from datetime import datetime

from bot.collecting import Collecting, start_left_alone
from doubles.clock import ManualClock


async def collected(under_way: list[int]) -> list[int]:
    """The minutes after which it was collected; each minute so many jobs were under way."""
    clock, minutes = ManualClock(), []
    started = clock.now()
    collecting = Collecting(
        clock,
        under_way=lambda: under_way[minute_of(clock, started) - 1],
        collect=lambda: minutes.append(minute_of(clock, started)),
        every=60.0,
        at_most=300.0,
    )
    task = asyncio.create_task(collecting.run())
    for _ in under_way:
        await clock.advance(60)
    task.cancel()
    return minutes


def minute_of(clock: ManualClock, started: datetime) -> int:
    return round((clock.now() - started).total_seconds() / 60)


async def test_it_is_collected_while_few_jobs_are_under_way() -> None:
    assert await collected([0, 1000, 8, 9]) == [1, 3]


async def test_it_is_collected_after_a_long_time_whatever_is_under_way() -> None:
    assert await collected([1000] * 11) == [5, 10]


async def test_after_a_quiet_moment_the_long_time_begins_anew() -> None:
    assert await collected([1000, 1000, 0, *[1000] * 5]) == [3, 8]


def test_what_was_there_at_the_start_is_left_alone_until_the_end() -> None:
    before = gc.get_threshold()
    with start_left_alone():
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[2] > 1_000_000
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)


def test_what_is_lost_in_a_cycle_is_found_when_told_to_look() -> None:
    class Node:
        other: "Node"

    with start_left_alone():
        first, second = Node(), Node()
        first.other, second.other = second, first
        lost = weakref.ref(first)
        del first, second
        gc.collect()
        assert lost() is None
