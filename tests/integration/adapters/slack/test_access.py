"""Whether the bot can post in a channel is known before anything is spent."""

from pathlib import Path

import pytest

from adapters.slack.models import Identity, UserFacts
from core_running import PROMPT
from doubles.slack import faults
from doubles.slack.server import SlackDouble
from doubles.slack.world import (
    ADMIN,
    ARCHIVE,
    BOT,
    EXTERNAL,
    GENERAL,
    LENA,
    MIRA,
    NOAH,
    OFFTOPIC,
    OTHER,
    SECRET,
    SHARED,
)
from slack_bot import clips, public, running_bot, words

INVITE = f"Flipbook is not in this channel, so it could not post the clip. Type /invite <@{BOT}> and ask again."


@pytest.mark.parametrize("channel", [OFFTOPIC, SECRET], ids=["public", "private"])
async def test_outside_of_a_channel_the_bot_asks_to_be_invited(
    slack: SlackDouble, tmp_path: Path, channel: str
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert await bot.told(await slack.slash("/animate", PROMPT, channel=channel)) == INVITE
        assert (await bot.jobs(), bot.bought) == ([], 0)


async def test_after_the_invitation_it_works_at_once(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert await bot.told(await slack.slash("/animate", PROMPT, channel=OFFTOPIC)) == INVITE
        slack.invite(OFFTOPIC)
        message = await bot.clip(channel=OFFTOPIC)
        assert clips(slack) == [message]


async def test_a_bot_that_was_removed_finds_out_before_it_spends(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await bot.clip()
        await slack.fault(faults.BotRemoved(GENERAL))
        slack.clock.advance(60)
        assert await bot.told(await slack.slash("/animate", PROMPT)) == INVITE
        assert bot.bought == 1


async def test_a_removal_that_was_not_noticed_yet_sends_the_clip_to_the_member(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        first = await bot.clip(user=NOAH)
        await slack.fault(faults.BotRemoved(GENERAL))
        told = await bot.told(await slack.slash("/animate", "another fox", user=NOAH), NOAH)
        assert told.startswith("Your clip is being made, but the bot is not in the channel.")
        slack.clock.advance(10.0)
        await bot.until_recorded(2)
        (second,) = [each for each in clips(slack) if each is not first]
        direct = slack.home.dm_with(NOAH)
        assert direct is not None
        assert (second.channel, bot.bought) == (direct.id, 2)
        assert "the bot is not in the channel" in words(second)

        await slack.react(second.channel, second.ts, "repeat", user=NOAH)
        await bot.until_recorded(3)
        (third,) = [each for each in clips(slack) if each not in (first, second)]
        assert third.channel == direct.id


async def test_an_archived_channel_takes_no_clips(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        told = await bot.told(await slack.slash("/animate", PROMPT, channel=ARCHIVE))
        assert told == "This channel is archived and takes no clips. Ask in another one."
        assert await bot.jobs() == []


async def test_a_channel_is_looked_up_once_a_minute_however_many_ask(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        for user in (MIRA, NOAH, ADMIN):
            await slack.slash("/animate", PROMPT, user=user)
            slack.clock.advance(2)
        await bot.until_recorded(3)
    assert len(slack.calls("conversations.info")) == 1


@pytest.mark.parametrize(
    "fault",
    [
        faults.RateLimited("conversations.info"),
        faults.AnswersError("conversations.info", "internal_error"),
        faults.AnswersError("conversations.info", "missing_scope"),
    ],
)
async def test_a_channel_that_cannot_be_looked_up_is_tried(
    slack: SlackDouble, tmp_path: Path, fault: faults.Fault
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await slack.fault(fault)
        message = await bot.clip()
        assert public(slack) == [message]


async def test_members_of_other_organisations_are_refused_in_shared_channels(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        told = await bot.told(await slack.slash("/animate", PROMPT, channel=SHARED, user=EXTERNAL), EXTERNAL)
        assert told == "Here only members of the bot's own workspace can ask for clips."
        await bot.clip(channel=SHARED, user=MIRA)
        assert bot.bought == 1


async def test_another_workspace_is_refused_although_its_channel_has_the_same_id(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        for command in ("/animate", "/flipbook"):
            told = await bot.told(await slack.slash(command, "queue", team=OTHER), LENA)
            assert told.startswith("This bot is not set up for your workspace.")
        await slack.mention("a fox", team=OTHER)
        assert (await bot.jobs(), public(slack)) == ([], [])


async def test_a_member_who_cannot_be_checked_is_asked_to_wait(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await slack.fault(faults.RateLimited("users.info"))
        told = await bot.told(await slack.slash("/animate", PROMPT, channel=SHARED))
        assert told == "The bot cannot check at the moment who is asking. Please try again in a minute."
        assert await bot.jobs() == []


@pytest.mark.parametrize("asked", ["queue", "quota", "history", f"show {'0' * 24}", f"cancel {'0' * 24}"])
async def test_members_of_other_organisations_read_nothing_of_the_workspace(
    slack: SlackDouble, tmp_path: Path, asked: str
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        told = await bot.told(await slack.slash("/flipbook", asked, channel=SHARED, user=EXTERNAL), EXTERNAL)
        assert told == "Here only members of the bot's own workspace can ask for clips."
        helped = await bot.told(await slack.slash("/flipbook", "help", channel=SHARED, user=EXTERNAL), EXTERNAL)
        assert helped.startswith("*Flipbook makes short clips from words.*")
    async with running_bot(slack, tmp_path, chat_options={"are_externals_welcome": True}) as bot:
        told = await bot.told(await slack.slash("/flipbook", asked, channel=SHARED, user=EXTERNAL), EXTERNAL)
        assert not told.startswith("Here only members")


async def test_a_colleague_of_another_workspace_of_the_same_organisation_is_no_stranger() -> None:
    identity = Identity("T1", "U1", "B1", frozenset(), enterprise="E1")
    outside = {
        UserFacts("T1", False, False): False,
        UserFacts("T2", False, False, enterprise="E1"): False,
        UserFacts("T2", False, False, enterprise="E2"): True,
        UserFacts("T2", False, False): True,
        UserFacts("T1", False, False, is_stranger=True): True,
    }
    assert {person: person.is_outside(identity) for person in outside} == outside
    assert UserFacts("T2", False, False).is_outside(Identity("T1", "U1", "B1", frozenset()))


async def test_a_button_on_what_one_member_reads_does_not_show_that_the_bot_is_there(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await bot.clip()
        await slack.slash("/flipbook", f"show {(await bot.the_job()).name}", channel=OFFTOPIC)
        await slack.slash("/flipbook", "history", channel=OFFTOPIC)
        page = await slack.wait_for_message(lambda each: each.ephemeral_for and "Your clips" in words(each))
        menu = next(block["accessory"] for block in page.blocks if "accessory" in block)
        clicked = await slack.click(page, menu["action_id"], value=menu["options"][0]["value"])
        assert await bot.told(clicked) == INVITE
        assert bot.bought == 1
