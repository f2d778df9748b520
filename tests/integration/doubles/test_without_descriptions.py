"""Without the platforms' official descriptions every way into both chats is tested all the same; only judging skips."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import discord_bot
import slack_bot
from core_running import PROMPT
from doubles.discord.server import DiscordDouble
from doubles.slack.server import SlackDouble
from doubles.slack.world import GENERAL, NOAH
from judges.specs import specs_if_any

TESTS = Path(__file__).resolve().parents[2]
JUDGING = {
    "integration/doubles/discord/test_rules.py",
    "integration/doubles/slack/test_judge.py",
    "integration/doubles/slack/test_rules.py",
    "unit/adapters/discord/test_definitions.py",
    "unit/adapters/slack/test_manifest.py",
    "unit/adapters/slack/test_render.py",
    "unit/adapters/test_extreme_values.py",
    "unit/doubles/test_judges.py",
}
"""The tests of what the descriptions themselves say."""


@pytest.fixture(autouse=True)
def no_descriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FLIPBOOK_SPECS", "FLIPBOOK_SPECS_REQUIRED"):
        monkeypatch.delenv(name, raising=False)


async def discord_reaction(bot: discord_bot.Bot) -> None:
    await bot.double.react(await bot.clip())


async def discord_button(bot: discord_bot.Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    await bot.press(first, "reroll")


async def discord_show(bot: discord_bot.Bot) -> None:
    await bot.clip()
    await bot.until_recorded()
    assert (await bot.ask("flipbook show", id=(await bot.the_job()).id)).files != []


async def discord_command(bot: discord_bot.Bot) -> None:
    await bot.clip()
    await bot.clip(prompt="a fox")


async def discord_admin(bot: discord_bot.Bot) -> None:
    assert "limits" in (await bot.ask_as_admin("limits show")).content.casefold()
    await bot.clip()
    await bot.clip(prompt="a fox")


@pytest.mark.parametrize("way", [discord_command, discord_button, discord_reaction, discord_show, discord_admin])
async def test_discord_works_unjudged(way: Callable[[discord_bot.Bot], Awaitable[None]], tmp_path: Path) -> None:
    async with (
        DiscordDouble(judge=specs_if_any()) as double,
        discord_bot.running_bot(double, tmp_path) as bot,
    ):
        await way(bot)
        await bot.until_recorded(2)
        assert len(discord_bot.clips(double)) == 2
        assert (double.violations, double.judged) == ([], 0)


async def slack_command(bot: slack_bot.Bot) -> None:
    await bot.clip()
    await bot.animate("a fox")


async def slack_mention(bot: slack_bot.Bot) -> None:
    await bot.clip()
    await bot.double.mention("animate a fox")


async def slack_button(bot: slack_bot.Bot) -> None:
    await bot.double.click(await bot.clip(), "v1:reroll", user=NOAH)


async def slack_reaction(bot: slack_bot.Bot) -> None:
    await bot.double.react(GENERAL, (await bot.clip()).ts, "repeat", user=NOAH)


async def slack_thread(bot: slack_bot.Bot) -> None:
    await bot.clip()
    said = await bot.double.say("what about a fox?")
    await bot.double.mention("animate a fox in snow", thread_ts=said.ts)


@pytest.mark.parametrize("way", [slack_command, slack_mention, slack_button, slack_reaction, slack_thread])
async def test_slack_works_unjudged(way: Callable[[slack_bot.Bot], Awaitable[None]], tmp_path: Path) -> None:
    assert specs_if_any() is None
    async with (
        SlackDouble(None, **slack_bot.SHIPPED) as double,
        slack_bot.running_bot(double, tmp_path) as bot,
    ):
        await way(bot)
        await bot.until_recorded(2)
        assert len(slack_bot.clips(double)) == 2
        assert PROMPT in slack_bot.words(slack_bot.clips(double)[0])


def test_only_what_judges_asks_for_the_descriptions() -> None:
    asks = re.compile(r"\bspecs\(\)|\bslack_referee\b")
    found = {str(path.relative_to(TESTS)) for path in TESTS.rglob("test_*.py") if asks.search(path.read_text())}
    assert found - {"integration/doubles/test_without_descriptions.py"} == JUDGING
