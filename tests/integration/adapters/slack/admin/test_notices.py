"""Notices on Slack: a workspace is welcomed once, the log channel gets what is for admins, members get theirs."""

import asyncio
from pathlib import Path
from typing import Any

from core_running import PATIENCE_SECONDS
from doubles.slack import faults
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import Message
from doubles.slack.world import ADMIN, GENERAL, HOME, MIRA, NOAH, OFFTOPIC, STUDIO
from factories import a_notice, a_server, a_user
from generation.domain.notice import Audience, Notice
from generation.domain.refs import Platform
from slack_bot import Bot, running_bot, words

HERE = "Flipbook is here"
ADMINS = {"admins": frozenset({ADMIN})}
SERVER = a_server(HOME, Platform.SLACK)


def said(slack: SlackDouble, about: str = HERE) -> list[Message]:
    return [message for message in slack.state().bot_messages() if about in message.text]


async def welcomed(slack: SlackDouble) -> Message:
    """The one welcome, once it is there."""
    await slack.wait_for(lambda: said(slack))
    (message,) = said(slack)
    return message


async def send(bot: Bot, *notices: Notice, times: int = 1) -> None:
    """Until they have moved on so often."""
    async with bot.core.store.transaction() as tx:
        for notice in notices:
            await tx.add_notice(notice)
    bot.core.notices.wake()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(bot.core.observer.notices) < times:
            await asyncio.sleep(0.002)


def a_report(key: str = "n1", **changes: Any) -> Notice:
    details = {"channel": STUDIO, "reason": "the channel is archived"}
    return a_notice(key, server=SERVER, details=details, **changes)


async def test_the_admins_that_the_operator_named_are_welcomed_once_also_after_a_restart(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path, chat_options=ADMINS):
        message = await welcomed(slack)
        assert slack.home.channels[message.channel].members >= {ADMIN}
        for said_there in ("Clips cost nothing here.", "Clips per member per day: *20*", "/flipbook admin"):
            assert said_there in words(message)
    async with running_bot(slack, tmp_path, chat_options=ADMINS) as bot:
        await slack.invite_and_tell(OFFTOPIC)
        await bot.core.notices.post_due()
        assert said(slack) == [message]


async def test_without_named_admins_the_first_channel_that_invites_the_bot_is_welcomed(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path):
        await slack.invite_and_tell(OFFTOPIC)
        await slack.invite_and_tell(GENERAL)
        assert (await welcomed(slack)).channel == OFFTOPIC


async def test_admins_are_told_in_the_log_channel_and_a_member_directly(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await bot.core.service.change_rules(SERVER, {"log_channel": STUDIO}, by=a_user(MIRA, Platform.SLACK))
        personal = a_report("n2", audience=Audience.MEMBER, member=a_user(NOAH, Platform.SLACK))
        await send(bot, a_report(), personal, times=2)
        direct = slack.home.dm_with(NOAH)
        assert direct is not None
        assert {message.channel for message in said(slack, "is switched off")} == {STUDIO, direct.id}


async def test_a_lost_log_channel_is_switched_off_and_told_to_the_next_admin(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await bot.core.service.change_rules(SERVER, {"log_channel": GENERAL}, by=a_user(MIRA, Platform.SLACK))
        await slack.fault(faults.BotRemoved(GENERAL))
        await send(bot, a_report())
        assert (await bot.core.service.policy_of(SERVER)).log_channel is None
        report, lost = await bot.core.service.take_held_notices(SERVER)
        assert (lost.details["channel"], lost.details["reason"]) == (GENERAL, "the bot is not in the channel")
        assert report.key == "n1"


async def test_a_notice_that_was_posted_and_not_recorded_is_not_posted_again(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await bot.core.service.change_rules(SERVER, {"log_channel": STUDIO}, by=a_user(MIRA, Platform.SLACK))
        await send(bot, a_report())
        # as a kill between Slack's answer and the commit leaves it
        async with bot.core.store.transaction() as tx:
            await tx._connection.exec_driver_sql("UPDATE notices SET status = 'owed'")
        slack.clock.advance(3600)
        await send(bot, times=2)
        assert len(said(slack, "is switched off")) == 1
