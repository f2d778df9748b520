"""What only the member reads while their clip's message is not there yet, or is elsewhere."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from core_running import PROMPT
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import Message
from doubles.slack.world import EXTERNAL, GROUP, MIRA, NOAH, OWNER, PAIR, STUDIO
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules
from slack_bot import MADE, Bot, buttons, clips, public, running_bot, words
from slack_outcomes import advancing, held, the_clip

ROOMY = OperatorRules(
    backends=("worker",), default_limits=Limits(user_active_jobs=100, server_active_jobs=100, user_clips_per_day=None)
)


@pytest.mark.parametrize(
    ("channel", "user"), [(PAIR, MIRA), (PAIR, NOAH), (GROUP, OWNER), (GROUP, MIRA), (GROUP, NOAH)]
)
async def test_among_people_the_clip_comes_in_the_members_own_talk_with_the_bot(
    slack: SlackDouble, tmp_path: Path, channel: str, user: str
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        told = await bot.told(await slack.slash("/animate", PROMPT, channel=channel, user=user), user)
        assert told == ("The bot cannot post where you two talk, so your clip comes in your direct messages with it.")
        async with advancing(slack):
            await bot.until_recorded()
        direct = slack.home.dm_with(user)
        assert direct is not None
        assert (the_clip(slack).channel, bot.bought) == (direct.id, 1)
        assert slack.home.messages_in(channel) == [
            each for each in slack.home.messages_in(channel) if each.ephemeral_for
        ]


async def test_a_stranger_among_people_gets_no_clip(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        told = await bot.told(await slack.slash("/animate", PROMPT, channel=PAIR, user=EXTERNAL), EXTERNAL)
        assert told == "Here only members of the bot's own workspace can ask for clips."
        assert await bot.jobs() == []


async def test_of_24_commands_at_once_each_gets_its_message_or_a_private_word_at_once(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path, backend=held(), rules=ROOMY):
        began = slack.clock.now()
        acts = await asyncio.gather(*(slack.slash("/animate", f"fox {number}") for number in range(24)))
        assert slack.clock.now() - began < 5
        answers = [act.ack.payload for act in acts if act.ack]
        told = [str(payload["text"]) for payload in answers if payload]
        assert len(answers) == 24
        assert len(told) == 23, "one message stands at once; it needs no word"
        assert all("Your clip is ordered. Many are asked for here at once" in each for each in told)
        # the double's time passes a little while the commands are taken
        assert any(re.search(r"in about 2[234] s\b", each) for each in told)
        async with advancing(slack):
            await slack.wait_for(lambda: len(public(slack)) == 24)


async def from_a_channel(bot: Bot) -> Message:
    return await bot.clip()


async def from_a_private_channel(bot: Bot) -> Message:
    return await bot.clip(channel=STUDIO)


async def from_a_thread(bot: Bot) -> Message:
    said = await bot.double.say("what about a boat?")
    await bot.double.mention(f"animate {PROMPT}", thread_ts=said.ts)
    return await a_new_clip(bot, None)


async def with_every_setting(bot: Bot) -> Message:
    return await bot.clip(f'{PROMPT} --no "fog, text" --turbo --size square --frames 8 --fps 4 --steps 6 --seed 9')


async def of_a_re_roll(bot: Bot) -> Message:
    first = await bot.clip()
    await bot.double.click(first, "v1:reroll")
    return await a_new_clip(bot, first)


async def a_new_clip(bot: Bot, besides: Message | None) -> Message:
    found = await bot.double.wait_for(lambda: [each for each in clips(bot.double) if each is not besides])
    return await bot.delivered(found[0])


Way = Callable[[Bot], Awaitable[Message]]
WAYS = [from_a_channel, from_a_private_channel, from_a_thread, with_every_setting, of_a_re_roll]


@pytest.mark.parametrize("way", WAYS)
async def test_a_clip_that_show_brings_has_its_settings_and_its_buttons(
    slack: SlackDouble, tmp_path: Path, way: Way
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        first = await way(bot)
        job, bought = (await bot.jobs())[-1], bot.bought
        await slack.delete(first.channel, first.ts)
        await bot.told(await slack.slash("/flipbook", f"show {job.id}"))
        async with advancing(slack):
            await bot.until_recorded(bought + 1)
        direct = slack.home.dm_with(MIRA)
        assert direct is not None
        (brought,) = [each for each in slack.home.messages_in(direct.id) if each.file_ids]
        assert buttons(brought) == MADE
        assert PROMPT in words(brought)
        assert settings_line(brought) == settings_line(first)
        await slack.click(brought, "v1:reroll")
        async with advancing(slack):
            await bot.until_recorded(bought + 2)
        assert bot.bought == bought + 1
        again = (await bot.jobs())[-1]
        assert again.request == job.request.with_seed(again.request.seed)


def settings_line(message: Message) -> str:
    """The line with the settings: what the clip was made with, and without."""
    return next(line for line in words(message).splitlines() if "seed" in line)
