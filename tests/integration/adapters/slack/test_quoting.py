"""Quotes, inch signs, apostrophes and dashes in a prompt, by every way that Slack brings one: the clip shows what was
typed, or nothing is bought and the words come back."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from doubles.slack.server import SlackDouble
from doubles.slack.state import posting
from doubles.slack.world import MIRA
from slack_bot import Bot, running_bot

TYPED = {
    'a "red" fox': 'a "red" fox',
    "a “red” fox": 'a "red" fox',
    "a „red“ fox": 'a "red" fox',
    "a «red» fox": 'a "red" fox',
    "a ‘red’ fox": "a 'red' fox",
    "the fox’s den": "the fox's den",
    'a 12" vinyl and a 5" disk': 'a 12" vinyl and a 5" disk',
    "a 12\u2033 vinyl, 5\u2032 tall": "a 12\u2033 vinyl, 5\u2032 tall",
    "a fox — running, fast": "a fox — running, fast",
    "a fox – in snow - at night": "a fox – in snow - at night",
    "fox &amp; hen &lt;3": "fox & hen <3",
}
"""What a member types, as Slack sends it, and the prompt."""
REFUSED = {
    'a fox --no "blurry, text': "is opened and never closed",
    "a fox --no “blurry, text": "is opened and never closed",
    "a fox — no hat": "may be a flag or part of your prompt",
    "a fox – seed pods --turbo": "may be a flag or part of your prompt",
    '"a fox --turbo --seed 9"': "may be a flag or part of your prompt",
    "a fox —sede 9": "There is no flag —sede",
}


async def by_command(bot: Bot, text: str) -> None:
    await bot.double.slash("/animate", text)


async def by_mention(bot: Bot, text: str) -> None:
    await bot.double.mention(f"animate {text}")


async def by_direct_message(bot: Bot, text: str) -> None:
    alone = posting.direct_channel(bot.double.platform, bot.double.home, MIRA)
    await bot.double.say(f"make {text}", alone.id)


WAYS_IN = pytest.mark.parametrize(
    "ask", [by_command, by_mention, by_direct_message], ids=["command", "mention", "direct message"]
)


@WAYS_IN
async def test_what_was_typed_is_what_is_made(
    slack: SlackDouble, tmp_path: Path, ask: Callable[[Bot, str], Awaitable[None]]
) -> None:
    # one bot for all of them: each is a clip of its own
    async with running_bot(slack, tmp_path) as bot:
        for number, typed in enumerate(TYPED, 1):
            await ask(bot, f"{typed} --seed {number} —turbo")
            await bot.until_recorded(number)
            slack.clock.advance(90)
        made = {request.seed: request.prompt for _, request in bot.backend.submissions}
    assert made == dict(enumerate(TYPED.values(), 1))


@WAYS_IN
async def test_what_may_be_two_things_buys_nothing_and_comes_back(
    slack: SlackDouble, tmp_path: Path, ask: Callable[[Bot, str], Awaitable[None]]
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        for count, (typed, words) in enumerate(REFUSED.items(), 1):
            await ask(bot, typed)

            def said() -> list[str]:
                return [each.text for each in slack.state().bot_messages() if each.ephemeral_for == MIRA]

            await slack.wait_for(lambda count=count: len(said()) >= count)
            assert words in said()[-1], typed
            slack.clock.advance(90)
        assert bot.bought == 0
        assert await bot.jobs() == []
