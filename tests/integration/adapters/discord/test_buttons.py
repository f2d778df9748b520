"""🔁 and ✖: on old messages and after restarts, for those who may, and never by forged ids."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from discord_bot import Bot, actions, clips, running_bot
from doubles.discord.server import DiscordDouble
from doubles.discord.state.messages import Message
from doubles.generation.backend import ScriptedBackend
from generation.domain.job import JobStatus


async def pressed_raw(bot: Bot, message: Message, custom_id: str, **who: Any) -> Message:
    """A press with an id that the message does not have."""
    message.components[0]["components"][0]["custom_id"] = custom_id
    return await bot.double.wait_for_reply(await bot.double.click(message, custom_id, **who))


async def test_a_re_roll_is_a_new_message_with_a_new_seed_charged_to_who_pressed(bot: Bot) -> None:
    first = await bot.clip(seed=42)
    other = bot.double.people.other_member
    second = await bot.press(first, "reroll", user=other)
    await bot.until_clip(second)
    await bot.until_recorded(2)
    parent, child = await bot.jobs()
    assert (child.parent, child.requested_by.id) == (parent.id, str(other.id))
    assert child.request == parent.request.with_seed(child.request.seed)
    assert child.request.seed != 42
    where = f"{first.channel.guild.id}/{first.channel.id}/{first.id}"
    assert f"re-roll of [`{parent.name}`](<https://discord.com/channels/{where}>)" in second.content
    assert f"for {other.mention}" in second.content
    assert clips(bot.double) == [first, second]
    assert bot.bought == 2


async def test_a_re_roll_can_itself_be_re_rolled(bot: Bot) -> None:
    first = await bot.clip()
    second = await bot.press(first, "reroll")
    await bot.until_clip(second)
    third = await bot.press(second, "reroll")
    await bot.until_clip(third)
    one, two, three = await bot.jobs()
    assert (two.parent, three.parent) == (one.id, two.id)


async def test_a_re_roll_at_a_limit_is_refused_privately(bot: Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    await bot.ask_as_admin("limits set", limit="user_clips_per_day", value="1")
    refusal = await bot.press(first, "reroll")
    assert refusal.ephemeral
    assert refusal.content.startswith("You've used your only clip for today; you can make another one ")
    assert (clips(bot.double), bot.bought) == ([first], 1)


async def test_buttons_work_after_a_restart(tmp_path: Path, discord_double: DiscordDouble) -> None:
    async with running_bot(discord_double, tmp_path) as bot:
        first = await bot.clip()
        await bot.until_recorded()
    async with running_bot(discord_double, tmp_path) as bot:
        second = await bot.press(first, "reroll")
        await bot.until_clip(second)
        assert clips(discord_double) == [first, second]


async def test_buttons_work_on_last_months_messages(bot: Bot) -> None:
    first = await bot.clip()
    await bot.until_recorded()
    bot.advance(31 * 24 * 3600)
    second = await bot.press(first, "reroll")
    await bot.until_clip(second)
    assert clips(bot.double) == [first, second]


async def test_the_owner_cancels_a_clip_that_is_rendering(slow_bot: Bot) -> None:
    message = await slow_bot.animate()
    await slow_bot.until_status(JobStatus.RUNNING)
    told = await slow_bot.press(message, "cancel")
    assert told.ephemeral
    assert told.content == "The clip is being cancelled. If it is nearly done, it may still arrive."
    await slow_bot.until_recorded()
    assert message.content.startswith("✖️ Cancelled. It does not count against your quota.\n> a paper boat")
    assert (actions(message), message.files) == (["retry", "edit", "delete"], [])
    assert (await slow_bot.the_job()).status is JobStatus.CANCELLED
    assert (await slow_bot.quota()).usage.user_clips_today == 0


async def test_a_clip_that_waits_is_cancelled_at_once(start_bot: Callable[..., Any]) -> None:
    from generation.protocol.errors import BackendUnavailable

    backend = ScriptedBackend(refusals=[BackendUnavailable("worker")] * 99)
    bot = await start_bot(backend=backend)
    message = await bot.animate()
    await bot.until(lambda: message.content.startswith("⏳ **Waiting for worker, which cannot be reached**"))
    told = await bot.press(message, "cancel")
    assert told.content == "Cancelled. It does not count against your quota."
    await bot.until(lambda: message.content.startswith("✖️ Cancelled."))


async def test_another_members_clip_can_be_cancelled_by_an_admin_only(slow_bot: Bot) -> None:
    message = await slow_bot.animate()
    await slow_bot.until_status(JobStatus.RUNNING)
    refusal = await slow_bot.press(message, "cancel", user=slow_bot.double.people.other_member)
    assert refusal.ephemeral
    assert refusal.content == "Only whoever asked for the clip, or an admin, can do that."
    assert not (await slow_bot.the_job()).cancel_requested
    await slow_bot.press(message, "cancel", user=slow_bot.double.people.moderator)
    await slow_bot.until_recorded()
    assert (await slow_bot.the_job()).status is JobStatus.CANCELLED


async def test_a_stale_cancel_button_says_that_it_is_over(bot: Bot) -> None:
    message = await bot.clip()
    await bot.until_recorded()
    job = await bot.the_job()
    told = await pressed_raw(bot, message, f"v1:cancel:{job.id}")
    assert told.content == "That clip has already ended; there is nothing to cancel."


async def test_a_re_roll_of_what_is_not_finished_says_so(slow_bot: Bot) -> None:
    message = await slow_bot.animate()
    job = await slow_bot.the_job()
    told = await pressed_raw(slow_bot, message, f"v1:reroll:{job.id}")
    assert told.content == "Only a finished clip can be re-rolled."
    assert len(await slow_bot.jobs()) == 1


@pytest.mark.parametrize(
    "custom_id", ["v1:reroll:", "v2:reroll:" + "a" * 24, "v1:dance:" + "a" * 24, "v1:reroll:' OR 1=1", "x" * 100, "🔁"]
)
async def test_a_forged_button_gets_one_sentence(bot: Bot, custom_id: str) -> None:
    message = await bot.clip()
    told = await pressed_raw(bot, message, custom_id)
    assert told.ephemeral
    assert told.content == "This button no longer does anything. `/animate` makes a new clip."
    assert len(await bot.jobs()) == 1


async def test_an_id_that_never_was_gets_one_sentence(bot: Bot) -> None:
    message = await bot.clip()
    told = await pressed_raw(bot, message, "v1:reroll:" + "a" * 24)
    assert told.content == "There is no such clip here."


async def test_another_servers_clip_is_not_to_be_had(bot: Bot) -> None:
    elsewhere = await bot.clip(channel=bot.double.places.elsewhere)
    await bot.until_recorded()
    (foreign,) = await bot.jobs()
    here = await bot.clip()
    told = await pressed_raw(bot, here, f"v1:reroll:{foreign.id}")
    assert told.content == "There is no such clip here."
    assert len(await bot.jobs()) == 2
    assert clips(bot.double) == [elsewhere, here]


async def test_missing_permissions_are_named_before_a_re_roll_is_bought(bot: Bot) -> None:
    message = await bot.clip()
    await bot.double.fault("missing_permission", channel=bot.double.places.text)
    told = await bot.press(message, "reroll")
    assert "**Attach Files**" in told.content
    assert bot.bought == 1


async def test_a_press_that_is_delivered_twice_counts_once(bot: Bot) -> None:
    first = await bot.clip()
    await bot.double.fault("duplicate_events", event="INTERACTION_CREATE")
    second = await bot.press(first, "reroll")
    await bot.until_clip(second)
    await bot.until_recorded(2)
    assert (len(await bot.jobs()), clips(bot.double)) == (2, [first, second])


async def test_nothing_of_a_button_is_kept_in_memory(bot: Bot) -> None:
    await bot.clip()
    client = await bot.chat._session.login()
    assert client.persistent_views == []
    assert client._connection._view_store._views == {}
