"""``@Flipbook animate a fox in snow``: the same as the command, in channels and inside threads."""

from pathlib import Path

import pytest
from slack_bolt.request.async_request import AsyncBoltRequest

from doubles.slack import faults
from doubles.slack.inbound import events
from doubles.slack.inbound.deliveries import Delivery
from doubles.slack.server import SlackDouble
from doubles.slack.state import posting
from doubles.slack.world import BOT, EXTERNAL, GENERAL, NOAH, SHARED
from generation.protocol.request import Endpoint
from slack_bot import buttons, clips, public, running_bot


async def test_a_mention_is_answered_with_a_clip(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await slack.mention("a fox in snow --turbo --seed 7")
        await bot.until_recorded()
        ((_, request),) = bot.backend.submissions
        (clip,) = clips(slack)
    assert (request.prompt, request.endpoint, request.seed) == ("a fox in snow", Endpoint.TURBO, 7)
    assert (clip.channel, clip.thread_ts) == (GENERAL, None)


async def test_a_mention_in_a_thread_is_answered_in_that_thread(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        said = await slack.say("what about a fox?")
        await slack.mention("animate a fox in snow", thread_ts=said.ts)
        await bot.until_recorded()
        assert [each.thread_ts for each in clips(slack)] == [said.ts]
        assert (await bot.the_job()).channel.thread == said.ts


async def test_a_refusal_in_a_thread_is_seen_by_one_member_in_that_thread(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path):
        said = await slack.say("what about a fox?")
        await slack.mention("a fox --hd", thread_ts=said.ts, user=NOAH)
        told = await slack.wait_for_message(lambda each: each.ephemeral_for == NOAH)
    assert told.text.startswith("There is no flag --hd.")
    assert (told.thread_ts, public(slack)) == (said.ts, [])


async def test_the_name_alone_gets_help(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert await bot.told(await slack.mention("")) == HELP


HELP = (
    "Mention the bot with what to make, as in “@Flipbook animate a fox in snow”. `/flipbook help` shows the rest: the "
    "queue, your clips, your quota."
)


@pytest.mark.parametrize("words", ["thanks!", "hello", "queue", "great job, love it", ":tada:", "help", "make a clip"])
async def test_small_talk_gets_help_and_no_clip(slack: SlackDouble, tmp_path: Path, words: str) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert await bot.told(await slack.mention(words)) == HELP
        assert await bot.jobs() == []
    assert public(slack) == []


@pytest.mark.parametrize(
    "words", ["a fox in snow", "fox", "who made this fox?", "make it stop please", "a man — no hat"]
)
async def test_other_words_get_a_private_question_whose_button_makes_the_clip_once(
    slack: SlackDouble, tmp_path: Path, words: str
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        said = await slack.say("what now?")
        await slack.mention(words, thread_ts=said.ts, user=NOAH)
        asked = await slack.wait_for_message(lambda each: each.ephemeral_for == NOAH)
        assert (asked.thread_ts, buttons(asked)) == (said.ts, ["v1:animate"])
        assert words.removeprefix("make ") in asked.text
        assert await bot.jobs() == []
        if "—" in words:
            await slack.click(asked, "v1:animate")
            assert "“— no” may be a flag or part of your prompt" in await bot.told(slack.deliveries[-1], NOAH)
            assert await bot.jobs() == []
            return
        await slack.click(asked, "v1:animate")
        await bot.until_recorded()
        assert (await bot.the_job()).channel.thread == said.ts
        await slack.wait_for(lambda: asked.deleted)
        assert [clip.thread_ts for clip in clips(slack)] == [said.ts]
        assert bot.bought == 1


async def test_a_question_that_is_answered_twice_is_one_clip_also_after_a_restart(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await slack.mention("a fox in snow")
        asked = await slack.wait_for_message(lambda each: each.ephemeral_for)
    async with running_bot(slack, tmp_path) as bot:
        first = await slack.click(asked, "v1:animate")
        await slack.redeliver(first)
        await bot.until_recorded()
        asked.deleted = False
        slack.clock.advance(60)
        await slack.click(asked, "v1:animate")
        assert len(await bot.jobs()) == 1
        assert bot.bought == 1


@pytest.mark.parametrize("fresh_id", [False, True])
async def test_a_mention_that_is_told_twice_is_one_clip(slack: SlackDouble, tmp_path: Path, fresh_id: bool) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await slack.fault(faults.EventsDoubled(fresh_id=fresh_id))
        await slack.mention("animate a fox in snow")
        await bot.until_recorded()
        assert (bot.bought, len(public(slack)), len(clips(slack))) == (1, 1, 1)


async def test_a_doubled_mention_that_is_refused_is_told_once(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path):
        await slack.fault(faults.EventsDoubled(fresh_id=True))
        await slack.mention("a fox --hd")
        await slack.wait_for_message(lambda each: each.ephemeral_for)
    assert len([each for each in slack.state().bot_messages() if each.ephemeral_for]) == 1


async def test_two_equal_mentions_are_two_clips(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        for count in (1, 2):
            await slack.mention("animate a fox in snow")
            await bot.until_recorded(count)
            slack.clock.advance(60)
        assert bot.bought == 2


def mention_by_a_bot(slack: SlackDouble) -> Delivery:
    """Another bot's message that names ours."""
    channel = slack.home.channels[GENERAL]
    said = posting.post(slack.platform, slack.home, channel, NOAH, text=f"<@{BOT}> animate a fox in snow")
    said.bot_id = "B0OTHERBOT"
    told = events.mention(slack.platform, slack.home, channel, said)
    assert told is not None
    return told


async def test_mentions_by_bots_are_ignored(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await slack.platform.courier.deliver(mention_by_a_bot(slack))
        assert await bot.jobs() == []


async def test_a_mention_by_a_bot_needs_no_work_to_be_acknowledged(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        app = bot.chat._bolt(bot.core.service)
    # the chat does not run any more, so no work can be started
    told = AsyncBoltRequest(mode="socket_mode", body=mention_by_a_bot(slack).payload)
    assert (await app.async_dispatch(told)).status == 200


async def test_members_of_other_organisations_are_refused_unless_welcome(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        told = await bot.told(await slack.mention("animate a fox in snow", SHARED, user=EXTERNAL), EXTERNAL)
        assert told == "Here only members of the bot's own workspace can ask for clips."
        assert await bot.jobs() == []
    async with running_bot(slack, tmp_path, chat_options={"are_externals_welcome": True}) as bot:
        await slack.mention("animate a fox in snow", SHARED, user=EXTERNAL)
        await bot.until_recorded()
