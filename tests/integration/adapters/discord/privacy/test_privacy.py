"""/flipbook privacy on Discord: what is kept, a copy as a private file, being forgotten, a server that left."""

import asyncio
import json
from pathlib import Path
from typing import Any

from adapters.discord.refs import server_ref
from core import a_clip_links
from core_running import PATIENCE_SECONDS
from discord_bot import Bot, clips, running_bot
from doubles.discord.server import DiscordDouble
from doubles.discord.state.messages import Message
from generation.domain.refs import ServerRef
from integration.generation.privacy.keeping import until_forgotten


async def pressed(bot: Bot, message: Message, label: str, **who: Any) -> Message:
    """Press the button with that label."""
    buttons = [button for row in message.components for button in row["components"]]
    custom_id = next(each["custom_id"] for each in buttons if each["label"] == label)
    return await bot.double.wait_for_reply(await bot.double.click(message, custom_id, **who))


async def exported(bot: Bot, message: Message) -> dict[str, Any]:
    (attachment,) = message.attachments
    assert attachment.filename == "flipbook-my-data.json"
    found: dict[str, Any] = json.loads(await bot.double.download(attachment))
    return found


async def test_what_is_kept_is_said_with_its_days(bot: Bot) -> None:
    await bot.clip()
    await bot.until_recorded()
    shown = await bot.ask("flipbook privacy")
    assert shown.ephemeral
    assert shown.content.splitlines()[:4] == [
        "**What Flipbook keeps of you**",
        "- 1 clip that you asked for: who asked, where, when, and its settings",
        "- 1 of their prompts; in this server they are removed after 90 days",
        "- 1 clip itself (0.0 MB); in this server they are removed after 30 days",
    ]


async def test_a_copy_is_a_private_file_once_an_hour(tmp_path: Path, discord_double: DiscordDouble) -> None:
    async with running_bot(discord_double, tmp_path) as bot:
        await bot.clip(prompt="a lighthouse")
        await bot.until_recorded()
        shown = await bot.ask("flipbook privacy")
        copy = await pressed(bot, shown, "Get a copy of my data")
        assert copy.ephemeral
        data = await exported(bot, copy)
        assert [job["request"]["prompt"] for job in data["jobs"]] == ["a lighthouse"]
        assert data["jobs"][0]["clip"]["link"] is None
        assert [line["kind"] for line in data["jobs"][0]["ledger"]] == ["reserve", "settle"]
        assert data["jobs"][0]["delivery"]["status"] == "sent"
    # also over a restart
    async with running_bot(discord_double, tmp_path) as again:
        shown = await again.ask("flipbook privacy")
        refused = await pressed(again, shown, "Get a copy of my data")
        assert refused.content.startswith("You got a copy of your data within the last hour.")
        again.advance(3601)
        shown = await again.ask("flipbook privacy")
        assert (await exported(again, await pressed(again, shown, "Get a copy of my data")))["jobs"]


async def test_clips_come_by_signed_links_where_there_is_a_public_address(start_bot: Any) -> None:
    links = a_clip_links()
    bot = await start_bot(links=links)
    await bot.clip()
    await bot.until_recorded()
    copy = await pressed(bot, await bot.ask("flipbook privacy"), "Get a copy of my data")
    (job,) = (await exported(bot, copy))["jobs"]
    assert job["clip"]["link"].startswith(f"https://clips.example/clips/{job['id']}.mp4?")
    assert "for seven days" in copy.content


async def test_a_member_is_forgotten_after_confirming_and_told_in_a_direct_message(
    tmp_path: Path, discord_double: DiscordDouble
) -> None:
    async with running_bot(discord_double, tmp_path) as bot:
        clip = await bot.clip(prompt="a lighthouse")
        await bot.until_recorded()
        others = await bot.clip(prompt="a boat", user=bot.double.people.other_member)
        await bot.until_recorded(2)
        question = await pressed(bot, await bot.ask("flipbook privacy"), "Forget me")
        assert (question.ephemeral, "cannot be undone" in question.content) == (True, True)
        kept = await pressed(bot, question, "Keep everything")
        assert kept.content == "Everything stays as it is."
        assert clips(bot.double) == [clip, others]
    # the question is answered after a restart
    async with running_bot(discord_double, tmp_path) as again:
        told = await pressed(again, question, "Forget me")
        assert told.content.startswith("You are being forgotten.")
        await until_forgotten(again.core, again.advance)
        assert clips(again.double) == [others]
        (direct,) = [each for each in again.double.world.messages() if each.channel.recipient is not None]
        assert direct.content.startswith("You are forgotten: ")
        quota = await again.quota()
        assert quota.usage.user_clips_today == 1
        shown = await again.ask("flipbook privacy")
        assert "0 clips that you asked for" in shown.content
    kept_bytes = b"".join(path.read_bytes() for path in tmp_path.glob("flipbook.db*"))
    assert b"a boat" in kept_bytes


async def test_a_forged_confirmation_or_anothers_forgets_nobody(bot: Bot) -> None:
    await bot.clip()
    await bot.until_recorded()
    question = await pressed(bot, await bot.ask("flipbook privacy"), "Forget me")
    custom_id = question.components[0]["components"][0]["custom_id"]
    other = bot.double.people.other_member
    theirs = await pressed(bot, await bot.ask("flipbook privacy", user=other), "Forget me", user=other)
    theirs.components[0]["components"][0]["custom_id"] = custom_id
    refused = await bot.double.wait_for_reply(await bot.double.click(theirs, custom_id, user=other))
    assert refused.content.startswith("That confirmation has expired, or is not yours.")
    bot.advance(16 * 60)
    refused = await pressed(bot, question, "Forget me")
    assert refused.content.startswith("That confirmation has expired, or is not yours.")
    assert await bot.core.store.forgettings() == []


async def gone(bot: Bot) -> list[ServerRef]:
    return await bot.core.store.gone_servers(bot.time.now())


async def until_gone(bot: Bot, expected: list[ServerRef]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await gone(bot) != expected:
            await asyncio.sleep(0.005)


async def test_a_server_that_removes_the_bot_is_noted_and_forgiven_when_it_takes_it_back(bot: Bot) -> None:
    await bot.clip()
    await bot.until_recorded()
    guild = bot.double.guilds.studio
    await bot.double.fault("guild_gone", guild=guild)
    await until_gone(bot, [server_ref(guild.id)])
    await bot.double.fault("guild_joined", guild=guild)
    await until_gone(bot, [])


async def test_an_outage_is_no_removal_and_a_return_while_the_bot_was_off_is_seen(
    tmp_path: Path, discord_double: DiscordDouble
) -> None:
    server = server_ref(discord_double.guilds.studio.id)
    async with running_bot(discord_double, tmp_path) as bot:
        discord_double.gateway.dispatch("GUILD_DELETE", {"id": server.id, "unavailable": True})
        await bot.ask("flipbook queue")
        assert await gone(bot) == []
        await bot.core.service.server_left(server)
    async with running_bot(discord_double, tmp_path) as again:
        await until_gone(again, [])
