"""Which ways are open to a delivery, and how much a channel is sent."""

from dataclasses import replace
from typing import Any

import pytest

from adapters.discord.answer_token import DEFAULT_UPLOAD_LIMIT, AnswerToken
from adapters.discord.messenger import DiscordMessenger, Rung
from adapters.discord.pace import Allowance, ChannelBudget
from adapters.discord.refs import channel_of, channel_ref, message_ref, place_of
from doubles.clock import AutoClock, ManualClock
from factories import NOW, a_channel, a_delivery, a_job, a_message, an_answer, later
from generation.delivery import Answer
from generation.errors import DeliveryDelayed
from generation.progress import Phase, Progress

R = Rung


@pytest.fixture
def messenger() -> DiscordMessenger:
    return DiscordMessenger(None, clock=ManualClock())  # type: ignore[arg-type]  # nothing here goes out


ANEW = (R.POST, R.DIRECT, R.WORDS)


@pytest.mark.parametrize(
    ("changes", "minutes", "rungs"),
    [
        ({"message": a_message(), "answer": an_answer()}, 0, (R.ANSWER, R.EDIT, *ANEW)),
        ({"message": a_message(), "answer": an_answer()}, 14, (R.EDIT, *ANEW)),
        ({"message": a_message()}, 0, (R.EDIT, *ANEW)),
        ({}, 0, ANEW),
        ({"answer": an_answer()}, 0, ANEW),
        ({"message": a_message(), "answer": an_answer(token="")}, 0, (R.EDIT, *ANEW)),
        ({"message": a_message(), "answer": an_answer(private=True)}, 0, (R.ANSWER, R.DIRECT)),
        ({"message": a_message(), "answer": an_answer(private=True)}, 14, (R.DIRECT,)),
        ({"channel": a_channel(thread="6001")}, 0, (R.POST, R.PARENT, R.DIRECT, R.WORDS)),
    ],
)
def test_the_ladder_has_the_rungs_that_are_open(
    messenger: DiscordMessenger, changes: dict[str, Any], minutes: int, rungs: tuple[Rung, ...]
) -> None:
    delivery = a_delivery(a_job(), **changes)
    assert messenger.rungs(delivery, later(minutes=minutes)) == rungs


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
    answer = AnswerToken("abc.def", 123).answer(NOW)
    assert answer == Answer("123.abc.def", later(minutes=14))
    assert AnswerToken.of(answer) == AnswerToken("abc.def", 123)
    assert AnswerToken.of(replace(answer, token="bare")) == AnswerToken("bare", DEFAULT_UPLOAD_LIMIT)
    assert AnswerToken("t", 1).answer(NOW, private=True).private


def test_a_threads_channel_is_its_parent() -> None:
    thread = channel_ref(9, 6, parent_id=5)
    assert (thread.id, thread.thread, place_of(thread)) == ("5", "6", 6)
    assert place_of(channel_ref(9, 5)) == 5
    assert channel_of(9, None, 5) == channel_ref(9, 5)
    assert message_ref(9, 6, 3).channel == channel_ref(9, 6)


# The channel's budget -------------------------------------------------------------------------------------------------


def test_progress_leaves_a_part_of_the_budget_to_results() -> None:
    clock = AutoClock()
    budget = ChannelBudget(clock)
    assert [budget.wait_for_progress(1) for _ in range(3)] == [None, None, 5.5]
    assert budget.wait_for_progress(2) is None
    clock.advance(2)
    assert budget.wait_for_progress(1) == 3.5
    clock.advance(3.5)
    assert budget.wait_for_progress(1) is None


async def test_results_wait_for_their_slot_outside_of_the_library() -> None:
    clock = AutoClock()
    budget = ChannelBudget(clock, Allowance(requests=4, seconds=5.0, for_progress=2))
    for _ in range(6):
        await budget.slot(1)
    assert clock.slept == [5.0]


async def test_results_count_against_progress() -> None:
    clock = AutoClock()
    budget = ChannelBudget(clock)
    for _ in range(2):
        await budget.slot(1)
    assert budget.wait_for_progress(1) == 5.5


async def test_never_more_than_the_allowance_in_any_window() -> None:
    clock = AutoClock()
    budget = ChannelBudget(clock)
    sent = []
    for n in range(40):
        if n % 3:
            await budget.slot(1)
            sent.append(clock.now())
        elif budget.wait_for_progress(1) is None:
            sent.append(clock.now())
        clock.advance(0.1)
    for first, fifth in zip(sent, sent[4:], strict=False):
        assert (fifth - first).total_seconds() >= 5.0


def test_quiet_channels_are_forgotten() -> None:
    clock = AutoClock()
    budget = ChannelBudget(clock)
    for channel in range(1001):
        budget.wait_for_progress(channel)
        clock.advance(1)
    budget.wait_for_progress(5000)
    assert len(budget._sent) < 20
