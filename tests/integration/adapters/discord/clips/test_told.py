"""A member is told when a clip is ready: one reply that notifies them alone, as they have chosen."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from discord_bot import Bot, running_bot
from doubles.discord.server import DiscordDouble
from doubles.discord.state.messages import Message
from doubles.discord.state.permissions import Permission
from doubles.generation.backend import ScriptedBackend
from generation.protocol.errors import GenerationFailed

SLOW = 61.0
READY = "your clip is ready."


@pytest.fixture
async def bot(discord_double: DiscordDouble, tmp_path: Path) -> AsyncIterator[Bot]:
    async with running_bot(discord_double, tmp_path, backend=ScriptedBackend(hold=asyncio.Event())) as bot:
        yield bot


def told(bot: Bot) -> list[Message]:
    return [message for message in bot.double.world.messages() if message.pinged]


async def until_told(bot: Bot) -> Message:
    await bot.double.wait_until(lambda: told(bot), what="a notice")
    (message,) = told(bot)
    return message


async def until_moved(bot: Bot, times: int = 1) -> None:
    await bot.until(lambda: len(bot.core.observer.notices) >= times)


async def nobody_is_told(bot: Bot) -> None:
    await bot.core.notices.post_due()
    assert told(bot) == []


async def test_a_slow_clip_is_told_once_to_its_asker_alone_also_after_a_restart(
    bot: Bot, discord_double: DiscordDouble, tmp_path: Path
) -> None:
    clip = await bot.rendering(user=bot.double.people.moderator)
    bot.advance(SLOW)
    await bot.finish()
    message = await until_told(bot)
    asker = bot.double.people.moderator
    assert message.content == f"{asker.mention}, {READY}"
    assert (message.replies_to, message.pinged) == (clip, {str(asker.id)})
    async with running_bot(discord_double, tmp_path) as again:
        await again.core.notices.post_due()
        assert told(again) == [message]


async def test_a_quick_clip_is_told_to_those_who_always_want_it(bot: Bot) -> None:
    await bot.clip()
    await bot.until_recorded()
    await nobody_is_told(bot)
    answer = await bot.ask("flipbook notify", when="always")
    assert answer.content.startswith("You are told of every clip of yours that is ready.")
    await bot.clip()
    assert (await until_told(bot)).content.endswith(READY)


async def test_nobody_is_told_who_does_not_want_it(bot: Bot) -> None:
    await bot.ask("flipbook notify", when="never")
    await bot.rendering()
    bot.advance(SLOW)
    await bot.finish()
    await nobody_is_told(bot)


async def test_the_server_decides_for_those_who_have_chosen_nothing(bot: Bot) -> None:
    await bot.ask_as_admin("settings set", setting="notify", value="never")
    assert "You are not told" in (await bot.ask("flipbook notify")).content
    await bot.ask("flipbook notify", when="always")
    assert "as this server has it" not in (await bot.ask("flipbook notify")).content
    answer = await bot.ask("flipbook notify", when="default")
    assert "That is how this server has it" in answer.content


async def test_a_failure_is_told_too(bot: Bot) -> None:
    bot.backend.troubles["result"] = [GenerationFailed("worker", "no")] * 9
    await bot.rendering()
    bot.advance(SLOW)
    await bot.finish()
    assert (await until_told(bot)).content.endswith("your clip could not be made.")


async def test_where_the_bot_may_not_read_the_history_it_tells_without_a_reply(bot: Bot) -> None:
    message = await bot.rendering()
    await bot.double.fault("missing_permission", channel=message.channel, permission=Permission.READ_MESSAGE_HISTORY)
    bot.advance(SLOW)
    await bot.finish()
    assert (await until_told(bot)).replies_to is None


async def test_a_second_clip_is_told_in_the_same_words_although_the_first_try_is_lost(bot: Bot) -> None:
    await bot.ask("flipbook notify", when="always")
    await bot.clip()
    first = await until_told(bot)
    await bot.double.fault("cloudflare", route="^POST /channels")
    clip = await bot.clip()
    await until_moved(bot, 2)
    bot.advance(2 * 3600)
    await bot.double.wait_until(lambda: len(told(bot)) == 2, what="the second notice")
    second = told(bot)[-1]
    assert (second.content, second.replies_to, len(told(bot))) == (first.content, clip, 2)


async def test_a_clip_that_its_asker_alone_sees_is_not_told_in_the_channel(bot: Bot) -> None:
    await bot.ask("flipbook notify", when="always")
    message = await bot.clip()
    await until_told(bot)
    await bot.ask("flipbook show", id=(await bot.the_job()).id)
    await bot.until_recorded(2)
    await bot.core.notices.post_due()
    assert [each.replies_to for each in told(bot)] == [message]


async def test_own_defaults_are_shown_kept_and_taken_back(bot: Bot) -> None:
    answer = await bot.ask("flipbook defaults", quality="turbo", frames=8, style="Film", size="256x256")
    for line in ("Quality: **turbo**", "Frames: **8**", "Style: **film**", "Size: **256×256**", "Steps: the usual"):
        assert line in answer.content
    await bot.clip()
    request = (await bot.the_job()).request
    assert (request.endpoint.label, request.num_frames, request.pixels) == ("turbo", 8, (256, 256))
    assert "Frames: the usual" in (await bot.ask("flipbook defaults", reset="frames")).content
    assert "Quality: the usual" in (await bot.ask("flipbook defaults", reset="all")).content
    assert await bot.double.autocomplete("flipbook defaults", "style", "FIL") == [{"name": "film", "value": "film"}]
