"""Only for me: a clip whose answer, progress and result one member sees, and nobody else reads of."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.discord import DiscordTiming
from core_running import PROMPT
from discord_bot import Bot, actions, clips, running_bot
from doubles.discord.server import DiscordDouble
from doubles.discord.state.messages import Message
from doubles.generation.backend import ScriptedBackend
from doubles.generation.slow_store import SlowStore
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import JobStatus

A_TOKEN = 16 * 60.0
"""Seconds after which Discord takes an interaction's token no more."""


async def privately(bot: Bot, **options: object) -> Message:
    return await bot.animate(private=True, **options)


async def test_answer_progress_and_clip_are_for_one_member(slow_bot: Bot) -> None:
    answer = await privately(slow_bot)
    assert answer.ephemeral
    assert actions(answer) == ["cancel", "show"]
    assert "only you see this" in answer.content
    await slow_bot.until(lambda: answer.edits)
    await slow_bot.finish()
    assert clips(slow_bot.double) == [answer]
    assert actions(answer) == ["reroll", "edit", "other_quality", "settings", "delete"]
    assert all(message.ephemeral for message in slow_bot.double.world.messages())


async def test_others_read_nothing_of_it(slow_bot: Bot) -> None:
    people = slow_bot.double.people
    await privately(slow_bot)
    await slow_bot.until_status(JobStatus.RUNNING)
    job = await slow_bot.the_job()
    for user in (people.other_member, people.moderator):
        told = [
            (await slow_bot.ask("flipbook queue", user=user)).content,
            (await slow_bot.ask("flipbook show", user=user, id=job.name)).content,
            (await slow_bot.ask("flipbook cancel", user=user, id=job.id)).content,
        ]
        assert told[0].startswith("Nothing is under way")
        assert [each.startswith("There is no clip") for each in told[1:]] == [True, True]
        assert not any(PROMPT in each for each in told)
    assert PROMPT in (await slow_bot.ask("flipbook queue")).content
    assert not (await slow_bot.the_job()).cancel_requested


async def test_what_is_made_from_it_is_private_too(bot: Bot) -> None:
    answer = await privately(bot)
    bot.release()
    await bot.until_clip(answer)
    await bot.until_recorded()
    again = await bot.press(answer, "reroll")
    await bot.until_clip(again)
    await bot.until_recorded(2)
    opened = await bot.double.click(again, next(each for each in again.custom_ids if each.startswith("v1:edit:")))
    await bot.double.wait_for_answer(opened)
    edited = await bot.double.wait_for_reply(await bot.double.submit(opened, prompt="a fox"))
    await bot.until_recorded(3)
    assert [(job.is_private, job.parent is None) for job in await bot.jobs()] == [
        (True, True),
        (True, False),
        (True, False),
    ]
    assert (again.ephemeral, edited.ephemeral) == (True, True)


async def test_the_form_makes_it_private(bot: Bot) -> None:
    opened = await bot.double.slash("animate", private=True)
    await bot.double.wait_for_answer(opened)
    answer = await bot.double.wait_for_reply(await bot.double.submit(opened, prompt="a fox"))
    bot.release()
    await bot.until_recorded()
    assert (answer.ephemeral, (await bot.the_job()).is_private) == (True, True)


async def test_after_the_token_a_press_brings_it_back_where_it_was(slow_bot: Bot) -> None:
    answer = await privately(slow_bot)
    await slow_bot.until_status(JobStatus.RUNNING)
    slow_bot.advance(A_TOKEN)
    await slow_bot.double.click(answer, next(each for each in answer.custom_ids if each.startswith("v1:show:")))
    await slow_bot.until_handled()
    await slow_bot.finish()
    assert clips(slow_bot.double) == [answer]


async def test_without_a_press_it_comes_as_a_direct_message_and_a_late_press_shows_it_too(slow_bot: Bot) -> None:
    answer = await privately(slow_bot)
    await slow_bot.until_status(JobStatus.RUNNING)
    slow_bot.advance(A_TOKEN)
    await slow_bot.finish()
    (direct,) = clips(slow_bot.double)
    assert direct.channel.recipient is slow_bot.double.people.member
    await slow_bot.double.click(answer, next(each for each in answer.custom_ids if each.startswith("v1:show:")))
    await slow_bot.until_clip(answer)


async def test_with_direct_messages_closed_it_is_kept(slow_bot: Bot) -> None:
    await slow_bot.double.fault("dms_closed", user=slow_bot.double.people.member)
    await privately(slow_bot)
    await slow_bot.until_status(JobStatus.RUNNING)
    slow_bot.advance(A_TOKEN)
    slow_bot.release()
    job = await slow_bot.the_job()
    await slow_bot.until(lambda: any(d.status is DeliveryStatus.ABANDONED for d in slow_bot.core.observer.deliveries))
    assert clips(slow_bot.double) == []
    shown = await slow_bot.ask("flipbook show", id=job.name)
    assert (shown.ephemeral, bool(shown.files)) == (True, True)


async def test_a_slow_submission_is_deferred_privately(start_bot: Callable[..., Any]) -> None:
    slow = SlowStore(None, is_slow=True)

    def around(store: Any) -> Any:
        slow.store = store
        return slow

    bot = await start_bot(around=around, timing=DiscordTiming(defer_after=0.01))
    asked = await bot.double.slash("animate", prompt=PROMPT, private=True)
    await bot.double.wait_for_answer(asked)
    slow.is_slow = False
    slow.go_on.set()
    assert (await bot.double.wait_for_reply(asked)).ephemeral
    bot.release()
    await bot.until_recorded()
    assert all(message.ephemeral for message in bot.double.world.messages())


async def test_a_refused_first_answer_is_not_posted_for_others(slow_bot: Bot) -> None:
    slow_bot.double.refuse_next(10062)
    await slow_bot.double.slash("animate", prompt=PROMPT, private=True)
    await slow_bot.until_status(JobStatus.RUNNING)
    slow_bot.advance(A_TOKEN)
    await slow_bot.finish()
    (direct,) = slow_bot.double.world.messages()
    assert direct.channel.recipient is slow_bot.double.people.member
    assert direct.files


async def test_a_restart_changes_nothing(discord_double: DiscordDouble, tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with running_bot(discord_double, tmp_path, backend=backend) as before:
        answer = await privately(before)
        job = await before.until_job()
        await before.until_opened(job)
    async with running_bot(discord_double, tmp_path, backend=backend) as bot:
        bot.release()
        await bot.until_clip(answer)
        assert clips(discord_double) == [answer]


async def test_deleting_it_takes_the_answer_away(bot: Bot) -> None:
    answer = await privately(bot)
    bot.release()
    await bot.until_clip(answer)
    await bot.until_recorded()
    opened = await bot.double.click(answer, next(each for each in answer.custom_ids if each.startswith("v1:delete:")))
    await bot.double.wait_for_answer(opened)
    told = await bot.double.wait_for_reply(await bot.double.submit(opened, sure=["yes"]))
    assert told.content.startswith("Deleted: ")
    assert answer.deleted
