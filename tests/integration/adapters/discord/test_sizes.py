"""Clips that are too large for their channel: made smaller with a note, and kept where nothing helps."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from clips import clip
from discord_bot import Bot, clips
from doubles.discord.server import DiscordDouble
from doubles.discord.state.places import UPLOAD_LIMIT_BY_TIER
from doubles.generation.backend import ScriptedBackend
from generation import mp4

MINUTE = 60.0


@pytest.fixture(scope="module")
def large() -> bytes:
    """A real clip with something to code: some 250 KB."""
    return clip(count=16, height=256, width=256)


async def big_bot(start_bot: Callable[..., Any], video: bytes) -> Bot:
    return await start_bot(backend=ScriptedBackend(hold=asyncio.Event(), video=video))


async def posted(bot: Bot) -> bytes:
    return await bot.double.download(bot.the_clip.attachments[0])


async def test_a_clip_that_fits_is_posted_byte_for_byte(start_bot: Callable[..., Any], large: bytes) -> None:
    bot = await big_bot(start_bot, large)
    await bot.rendering()
    await bot.finish()
    assert await posted(bot) == large


async def test_a_clip_above_the_advertised_limit_is_made_smaller_and_the_text_says_so(
    start_bot: Callable[..., Any], large: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = len(large) // 2
    bot = await big_bot(start_bot, large)
    bot.double.people.member.upload_limit = limit
    monkeypatch.setitem(UPLOAD_LIMIT_BY_TIER, 0, limit)
    await bot.rendering()
    await bot.finish()
    data = await posted(bot)
    assert len(data) <= limit
    assert mp4.probe(data).frames == 16
    assert (
        f"-# Too large for this place ({limit / 2**20:.3g} MiB), so shown at a lower bit rate." in bot.the_clip.content
    )
    assert bot.double.refusals == []


async def test_a_clip_that_discord_finds_too_large_all_the_same_is_made_smaller_again(
    start_bot: Callable[..., Any], large: bytes
) -> None:
    bot = await big_bot(start_bot, large)
    await bot.double.fault("too_large", channel=bot.double.places.text, limit=len(large) // 2)
    await bot.rendering()
    await bot.finish()
    assert len(await posted(bot)) <= len(large) // 2
    assert "so shown at a lower bit rate." in bot.the_clip.content
    assert [code for _, code in bot.double.refusals] == [40005]


async def test_a_refusal_for_size_without_discords_code_is_understood_too(
    start_bot: Callable[..., Any], large: bytes
) -> None:
    bot = await big_bot(start_bot, large)
    await bot.rendering()
    await bot.double.fault("server_error", route="^PATCH", status=413, after_storing=False)
    await bot.finish()
    assert len(await posted(bot)) <= len(large) // 2


async def test_a_clip_that_fits_nowhere_is_kept_and_the_message_says_so(
    start_bot: Callable[..., Any], large: bytes
) -> None:
    bot = await big_bot(start_bot, large)
    await bot.double.fault("too_large", channel=bot.double.places.text, limit=500)
    message = await bot.rendering()
    await bot.finish()
    job = await bot.the_job()
    assert clips(bot.double) == []
    assert message.content.startswith(
        "📭 The clip is too large for this place, even made smaller. "
        f"It is kept: `/flipbook show id:{job.name}` sends it again.\n> a paper boat"
    )
    shown = await bot.ask("flipbook show", id=job.id, channel_of_command=bot.double.places.age_restricted)
    assert await bot.double.download(shown.attachments[0]) == large


async def test_by_the_bots_own_token_the_members_subscription_does_not_count(
    start_bot: Callable[..., Any], large: bytes
) -> None:
    bot = await big_bot(start_bot, large)
    bot.double.people.member.upload_limit = 500 * 2**20
    message = await bot.rendering()
    delivery = await bot.core.store.delivery_of((await bot.the_job()).id)
    assert delivery is not None
    assert delivery.answer is not None
    assert delivery.answer.token.startswith(f"{500 * 2**20}.")
    bot.advance(20 * MINUTE)
    await bot.finish()
    assert bot.the_clip is message
    assert len(await posted(bot)) == len(large)


async def test_a_boosted_server_takes_more_by_the_bots_own_token(
    start_bot: Callable[..., Any], discord_double: DiscordDouble
) -> None:
    discord_double.guilds.studio.boost_tier = 2
    bot = await start_bot()
    await bot.ask("flipbook queue")  # by now the gateway has sent the servers
    posts = bot.chat._messenger.posts
    limits = [
        await posts.upload_limit(n) for n in (discord_double.guilds.studio.id, discord_double.guilds.elsewhere.id)
    ]
    assert [*limits, await posts.upload_limit(1)] == [50 * 2**20, 10 * 2**20, 10 * 2**20]
