"""The steps of a delivery, and the rate limits of a channel."""

from dataclasses import replace
from typing import Any

import pytest

from adapters.discord.delivery.interaction_token import DEFAULT_UPLOAD_LIMIT, InteractionToken
from adapters.discord.delivery.messenger import DeliveryStep, DiscordMessenger
from adapters.discord.delivery.rate_limits import ChannelRateLimiter, RateLimit
from adapters.discord.refs import channel_of, channel_ref, message_ref, posting_id
from doubles.clock import AutoClock, ManualClock
from factories import NOW, a_channel, a_delivery, a_job, a_message, an_answer, later
from generation.domain.delivery import Answer
from generation.protocol.errors import DeliveryDelayed
from generation.protocol.progress import Phase, Progress

S = DeliveryStep


@pytest.fixture
def messenger() -> DiscordMessenger:
    return DiscordMessenger(None, clock=ManualClock())  # type: ignore[arg-type]  # nothing here goes out


NEW_MESSAGE = (S.POST, S.DIRECT, S.WORDS)


@pytest.mark.parametrize(
    ("changes", "minutes", "delivery_steps"),
    [
        ({"message": a_message(), "answer": an_answer()}, 0, (S.ANSWER, S.EDIT, *NEW_MESSAGE)),
        ({"message": a_message(), "answer": an_answer()}, 14, (S.EDIT, *NEW_MESSAGE)),
        ({"message": a_message()}, 0, (S.EDIT, *NEW_MESSAGE)),
        ({}, 0, NEW_MESSAGE),
        ({"answer": an_answer()}, 0, NEW_MESSAGE),
        ({"message": a_message(), "answer": an_answer(token="")}, 0, (S.EDIT, *NEW_MESSAGE)),
        ({"message": a_message(), "answer": an_answer(private=True)}, 0, (S.ANSWER, S.DIRECT)),
        ({"message": a_message(), "answer": an_answer(private=True)}, 14, (S.DIRECT,)),
        # taken out of the channel: it is not put there again, nor into the thread's parent
        ({"message": a_message(), "told": ("the message was deleted",)}, 0, (S.DIRECT,)),
        ({"message": a_message(), "answer": an_answer(), "told": ("the message was deleted",)}, 0, (S.DIRECT,)),
        ({"channel": a_channel(thread="6001"), "told": ("the message was deleted",)}, 0, (S.DIRECT,)),
        ({"message": a_message(), "told": ("the first answer is gone",)}, 0, (S.EDIT, *NEW_MESSAGE)),
        ({"channel": a_channel(thread="6001")}, 0, (S.POST, S.PARENT, S.DIRECT, S.WORDS)),
    ],
)
def test_a_delivery_has_the_steps_that_are_open(
    messenger: DiscordMessenger, changes: dict[str, Any], minutes: int, delivery_steps: tuple[DeliveryStep, ...]
) -> None:
    delivery = a_delivery(a_job(), **changes)
    assert messenger.delivery_steps(delivery, later(minutes=minutes)) == delivery_steps


async def test_progress_waits_for_the_first_answer(messenger: DiscordMessenger) -> None:
    job = a_job()
    with pytest.raises(DeliveryDelayed, match="not out yet"):
        await messenger.show(job, a_delivery(job), Progress(Phase.QUEUED))


async def test_after_a_start_progress_keeps_its_distance_to_an_earlier_process(messenger: DiscordMessenger) -> None:
    job = a_job()
    delivery = a_delivery(job, message=a_message(), opened_at=later(seconds=-60))
    with pytest.raises(DeliveryDelayed, match="earlier process") as delayed:
        await messenger.show(job, delivery, Progress(Phase.QUEUED))
    assert delayed.value.retry_after == 3.0


async def test_an_old_message_gets_no_progress(messenger: DiscordMessenger) -> None:
    job = a_job()
    delivery = a_delivery(job, message=a_message(), opened_at=later(hours=-1))
    await messenger.show(job, delivery, Progress(Phase.QUEUED))  # nothing could be sent


def test_a_token_is_kept_with_its_upload_limit() -> None:
    answer = InteractionToken("abc.def", 123).answer(NOW)
    assert answer == Answer("123.abc.def", later(minutes=14))
    assert InteractionToken.of(answer) == InteractionToken("abc.def", 123)
    assert InteractionToken.of(replace(answer, token="bare")) == InteractionToken("bare", DEFAULT_UPLOAD_LIMIT)
    assert InteractionToken("t", 1).answer(NOW, private=True).private
    again = InteractionToken("abc.def", 123, 77)
    assert InteractionToken.of(again.answer(NOW)) == again


def test_a_threads_channel_is_its_parent() -> None:
    thread = channel_ref(9, 6, parent_id=5)
    assert (thread.id, thread.thread, posting_id(thread)) == ("5", "6", 6)
    assert posting_id(channel_ref(9, 5)) == 5
    assert channel_of(9, None, 5) == channel_ref(9, 5)
    assert message_ref(9, 6, 3).channel == channel_ref(9, 6)


# The channel's rate limit --------------------------------------------------------------------------


def test_progress_leaves_a_part_of_the_limit_to_results() -> None:
    clock = AutoClock()
    limiter = ChannelRateLimiter(clock)
    assert [limiter.try_acquire_for_progress(1) for _ in range(3)] == [None, None, 5.5]
    assert limiter.try_acquire_for_progress(2) is None
    clock.advance(2)
    assert limiter.try_acquire_for_progress(1) == 3.5
    clock.advance(3.5)
    assert limiter.try_acquire_for_progress(1) is None


async def test_results_wait_for_their_slot_outside_of_the_library() -> None:
    clock = AutoClock()
    limiter = ChannelRateLimiter(clock, RateLimit(requests=4, seconds=5.0, for_progress=2))
    for _ in range(6):
        await limiter.acquire(1)
    assert clock.slept == [5.0]


async def test_results_count_against_progress() -> None:
    clock = AutoClock()
    limiter = ChannelRateLimiter(clock)
    for _ in range(2):
        await limiter.acquire(1)
    assert limiter.try_acquire_for_progress(1) == 5.5


async def test_never_more_than_the_limit_in_any_window() -> None:
    clock = AutoClock()
    limiter = ChannelRateLimiter(clock)
    sent = []
    for n in range(40):
        if n % 3:
            await limiter.acquire(1)
            sent.append(clock.now())
        elif limiter.try_acquire_for_progress(1) is None:
            sent.append(clock.now())
        clock.advance(0.1)
    for first, fifth in zip(sent, sent[4:], strict=False):
        assert (fifth - first).total_seconds() >= 5.0


def test_quiet_channels_are_forgotten() -> None:
    clock = AutoClock()
    limiter = ChannelRateLimiter(clock)
    for channel in range(1001):
        limiter.try_acquire_for_progress(channel)
        clock.advance(1)
    limiter.try_acquire_for_progress(5000)
    assert len(limiter._sent) < 20
