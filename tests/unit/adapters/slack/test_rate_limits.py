"""Slack's rate limits are kept without a refusal: edits a minute, results before progress, one message a second."""

import asyncio
import contextlib
import itertools

import pytest

from adapters.slack.delivery.rate_limits import EDITS_PER_MINUTE, EditBudget, PostSlots
from adapters.slack.errors import SlackDelayed, slowed_down
from doubles.clock import START, ManualClock


async def minute_of_progress(clock: ManualClock, budget: EditBudget, *jobs: str) -> list[tuple[float, str]]:
    """Which messages were edited when, in a minute in which each had news every second."""
    edits = []
    for tenth in range(600):
        for job in jobs if tenth % 10 == 0 else ():
            try:
                budget.for_progress(job)
            except SlackDelayed:
                continue
            edits.append((tenth / 10, job))
        await clock.advance(0.1)
    return edits


def results_left(budget: EditBudget) -> int:
    """How many outcomes could be shown right now."""
    done = 0
    try:
        while True:
            budget.for_result(f"result-{done}")
            done += 1
    except SlackDelayed:
        return done


async def test_progress_leaves_room_for_results() -> None:
    clock = ManualClock()
    budget = EditBudget(clock)
    assert 28 <= len(await minute_of_progress(clock, budget, "one")) <= 35
    assert results_left(budget) >= 15


async def test_the_more_messages_move_the_more_room_their_results_have() -> None:
    clock = ManualClock()
    budget = EditBudget(clock)
    jobs = [f"job-{number}" for number in range(40)]
    await minute_of_progress(clock, budget, *jobs)
    assert len(await minute_of_progress(clock, budget, *jobs)) <= 11
    assert results_left(budget) >= 39


async def test_every_message_gets_a_slot_and_the_slots_are_evenly_spaced() -> None:
    clock = ManualClock()
    jobs = [f"job-{number}" for number in range(10)]
    edits = await minute_of_progress(clock, EditBudget(clock), *jobs)
    assert {job for _, job in edits} == set(jobs)
    assert max(sum(job == each for _, each in edits) for job in jobs) <= 4
    moments = [at for at, _ in edits]
    assert max(later - earlier for earlier, later in itertools.pairwise(moments)) <= 3


async def test_never_more_than_slack_allows_in_any_minute() -> None:
    clock = ManualClock()
    budget = EditBudget(clock)
    edits = len(await minute_of_progress(clock, budget, "one", "two"))
    assert edits + results_left(budget) <= EDITS_PER_MINUTE + 1


async def test_a_slot_that_is_far_away_is_not_reserved() -> None:
    clock = ManualClock()
    budget = EditBudget(clock)
    crowd = [f"job-{number}" for number in range(200)]
    for job in crowd:
        with contextlib.suppress(SlackDelayed):
            budget.for_progress(job)
    with pytest.raises(SlackDelayed) as caught:
        budget.for_progress("late")
    assert caught.value.retry_after == 60
    for job in crowd:
        with contextlib.suppress(SlackDelayed):
            budget.for_result(job)
    await clock.advance(75)
    budget.for_progress("late")


async def test_when_slack_says_slow_down_nothing_goes_for_that_long() -> None:
    clock = ManualClock()
    budget = EditBudget(clock)
    budget.exhausted(20)
    with pytest.raises(SlackDelayed) as caught:
        budget.for_result("one")
    assert caught.value.retry_after == 20
    await clock.advance(20)
    budget.for_result("one")


async def test_posts_wait_for_each_other_in_a_channel_and_not_across_channels() -> None:
    clock = ManualClock()
    slots, posted = PostSlots(clock, seconds=1.0), []

    async def post(channel: str, name: str) -> None:
        async with slots.slot(channel):
            posted.append((name, (clock.now() - START).total_seconds()))
            await clock.sleep(0.5)  # Slack's answer

    async with asyncio.TaskGroup() as group:
        for channel, name in (("C1", "a"), ("C1", "b"), ("C2", "c"), ("C1", "d")):
            group.create_task(post(channel, name))
        await clock.advance(5)
    assert posted == [("a", 0.0), ("c", 0.0), ("b", 1.5), ("d", 3.0)]


async def test_a_refused_post_holds_its_channel_for_as_long_as_slack_wants() -> None:
    clock = ManualClock()
    slots, tried = PostSlots(clock, seconds=1.05), []

    async def post() -> None:
        async with slots.slot("C1"):
            tried.append(round((clock.now() - START).total_seconds(), 2))
            if len(tried) == 1:
                raise slowed_down(4.0)

    async def refused() -> None:
        with pytest.raises(SlackDelayed):
            await post()

    async with asyncio.TaskGroup() as group:
        for work in (refused(), post(), post(), post()):
            group.create_task(work)
        await clock.advance(10)
    assert tried == [0.0, 4.0, 5.05, 6.1]


async def test_a_post_is_put_off_where_its_slot_is_far_away() -> None:
    clock = ManualClock()
    slots = PostSlots(clock)
    with pytest.raises(SlackDelayed):
        async with slots.slot("C1"):
            raise slowed_down(300.0)
    with pytest.raises(SlackDelayed) as caught:
        async with slots.slot("C1"):
            pass
    assert caught.value.retry_after == 300.0
    assert slots.seconds_until_free("C1") == 300.0
    assert slots.seconds_until_free("C2") == 0.0
