"""History and queue on Discord: pages, a chosen clip with its buttons, and ✖️; after a restart too."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapters.discord.refs import channel_ref, message_ref, user_ref
from discord_bot import Bot, running_bot
from doubles.discord.server import DiscordDouble
from doubles.discord.state.messages import Message
from doubles.generation.backend import ScriptedBackend
from factories import a_delivery, a_job, later, moved
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import Job, JobId, JobStatus


async def add_clips(bot: Bot, count: int) -> list[Job]:
    """Clips of the member, from long ago."""
    guild, text, member = bot.double.guilds.studio.id, bot.double.places.text.id, bot.double.people.member.id
    made = [
        moved(
            a_job(
                number=n,
                created_at=later(seconds=n),
                requested_by=user_ref(member),
                channel=channel_ref(guild, text),
            ),
            JobStatus.FAILED,
        )
        for n in range(1, count + 1)
    ]
    async with bot.core.store.transaction() as tx:
        for job in made:
            assert await tx.next_number(job.channel.server) == job.number
            shown = message_ref(guild, text, 10**18 + (job.number or 0))
            await tx.add_job(job, a_delivery(job, message=shown, status=DeliveryStatus.SENT), None)
    return made


def numbers(page: Message) -> list[str]:
    return [line.split("`")[1] for line in page.content.splitlines()[1:]]


async def turned(bot: Bot, page: Message, side: str, **who: Any) -> Message:
    custom_id = next(name for name in page.custom_ids if name.startswith(f"v1:history:{side}:"))
    return await bot.double.wait_for_reply(await bot.double.click(page, custom_id, **who))


async def test_a_history_is_turned_in_its_own_message_and_after_a_restart(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    async with running_bot(discord_double, tmp_path) as bot:
        await add_clips(bot, 7)
        page = await bot.ask("flipbook history")
        assert (numbers(page), page.ephemeral) == (["#7", "#6", "#5", "#4", "#3"], True)
        assert "[Go to its message](<https://discord.com/channels/" in page.content
    async with running_bot(discord_double, tmp_path) as bot:
        older = await turned(bot, page, "older")
        assert (older is page, numbers(older)) == (True, ["#2", "#1"])
        assert not any(name.startswith("v1:history:older:") for name in older.custom_ids)
        assert numbers(await turned(bot, page, "newer")) == ["#7", "#6", "#5", "#4", "#3"]


async def test_a_page_that_is_turned_while_the_answer_is_deferred_comes_as_that_answer(bot: Bot) -> None:
    await add_clips(bot, 7)
    page = await bot.ask("flipbook history")
    older = next(name for name in page.custom_ids if name.startswith("v1:history:older:"))
    bot.double.refuse_next(40060)
    told = await bot.double.wait_for_reply(await bot.double.click(page, older))
    assert (told is not page, numbers(told)) == (True, ["#2", "#1"])


async def test_a_chosen_clip_comes_with_its_buttons_after_a_restart_too(
    discord_double: DiscordDouble, tmp_path: Path
) -> None:
    async with running_bot(discord_double, tmp_path) as bot:
        made = await add_clips(bot, 2)
        page = await bot.ask("flipbook history")
    async with running_bot(discord_double, tmp_path) as bot:
        chosen = await bot.double.wait_for_reply(await bot.double.select(page, "v1:choose", made[0].id))
        assert chosen.ephemeral
        assert "`#1`" in chosen.content
        actions = [name.split(":")[1] for name in chosen.custom_ids]
        assert actions == ["retry", "edit", "delete"]


async def test_anothers_clip_is_not_chosen_by_a_forged_value(bot: Bot) -> None:
    (mine,) = await add_clips(bot, 1)
    other, channel = bot.double.people.other_member, bot.double.places.no_files
    async with bot.core.store.transaction() as tx:
        theirs = replace(
            mine,
            id=JobId("e" * 24),
            origin="theirs",
            number=await tx.next_number(mine.channel.server),
            requested_by=user_ref(other.id),
            channel=channel_ref(bot.double.guilds.studio.id, channel.id),
        )
        await tx.add_job(theirs, a_delivery(theirs), None)
    page = await bot.ask("flipbook history")
    for forged in (theirs.id, "f" * 24, "../../etc", ""):
        data = {"component_type": 3, "custom_id": "v1:choose", "values": [forged]}
        sent = bot.double._use_component(page, data, None)
        told = await bot.double.wait_for_reply(sent)
        assert told.content.startswith(("There is no such clip", "This button no longer"))


async def test_the_queue_cancels_ones_own_and_only_those(discord_double: DiscordDouble, tmp_path: Path) -> None:
    async with running_bot(discord_double, tmp_path, backend=ScriptedBackend(hold=asyncio.Event())) as bot:
        await bot.animate()
        await bot.animate(user=bot.double.people.other_member)
        await bot.until(lambda: bot.bought == 2)
        mine, theirs = await bot.jobs()
        queue = await bot.ask("flipbook queue")
        assert queue.custom_ids == [f"v1:cancel:{mine.id}"]
        of_moderator = await bot.ask("flipbook queue", user=bot.double.people.moderator)
        assert of_moderator.custom_ids == [f"v1:cancel:{mine.id}", f"v1:cancel:{theirs.id}"]
        told = await bot.press(queue, "cancel")
        assert "cancel" in told.content.lower()
        bot.release()


async def test_a_clip_is_shown_and_cancelled_by_its_number(bot: Bot) -> None:
    await add_clips(bot, 1)
    assert "`#1`" in (await bot.ask("flipbook show", id="#1")).content
    assert (await bot.ask("flipbook show", id="7")).content == r"There is no clip \#7 here."
    assert (await bot.ask("flipbook cancel", id="1")).content.startswith("That clip has already ended")
