"""🔁 as a reaction: on finished clips only, once, for the member who reacts, without a privileged intent."""

from pathlib import Path

import pytest

from discord_bot import Bot, clips, running_bot
from doubles.discord.gateway.intents import PRIVILEGED
from doubles.discord.server import DiscordDouble
from doubles.discord.state.permissions import Permission
from generation.domain.job import JobStatus


async def test_a_reaction_re_rolls_as_a_reply_charged_to_who_reacted(bot: Bot) -> None:
    first = await bot.clip(seed=42)
    await bot.until_recorded()
    other = bot.double.people.other_member
    await bot.double.react(first, user=other)
    await bot.until_recorded(2)
    parent, child = await bot.jobs()
    (_, second) = clips(bot.double)
    assert (child.parent, child.requested_by.id, child.channel) == (parent.id, str(other.id), parent.channel)
    assert (second.replies_to, second.nonce) == (first, child.id)
    assert f"for {other.mention}" in second.content
    assert bot.bought == 2


async def test_the_new_clip_shows_its_progress_in_one_message(slow_bot: Bot) -> None:
    first = await slow_bot.clip()
    await slow_bot.until_recorded()
    assert slow_bot.backend.hold is not None
    slow_bot.backend.hold.clear()
    await slow_bot.double.react(first)
    second = await slow_bot.double.wait_for_message(lambda message: message.replies_to is first)
    assert second.content.startswith("⏳ **Queued, next**")
    slow_bot.release()
    await slow_bot.until_recorded(2)
    assert second.files != []
    assert clips(slow_bot.double) == [first, second]


async def test_no_privileged_intent_is_asked_for(bot: Bot) -> None:
    (session,) = bot.double.gateway.live
    assert session.intents & PRIVILEGED == 0
    assert session.intents == (1 << 0) | (1 << 10)


async def test_other_emoji_other_messages_and_bots_mean_nothing(bot: Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    chat = await bot.double.say("look at that")
    await bot.double.react(first, "👍")
    await bot.double.react(chat)
    await bot.double.react(first, user=bot.double.people.other_bot)
    await bot.double.react(first)  # the only one that counts
    await bot.until_recorded(2)
    assert len(await bot.jobs()) == 2


async def test_the_bots_own_reaction_means_nothing(bot: Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    assert first.reactions == {"🔁": [bot.double.people.bot]}
    await bot.until_handled()
    assert len(await bot.jobs()) == 1


async def test_a_reaction_that_is_delivered_twice_counts_once(bot: Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    await bot.double.fault("duplicate_events", event="MESSAGE_REACTION_ADD")
    await bot.double.react(first)
    await bot.until_recorded(2)
    assert (len(await bot.jobs()), bot.bought, len(clips(bot.double))) == (2, 2, 2)


async def test_a_reaction_that_is_replayed_minutes_later_counts_once(bot: Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    await bot.double.react(first)
    await bot.until_recorded(2)
    bot.advance(300)
    await bot.double.fault("replay_too_much", events=20)
    await bot.double.fault("op7")
    await bot.double.wait_until(lambda: bot.double.gateway.resumed == 1)
    await bot.until_handled()
    assert (len(await bot.jobs()), len(clips(bot.double))) == (2, 2)
    assert bot.double.refusals == []


async def test_a_quick_second_reaction_counts_once_and_a_later_one_again(bot: Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    for _ in range(3):
        await bot.double.react(first)
        await bot.double.unreact(first)
    await bot.until_recorded(2)
    assert len(await bot.jobs()) == 2
    bot.advance(11)
    await bot.double.react(first)
    await bot.until_recorded(3)
    assert len(await bot.jobs()) == 3


async def test_quick_repeats_count_once_also_where_two_time_windows_meet(bot: Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    bot.double.clock.freeze()
    bot.advance((9.5 - bot.double.clock.now()) % 10)
    await bot.double.react(first)
    await bot.double.unreact(first)
    await bot.until_handled()
    bot.advance(1)
    await bot.double.react(first)
    await bot.until_handled()
    assert len(await bot.jobs()) == 2


async def test_two_members_who_react_get_a_clip_each(bot: Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    people = bot.double.people
    await bot.double.react(first, user=people.member)
    await bot.double.react(first, user=people.other_member)
    await bot.until_recorded(3)
    _, one, two = await bot.jobs()
    assert {one.requested_by.id, two.requested_by.id} == {str(people.member.id), str(people.other_member.id)}


async def test_a_refusal_is_told_privately(bot: Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    await bot.ask_as_admin("limits set", limit="user_clips_per_day", value="1")
    await bot.double.react(first)
    told = await bot.double.wait_for_message(lambda message: message.channel.recipient)
    assert told.channel.recipient is bot.double.people.member
    assert told.content.startswith("You've used your only clip for today; you can make another one ")
    assert (len(await bot.jobs()), bot.bought) == (1, 1)


async def test_a_member_who_takes_no_direct_messages_is_told_in_a_reply_without_mentions(bot: Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    await bot.ask_as_admin("block member", member=bot.double.people.member)
    await bot.double.fault("dms_closed", user=bot.double.people.member)
    await bot.double.react(first)
    told = await bot.double.wait_for_message(lambda message: message.replies_to is first)
    assert told.content == (
        f"{bot.double.people.member.mention} The admins of this server have blocked you from making clips."
    )
    sent = bot.double.requests("POST /channels")[-1].sent
    assert isinstance(sent, dict)
    assert sent["allowed_mentions"] == {"parse": []}


async def test_a_member_who_reacts_to_many_clips_at_once_is_refused_once(bot: Bot) -> None:
    many = [await bot.clip(prompt=f"boat {n}") for n in range(4)]
    await bot.until_recorded(4)
    await bot.ask_as_admin("block member", member=bot.double.people.member)
    for message in many:
        await bot.double.react(message)
    await bot.until_handled()
    await bot.double.wait_for_message(lambda message: message.channel.recipient)
    bot.advance(11)
    await bot.double.unreact(many[0])
    await bot.double.react(many[0])
    await bot.until(lambda: len(bot.double.places.dm.messages) == 2)
    assert bot.bought == 4


async def test_a_reaction_on_an_unfinished_clip_is_explained(slow_bot: Bot) -> None:
    message = await slow_bot.animate()
    await slow_bot.until_opened(await slow_bot.the_job())
    await slow_bot.double.react(message)
    told = await slow_bot.double.wait_for_message(lambda message: message.channel.recipient)
    assert told.content == "Only a finished clip can be re-rolled."
    assert len(await slow_bot.jobs()) == 1


async def test_a_missing_permission_is_told_before_anything_is_spent(bot: Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    await bot.double.fault("missing_permission", channel=bot.double.places.text, permission=Permission.ATTACH_FILES)
    await bot.double.react(first)
    told = await bot.double.wait_for_message(lambda message: message.channel.recipient)
    assert "**Attach Files**" in told.content
    assert bot.bought == 1


async def test_it_works_in_threads(bot: Bot) -> None:
    first = await bot.clip(channel=bot.double.places.thread)
    await bot.until_recorded()
    await bot.double.react(first)
    await bot.until_recorded(2)
    parent, child = await bot.jobs()
    assert child.channel == parent.channel
    assert [message.channel for message in clips(bot.double)] == [bot.double.places.thread] * 2


async def test_it_works_after_a_restart_on_last_months_clips(tmp_path: Path, discord_double: DiscordDouble) -> None:
    async with running_bot(discord_double, tmp_path) as bot:
        first = await bot.clip()
        await bot.until_recorded()
    async with running_bot(discord_double, tmp_path) as bot:
        bot.advance(31 * 24 * 3600)
        await discord_double.react(first)
        await bot.until_recorded()
        assert (len(await bot.jobs()), len(clips(discord_double))) == (2, 2)


@pytest.mark.parametrize("fault", ["op7", "abort"])
async def test_a_reaction_during_a_break_in_the_connection_is_not_missed(bot: Bot, fault: str) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    await bot.double.fault(fault)
    await bot.double.wait_until(lambda: not bot.double.gateway.live)
    await bot.double.react(first)
    await bot.until_recorded(2)
    assert (await bot.jobs())[-1].status is JobStatus.SUCCEEDED
    assert (bot.double.gateway.identified, bot.double.gateway.resumed) == (1, 1)
