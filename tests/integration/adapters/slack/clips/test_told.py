"""A member is told when a clip is ready: one reply in its thread that names them, as they have chosen."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from doubles.slack import faults
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import Message
from doubles.slack.world import MIRA, NOAH
from generation.protocol.errors import GenerationFailed
from slack_bot import Bot, running_bot
from slack_outcomes import advancing, held, under_way

SLOW = 61.0
READY = "your clip is ready."


@pytest.fixture
async def bot(slack: SlackDouble, tmp_path: Path) -> AsyncIterator[Bot]:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        yield bot


def told(slack: SlackDouble) -> list[Message]:
    return [each for each in slack.state().bot_messages() if each.text.startswith("<@") and "your clip" in each.text]


async def until_told(bot: Bot) -> Message:
    await bot.double.wait_for(lambda: told(bot.double))
    (message,) = told(bot.double)
    return message


async def finish(bot: Bot) -> None:
    bot.double.clock.advance(SLOW)
    bot.release()
    await bot.until_recorded()


async def test_a_slow_clip_is_told_once_to_its_asker_in_its_thread_also_after_a_restart(
    bot: Bot, slack: SlackDouble, tmp_path: Path
) -> None:
    clip = await under_way(bot, user=NOAH)
    await finish(bot)
    message = await until_told(bot)
    assert (message.text, message.thread_ts, message.channel) == (f"<@{NOAH}>, {READY}", clip.ts, clip.channel)
    async with running_bot(slack, tmp_path) as again:
        await again.core.notices.post_due()
        assert told(slack) == [message]


async def test_a_notice_whose_answer_was_lost_is_still_one(bot: Bot, slack: SlackDouble) -> None:
    await under_way(bot)
    await slack.fault(faults.ConnectionCut("chat.postMessage"))
    async with advancing(slack):
        await finish(bot)
        await bot.until(lambda: bot.core.observer.notices)
    assert len(told(slack)) == 1


async def test_quick_clips_are_told_to_those_who_always_want_it_and_nothing_to_those_who_never_do(
    bot: Bot, slack: SlackDouble
) -> None:
    await slack.slash("/flipbook", "notify never", user=MIRA)
    await under_way(bot)
    await finish(bot)
    await bot.core.notices.post_due()
    assert told(slack) == []
    said = await bot.told(await slack.slash("/flipbook", "notify always", user=MIRA))
    assert said.startswith("You are told of every clip of yours that is ready.")
    await bot.clip()
    assert (await until_told(bot)).text.endswith(READY)


async def test_a_failure_is_told_too(bot: Bot) -> None:
    bot.backend.troubles["result"] = [GenerationFailed("worker", "no")] * 9
    await under_way(bot)
    await finish(bot)
    assert (await until_told(bot)).text.endswith("your clip could not be made.")


async def test_own_defaults_are_shown_kept_and_taken_back(bot: Bot, slack: SlackDouble) -> None:
    # a name alone takes nothing back
    for words in ("quality turbo", "frames 8", 'negative "rain, snow"', "negative"):
        said = await bot.told(await slack.slash("/flipbook", f"defaults {words}", user=MIRA))
        slack.clock.advance(2)
    for line in ("Quality: *turbo*", "Frames: *8*", "Negative prompt: *rain, snow*", "Steps: the usual"):
        assert line in said
    await bot.clip()
    request = (await bot.the_job()).request
    assert (request.endpoint.label, request.num_frames, request.negative_prompt) == ("turbo", 8, "rain, snow")
    slack.clock.advance(2)
    said = await bot.told(await slack.slash("/flipbook", "defaults reset", user=MIRA))
    assert "Frames: the usual" in said
