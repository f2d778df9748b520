"""Full garbage collections run in quiet moments, and after a long time in any case."""

import asyncio
import gc
import weakref
from datetime import datetime

from bot.gc_tuning import GcTuning, startup_objects_frozen
from doubles.clock import ManualClock


async def collected(in_flight: list[int]) -> list[int]:
    """The minutes at whose end it was collected, by the number of jobs in each minute."""
    clock, minutes = ManualClock(), []
    started = clock.now()
    tuning = GcTuning(
        clock,
        jobs_in_flight=lambda: in_flight[minute_of(clock, started) - 1],
        collect=lambda: minutes.append(minute_of(clock, started)),
        interval_seconds=60.0,
        longest_seconds=300.0,
    )
    task = asyncio.create_task(tuning.run())
    for _ in in_flight:
        await clock.advance(60)
    task.cancel()
    return minutes


def minute_of(clock: ManualClock, started: datetime) -> int:
    return round((clock.now() - started).total_seconds() / 60)


async def test_it_collects_while_few_jobs_are_in_flight() -> None:
    assert await collected([0, 1000, 8, 9]) == [1, 3]


async def test_it_collects_after_a_long_time_in_any_case() -> None:
    assert await collected([1000] * 11) == [5, 10]


async def test_after_a_quiet_moment_the_long_time_begins_anew() -> None:
    assert await collected([1000, 1000, 0, *[1000] * 5]) == [3, 8]


def test_startup_objects_are_frozen_until_the_end() -> None:
    before = gc.get_threshold()
    with startup_objects_frozen():
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold()[2] > 1_000_000
    assert (gc.get_threshold(), gc.get_freeze_count()) == (before, 0)


def test_an_explicit_collection_finds_cycles() -> None:
    class Node:
        other: "Node"

    with startup_objects_frozen():
        first, second = Node(), Node()
        first.other, second.other = second, first
        lost = weakref.ref(first)
        del first, second
        gc.collect()
        assert lost() is None
