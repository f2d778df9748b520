"""🔁, by button and by reaction: a second clip with another seed, charged to the member who acts, once."""

import asyncio
from pathlib import Path

import pytest

from doubles.generation.backend import ScriptedBackend
from doubles.slack import faults
from doubles.slack.server import SlackDouble
from doubles.slack.state import posting
from doubles.slack.state.workspaces import Message
from doubles.slack.world import BOT, GENERAL, MIRA, NOAH, STUDIO
from generation.domain.refs import Platform, UserRef
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules
from slack_bot import Bot, clips, public, running_bot, words


async def second_clip(bot: Bot, first: Message) -> Message:
    """The clip beside the first one."""
    double = bot.double
    found = await double.wait_for(lambda: next((each for each in clips(double) if each is not first), None))
    assert isinstance(found, Message)
    return await bot.delivered(found)


async def test_a_reaction_of_another_member_makes_a_second_clip_that_counts_for_them(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        first = await bot.clip()
        await slack.react(GENERAL, first.ts, "repeat", user=NOAH)
        second = await second_clip(bot, first)
        original, again = await bot.jobs()
    assert (original.request.seed, again.request.seed) == (1, 2)
    assert again.request == original.request.with_seed(2)
    assert again.requested_by == UserRef(Platform.SLACK, NOAH)
    assert again.parent == original.id
    assert f"for <@{NOAH}>" in words(second)
    where = f"https://{slack.home.domain}.slack.com/archives/{GENERAL}/p{first.ts.replace('.', '')}"
    assert f"re-roll of <{where}|{original.name}>" in words(second)


async def test_the_button_does_the_same(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        first = await bot.clip()
        await slack.click(first, "v1:reroll", user=NOAH)
        await second_clip(bot, first)
        _, again = await bot.jobs()
    assert again.requested_by.id == NOAH


async def test_buttons_and_reactions_work_after_a_restart(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        first = await bot.clip()
    async with running_bot(slack, tmp_path) as restarted:
        await slack.click(first, "v1:reroll", user=NOAH)
        await slack.react(GENERAL, first.ts, "repeat")
        slack.clock.advance(2)
        await restarted.until_recorded(2)
        assert len(await restarted.jobs()) == 3


async def test_a_second_clip_stays_in_the_thread_of_the_first(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        said = await slack.say("what about a fox?")
        await slack.mention("animate a fox in snow", thread_ts=said.ts)
        (first,) = await thread_clips(bot, said, 1)
        await slack.react(GENERAL, first.ts, "repeat", user=NOAH)
        await thread_clips(bot, said, 2)


async def thread_clips(bot: Bot, parent: Message, count: int) -> list[Message]:
    """The clips in a thread, once `count` of them are recorded."""
    await bot.until_recorded(count)
    bot.double.clock.advance(1.2)
    found = [each for each in bot.double.home.replies(parent) if each.file_ids]
    assert len(found) == count
    return found


@pytest.mark.parametrize("name", ["repeat_one", "tada", "arrows_counterclockwise", "+1::skin-tone-2"])
async def test_other_reactions_do_nothing(slack: SlackDouble, tmp_path: Path, name: str) -> None:
    async with running_bot(slack, tmp_path) as bot:
        first = await bot.clip()
        await slack.react(GENERAL, first.ts, name, user=NOAH)
        assert len(await bot.jobs()) == 1


async def test_a_skin_tone_on_the_name_is_no_other_reaction(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        first = await bot.clip()
        await slack.react(GENERAL, first.ts, "repeat::skin-tone-3", user=NOAH)
        await second_clip(bot, first)


async def test_a_reaction_on_what_is_no_clip_does_nothing(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        said = await slack.say("a message of a person")
        await slack.react(GENERAL, said.ts, "repeat", user=NOAH)
        own = posting.post(slack.platform, slack.home, slack.home.channels[GENERAL], BOT, text="no job of ours")
        await slack.react(GENERAL, own.ts, "repeat", user=NOAH)
        assert (await bot.jobs(), public(slack)) == ([], [own])


async def test_a_reaction_on_an_unfinished_clip_is_explained(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=ScriptedBackend(hold=asyncio.Event())) as bot:
        message = await bot.animate()
        await bot.until_opened(message)
        told = await bot.told(await slack.react(GENERAL, message.ts, "repeat", user=NOAH), NOAH)
        assert told == "Only a finished clip can be re-rolled."
        assert len(await bot.jobs()) == 1
        bot.release()
        await bot.delivered(message)


@pytest.mark.parametrize("by", ["click", "reaction"])
async def test_a_refusal_is_told_only_to_the_member_who_acted(slack: SlackDouble, tmp_path: Path, by: str) -> None:
    rules = OperatorRules(backends=("worker",), default_limits=Limits(server_clips_per_day=1))
    async with running_bot(slack, tmp_path, rules=rules) as bot:
        first = await bot.clip()
        if by == "click":
            act = await slack.click(first, "v1:reroll", user=NOAH)
        else:
            act = await slack.react(GENERAL, first.ts, "repeat", user=NOAH)
        told = await bot.told(act, NOAH)
        assert told.startswith("This workspace has used its only clip for today; it can make another one ")
        assert (public(slack), len(await bot.jobs())) == ([first], 1)


async def test_a_refusal_in_a_thread_is_told_in_that_thread(slack: SlackDouble, tmp_path: Path) -> None:
    rules = OperatorRules(backends=("worker",), default_limits=Limits(server_clips_per_day=1))
    async with running_bot(slack, tmp_path, rules=rules) as bot:
        said = await slack.say("what about a fox?")
        await slack.mention("animate a fox in snow", thread_ts=said.ts)
        (first,) = await thread_clips(bot, said, 1)
        await slack.react(GENERAL, first.ts, "repeat", user=NOAH)
        told = await slack.wait_for_message(lambda each: each.ephemeral_for == NOAH)
    assert told.thread_ts == said.ts


async def test_two_quick_re_rolls_of_one_member_are_one(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        first = await bot.clip()
        await slack.click(first, "v1:reroll", user=NOAH)
        await slack.click(first, "v1:reroll", user=NOAH)
        await slack.react(GENERAL, first.ts, "repeat", user=NOAH)
        assert len(await bot.jobs()) == 2
        slack.clock.advance(3.0)
        await slack.click(first, "v1:reroll", user=NOAH)
        assert len(await bot.jobs()) == 3
        slack.clock.advance(2.0)
        await bot.until_recorded(3)


async def test_two_members_may_re_roll_the_same_clip_at_once(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        first = await bot.clip()
        await asyncio.gather(
            slack.react(GENERAL, first.ts, "repeat", user=NOAH), slack.react(GENERAL, first.ts, "repeat", user=MIRA)
        )
        assert len(await bot.jobs()) == 3
        slack.clock.advance(2.0)
        await bot.until_recorded(3)


@pytest.mark.parametrize("fresh_id", [False, True])
async def test_a_reaction_that_is_told_twice_is_one_re_roll(slack: SlackDouble, tmp_path: Path, fresh_id: bool) -> None:
    async with running_bot(slack, tmp_path) as bot:
        first = await bot.clip()
        await slack.fault(faults.EventsDoubled(fresh_id=fresh_id))
        await slack.react(GENERAL, first.ts, "repeat", user=NOAH)
        await second_clip(bot, first)
        assert (len(await bot.jobs()), bot.bought, len(public(slack))) == (2, 2, 2)


async def test_the_bots_own_and_other_bots_reactions_do_nothing(slack: SlackDouble, tmp_path: Path) -> None:
    slack.home.users[NOAH].is_bot = True
    async with running_bot(slack, tmp_path) as bot:
        first = await bot.clip()
        await slack.react(GENERAL, first.ts, "repeat", user=NOAH)
        await slack.react(GENERAL, first.ts, "repeat", user=BOT)
        assert len(await bot.jobs()) == 1


@pytest.mark.parametrize(
    ("action_id", "value", "sentence"),
    [
        ("v1:reroll", "f" * 24, "There is no such clip here."),
        ("v1:reroll", "../../etc/passwd <!channel>", "There is no such clip here."),
        ("v1:reroll", "", "There is no such clip here."),
    ],
)
async def test_a_forged_button_is_one_sentence(
    slack: SlackDouble, tmp_path: Path, action_id: str, value: str, sentence: str
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        first = await bot.clip()
        assert await bot.told(await slack.click(first, action_id, value=value, user=NOAH), NOAH) == sentence
        assert (len(await bot.jobs()), public(slack)) == (1, [first])


async def test_a_button_that_is_not_known_any_more_is_one_sentence(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        first = await bot.clip()
        first.blocks[-1]["elements"][0]["action_id"] = "v0:again"
        told = await bot.told(await slack.click(first, "v0:again"))
    assert told == "This button no longer does anything. `/animate` makes a new clip."


async def test_a_job_of_another_workspace_is_not_found(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        first = await bot.clip(channel=STUDIO)
        first.team = slack.other.team  # as if the same button stood in the other workspace
        slack.other.channels[STUDIO] = slack.home.channels[STUDIO]
        told = await bot.told(await slack.click(first, "v1:reroll", user="U00000LENA"))
        assert told == "This bot is not set up for your workspace. Its operator would have to install it there."
        assert len(await bot.jobs()) == 1
