"""Sixty jobs of one channel, all of them with news all the time: each clip is let through within three seconds of its
completion, and the platform, as its double counts, is never asked for too much."""

import asyncio
from datetime import timedelta

from adapters.discord.delivery.rate_limits import ChannelRateLimiter
from adapters.slack.delivery.rate_limits import EditBudget
from adapters.slack.errors import SlackDelayed
from doubles.clock import AutoClock, ManualClock
from doubles.discord.rest.buckets import Buckets
from doubles.slack.web_api.limits import Limiter, RateLimits

JOBS = 60
EVERY = timedelta(seconds=1.5)
TICK = 0.25
AT_MOST = 3.0
CHANNEL = 7


class Seconds:
    """A clock as the doubles have one."""

    def __init__(self, clock: AutoClock | ManualClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()


async def test_on_discord_clips_do_not_wait_for_the_progress_of_others() -> None:
    clock = AutoClock()
    budget = ChannelRateLimiter(clock)
    discord = Buckets(Seconds(clock), enforced=True)  # type: ignore[arg-type]
    late, shown, done_at = [], 0, clock.now()
    for left in range(JOBS, 0, -1):
        done_at += EVERY
        while clock.now() < done_at:
            for _ in range(left):
                if budget.try_acquire_for_progress(CHANNEL) is None:
                    shown += 1
                    assert discord.take("edit", str(CHANNEL)).retry_after is None
            clock.advance(TICK)
        await budget.acquire(CHANNEL)
        assert discord.take("edit", str(CHANNEL)).retry_after is None
        late.append((clock.now() - done_at).total_seconds())
    assert max(late) <= AT_MOST
    assert shown > 0


async def test_on_discord_a_clip_that_has_no_message_yet_is_posted_before_the_first_messages_of_others() -> None:
    clock = ManualClock()
    budget = ChannelRateLimiter(clock)
    order: list[str] = []

    async def first_message(number: int) -> None:
        await budget.acquire_after_results(CHANNEL)
        order.append("first message")

    async def clip() -> None:
        await budget.acquire(CHANNEL)
        order.append("clip")

    opening = [asyncio.create_task(first_message(number)) for number in range(20)]
    await clock.advance(1)
    posting = asyncio.create_task(clip())
    for _ in range(120):
        await clock.advance(0.5)
    await asyncio.gather(*opening, posting)
    assert order == ["first message"] * 2 + ["clip"] + ["first message"] * 18


async def test_on_discord_first_messages_come_in_turn_and_keep_no_clip_waiting_for_long() -> None:
    clock = ManualClock()
    budget = ChannelRateLimiter(clock)
    discord = Buckets(Seconds(clock), enforced=True)  # type: ignore[arg-type]
    opened: list[int] = []
    late: list[float] = []

    async def first_message(number: int) -> None:
        await budget.acquire_after_results(CHANNEL)
        assert discord.take("create", str(CHANNEL)).retry_after is None
        opened.append(number)

    async def clip() -> None:
        done_at = clock.now()
        await budget.acquire(CHANNEL)
        assert discord.take("create", str(CHANNEL)).retry_after is None
        late.append((clock.now() - done_at).total_seconds())

    opening = [asyncio.create_task(first_message(number)) for number in range(JOBS)]
    posting = []
    for _ in range(10):
        await clock.advance(3.3)
        posting.append(asyncio.create_task(clip()))
    await clock.advance(JOBS * 1.5)
    await asyncio.gather(*opening, *posting)
    assert opened == list(range(JOBS))
    assert max(late) <= AT_MOST


async def test_on_slack_clips_do_not_wait_for_the_progress_of_others() -> None:
    clock = AutoClock()
    budget = EditBudget(clock)
    slack = Limiter(Seconds(clock), RateLimits())  # type: ignore[arg-type]
    late, shown, done_at = [], 0, clock.now()
    for number in range(JOBS):
        done_at += EVERY
        while clock.now() < done_at:
            for other in range(number, JOBS):
                shown += progress_shown(budget, slack, other)
            clock.advance(TICK)
        await show_clip(budget, clock, number)
        assert slack.seconds_to_wait("chat.update", "T1", {}) is None
        late.append((clock.now() - done_at).total_seconds())
    assert max(late) <= AT_MOST
    assert shown > 0


def progress_shown(budget: EditBudget, slack: Limiter, number: int) -> bool:
    """Whether this edit was let through."""
    try:
        budget.for_progress(f"job-{number}")
    except SlackDelayed:
        return False
    assert slack.seconds_to_wait("chat.update", "T1", {}) is None
    return True


async def show_clip(budget: EditBudget, clock: AutoClock, number: int) -> None:
    """Wait for as long as the budget says."""
    while True:
        try:
            budget.for_result(f"job-{number}")
        except SlackDelayed as error:
            await clock.sleep(error.retry_after or 0.0)
        else:
            return
