"""Notices on Discord: a new server is welcomed once, the log channel gets what is for admins, members get theirs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.discord.refs import server_ref, user_ref
from core_running import PATIENCE_SECONDS
from discord_bot import Bot, running_bot
from doubles.discord.server import DiscordDouble
from doubles.discord.state.messages import Message
from doubles.discord.state.permissions import Permission
from doubles.discord.state.places import Channel
from factories import a_notice
from generation.domain.notice import Audience, Notice

HERE = "Flipbook is here"


def said(double: DiscordDouble, words: str = HERE) -> list[Message]:
    return [message for message in double.world.messages() if words in message.content]


async def welcomed(double: DiscordDouble) -> Message:
    """The one welcome, once it is there."""
    await double.wait_until(lambda: said(double), what="a welcome")
    (message,) = said(double)
    return message


async def send(bot: Bot, *notices: Notice) -> None:
    async with bot.core.store.transaction() as tx:
        for notice in notices:
            await tx.add_notice(notice)
    bot.core.notices.wake()


async def until_moved(bot: Bot, times: int = 1) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(bot.core.observer.notices) < times:
            await asyncio.sleep(0.002)


def granted(double: DiscordDouble, permission: Permission) -> None:
    guild = double.guilds.elsewhere
    (role,) = [role for role in guild.roles.values() if role.name == "flipbook"]
    role.permissions |= permission


@asynccontextmanager
async def outside(double: DiscordDouble, folder: Path) -> AsyncIterator[Bot]:
    """A bot that is in one of two servers."""
    double.guilds.elsewhere.bot_is_member = False
    async with running_bot(double, folder) as bot:
        yield bot


async def test_who_added_the_bot_is_welcomed_once_also_after_a_restart(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    granted(discord_double, Permission.VIEW_AUDIT_LOG)
    people, guild = discord_double.people, discord_double.guilds.elsewhere
    async with outside(discord_double, tmp_path):
        await discord_double.fault("guild_joined", guild=guild, by=people.moderator)
        message = await welcomed(discord_double)
        assert message.channel.recipient is people.moderator
        for words in ("Clips cost nothing here.", "Clips per member per day: **20**", "/flipbook-admin"):
            assert words in message.content
    async with running_bot(discord_double, tmp_path) as bot:
        await discord_double.fault("guild_joined", guild=guild)
        await bot.until_handled()
        await bot.core.notices.post_due()
        assert said(discord_double) == [message]


async def test_without_the_audit_log_the_owner_is_welcomed(discord_double: DiscordDouble, tmp_path: Path) -> None:
    async with outside(discord_double, tmp_path):
        guild = discord_double.guilds.elsewhere
        await discord_double.fault("guild_joined", guild=guild, by=discord_double.people.moderator)
        assert (await welcomed(discord_double)).channel.recipient is guild.owner


@pytest.mark.parametrize("has_system_channel", [True, False])
async def test_an_owner_who_takes_no_messages_is_welcomed_where_the_bot_may_write(
    discord_double: DiscordDouble, tmp_path: Path, has_system_channel: bool
) -> None:
    guild = discord_double.guilds.elsewhere
    guild.system_channel = discord_double.places.elsewhere if has_system_channel else None
    await discord_double.fault("dms_closed", user=guild.owner)
    async with outside(discord_double, tmp_path):
        await discord_double.fault("guild_joined", guild=guild)
        assert (await welcomed(discord_double)).channel is discord_double.places.elsewhere


async def test_a_server_that_added_the_bot_while_it_was_away_is_welcomed_and_old_ones_are_not(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    discord_double.guilds.elsewhere.bot_added_at = discord_double.world.clock.now() - 3600
    async with running_bot(discord_double, tmp_path) as bot:
        message = await welcomed(discord_double)
        assert message.channel.recipient is discord_double.guilds.elsewhere.owner
        await bot.until_handled()
        assert said(discord_double) == [message]


def a_report(**changes: Any) -> Notice:
    return a_notice(server=server_ref(changes.pop("guild").id), **changes)


async def set_log_channel(bot: Bot, channel: Channel) -> None:
    server = server_ref(bot.double.guilds.studio.id)
    await bot.core.service.change_rules(server, {"log_channel": str(channel.id)}, by=user_ref(1))


async def test_admins_are_told_in_the_log_channel_and_a_member_directly(bot: Bot) -> None:
    double, guild = bot.double, bot.double.guilds.studio
    await set_log_channel(bot, double.places.age_restricted)
    member = user_ref(double.people.other_member.id)
    await send(bot, a_report(guild=guild), a_report(guild=guild, key="n2", audience=Audience.MEMBER, member=member))
    await until_moved(bot, 2)
    places = {message.channel for message in said(double, "is switched off")}
    assert places == {double.places.age_restricted, double.world.dm_with(double.people.other_member)}


@pytest.mark.parametrize("lost", ["gone", "unseen", "silent"])
async def test_a_lost_log_channel_is_switched_off_and_told_to_the_next_admin(bot: Bot, lost: str) -> None:
    double, places = bot.double, bot.double.places
    await set_log_channel(bot, places.age_restricted)
    match lost:
        case "gone":
            await double.fault("channel_gone", channel=places.age_restricted)
        case "unseen":
            await double.fault("missing_permission", channel=places.age_restricted, permission=Permission.VIEW_CHANNEL)
        case _:
            await double.fault("missing_permission", channel=places.age_restricted, permission=Permission.SEND_MESSAGES)
    await send(bot, a_report(guild=double.guilds.studio))
    await until_moved(bot)
    server = server_ref(double.guilds.studio.id)
    assert (await bot.core.service.policy_of(server)).log_channel is None
    held = await bot.core.service.take_held_notices(server)
    assert [each.details["channel"] for each in held] == ["5009", str(places.age_restricted.id)]


async def test_a_notice_that_was_posted_and_not_recorded_is_not_posted_again(bot: Bot) -> None:
    await set_log_channel(bot, bot.double.places.text)
    await send(bot, a_report(guild=bot.double.guilds.studio))
    await until_moved(bot)
    # as a kill between Discord's answer and the commit leaves it
    async with bot.core.store.transaction() as tx:
        await tx._connection.exec_driver_sql("UPDATE notices SET status = 'owed'")
    bot.advance(3600)
    bot.core.notices.wake()
    await until_moved(bot, 2)
    assert len(said(bot.double, "is switched off")) == 1
