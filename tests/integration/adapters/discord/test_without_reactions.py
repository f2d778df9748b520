"""Add Reactions is a wish: without it clips are made on every way in, and Discord is not asked for what it refuses."""

from collections.abc import Awaitable, Callable

import pytest

from discord_bot import Bot, actions
from doubles.discord.state.messages import Message
from doubles.discord.state.permissions import Permission


async def by_command(bot: Bot) -> Message:
    return await bot.clip()


async def in_a_thread(bot: Bot) -> Message:
    return await bot.clip(channel=bot.double.places.thread)


async def by_button(bot: Bot) -> Message:
    first = await bot.clip()
    await bot.until_recorded()
    again = await bot.press(first, "reroll")
    await bot.until_clip(again)
    return again


async def by_reaction(bot: Bot) -> Message:
    first = await bot.clip()
    await bot.until_recorded()
    await bot.double.react(first)
    again = await bot.double.wait_for_message(lambda message: message.replies_to is first)
    await bot.until_clip(again)
    return again


async def by_other_quality(bot: Bot) -> Message:
    first = await bot.clip()
    await bot.until_recorded()
    turbo = await bot.press(first, "other_quality")
    await bot.until_clip(turbo)
    return turbo


@pytest.mark.parametrize("way", [by_command, in_a_thread, by_button, by_reaction, by_other_quality])
async def test_nothing_is_refused_and_the_button_remains(bot: Bot, way: Callable[[Bot], Awaitable[Message]]) -> None:
    places = bot.double.places
    for channel in (places.text, places.thread):
        await bot.double.fault("missing_permission", channel=channel, permission=Permission.ADD_REACTIONS)
    message = await way(bot)
    await bot.until_recorded(len(await bot.jobs()))
    assert message.files != []
    assert actions(message) == ["reroll", "edit", "other_quality", "settings", "delete"]
    asked = [each.name for each in bot.double.log if each.kind == "rest" and "/reactions/" in each.name]
    assert asked == []
    assert bot.double.violations == []
