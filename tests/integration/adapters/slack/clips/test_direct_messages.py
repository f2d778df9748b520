"""What is written to the bot alone: a clip where the words say so, else a button; small talk and edits buy nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from doubles.slack.server import SlackDouble
from doubles.slack.state import posting
from doubles.slack.state.workspaces import Message
from doubles.slack.world import ADMIN, GENERAL, NOAH
from generation.domain.refs import Platform, UserRef
from slack_bot import Bot, buttons, clips, running_bot


@pytest.fixture
async def bot(slack: SlackDouble, tmp_path: Path) -> AsyncIterator[Bot]:
    async with running_bot(slack, tmp_path) as bot:
        yield bot


def alone(slack: SlackDouble, user: str = NOAH) -> str:
    """A member's own conversation with the bot."""
    return posting.direct_channel(slack.platform, slack.home, user).id


async def answered(slack: SlackDouble, text: str) -> Message:
    """What the member reads after these words."""
    await slack.say(text, alone(slack), user=NOAH)
    return await slack.wait_for_message(lambda each: each.ephemeral_for == NOAH)


async def test_words_that_say_so_are_made_there_and_charged_to_the_member(bot: Bot, slack: SlackDouble) -> None:
    await slack.say("animate a fox in snow --seed 7", alone(slack), user=NOAH)
    await bot.until_recorded()
    job = await bot.the_job()
    assert (job.request.prompt, job.request.seed, job.requested_by.id) == ("a fox in snow", 7, NOAH)
    assert [each.channel for each in clips(slack)] == [alone(slack)]


async def test_other_words_get_a_button_that_makes_it_once(bot: Bot, slack: SlackDouble) -> None:
    asked = await answered(slack, "a fox in snow")
    assert (asked.text.split("?")[0], buttons(asked), bot.bought) == (
        "Make a clip of “a fox in snow”",
        ["v1:animate"],
        0,
    )
    await slack.click(asked, "v1:animate", user=NOAH)
    await bot.until_recorded()
    assert (bot.bought, [each.channel for each in clips(slack)]) == (1, [alone(slack)])


async def test_small_talk_gets_help(bot: Bot, slack: SlackDouble) -> None:
    assert (await answered(slack, "thanks!")).text.startswith("Write what to make, as in “animate a fox in snow”")
    assert bot.bought == 0


async def test_a_re_roll_of_such_a_clip_stays_there(bot: Bot, slack: SlackDouble) -> None:
    await slack.say("animate a fox in snow", alone(slack), user=NOAH)
    await bot.until_recorded()
    (clip,) = clips(slack)
    slack.clock.advance(5)
    await slack.click(clip, "v1:reroll", user=NOAH)
    await bot.until_recorded(2)
    assert {each.channel for each in clips(slack)} == {alone(slack)}


async def test_edits_and_what_the_bot_says_itself_ask_for_nothing(bot: Bot, slack: SlackDouble) -> None:
    await slack.say("animate a fox in snow", alone(slack), user=NOAH)
    await bot.until_recorded()
    # its progress was edited into a message of that conversation
    assert (await answered(slack, "hello")).text.startswith("Write what to make")
    assert bot.bought == 1


async def test_a_workspace_that_allows_some_channels_only_refuses_it(bot: Bot, slack: SlackDouble) -> None:
    rules = {"channels": frozenset({GENERAL})}
    await bot.core.service.change_rules(bot.server, rules, by=UserRef(Platform.SLACK, ADMIN))
    assert "channel" in (await answered(slack, "animate a fox in snow")).text
    assert bot.bought == 0
