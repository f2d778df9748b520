"""Every control of a clip: settings, the other quality, retry, delete, cover, report; on old messages too."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.discord.refs import user_ref
from core_running import PROMPT
from discord_bot import Bot, actions, clips, running_bot
from doubles.discord.planned import Planned
from doubles.discord.rest.call import Answer
from doubles.discord.state.interactions import Callback
from doubles.discord.state.messages import Message
from doubles.generation.backend import ScriptedBackend
from generation.domain.clip_actions import ClipAction
from generation.domain.job import Job
from generation.domain.notice import NoticeKind
from generation.protocol.errors import ClipWithheld, RequestRejected
from generation.protocol.request import Endpoint


async def made(bot: Bot, **who: Any) -> tuple[Message, Job]:
    """A clip in its message, and its job."""
    known = {job.id for job in await bot.jobs()}
    message = await bot.clip(**who)
    await bot.until_recorded(len(known) + 1)
    (job,) = [job for job in await bot.jobs() if job.id not in known]
    return message, job


async def confirmed(bot: Bot, message: Message, *, user: Any = None) -> Message:
    """Press 🗑️ and say yes."""
    opened = await bot.double.click(message, custom_id(message, "delete"), user=user)
    await bot.double.wait_for_answer(opened)
    assert opened.answered_with is Callback.MODAL
    return await bot.double.wait_for_reply(await bot.double.submit(opened, sure=["yes"]))


def custom_id(message: Message, action: str) -> str:
    return next(name for name in message.custom_ids if name.startswith(f"v1:{action}:"))


async def reported(bot: Bot, message: Message, user: Any, **filled: Any) -> Message:
    """Report a clip by the message menu."""
    opened = await bot.double.menu("Report to admins", message, user=user)
    await bot.double.wait_for_answer(opened)
    if opened.answered_with is not Callback.MODAL:
        return await bot.double.wait_for_reply(opened)
    return await bot.double.wait_for_reply(await bot.double.submit(opened, **({"reason": "sexual"} | filled)))


async def noticed(bot: Bot) -> list[str]:
    async with bot.core.store.transaction() as tx:
        rows = await tx._connection.exec_driver_sql("SELECT kind FROM notices")
        return [row[0] for row in rows]


async def pressed_raw(bot: Bot, message: Message, custom_id: str, user: Any = None) -> Message:
    """A press of a button that the message may not have."""
    data = {"component_type": 2, "custom_id": custom_id}
    return await bot.double.wait_for_reply(bot.double._use_component(message, data, user))


async def test_the_other_quality_is_a_clip_of_its_own_with_the_same_seed(bot: Bot) -> None:
    message, job = await made(bot)
    turbo = await bot.press(message, "other_quality", user=bot.double.people.other_member)
    await bot.until_clip(turbo)
    child = (await bot.jobs())[1]
    assert (child.parent, child.request.seed, child.request.endpoint) == (job.id, job.request.seed, Endpoint.TURBO)
    assert child.requested_by.id == str(bot.double.people.other_member.id)


async def test_settings_are_private_and_hold_a_command_to_paste(bot: Bot) -> None:
    message, job = await made(bot)
    told = await bot.press(message, "settings", user=bot.double.people.other_member)
    assert told.ephemeral
    assert f"/animate prompt:{PROMPT} quality:standard size:square num_frames:16" in told.content
    assert f"seed:{job.request.seed}" in told.content
    assert actions(told) == ["show", "spoiler", "report"]


async def test_a_command_that_no_message_holds_comes_as_a_file(bot: Bot) -> None:
    message, _ = await made(bot, prompt="a fox " * 333)
    told = await bot.press(message, "settings")
    assert [each.filename for each in told.attachments] == ["command.txt"]
    (file,) = told.attachments
    assert (await bot.double.download(file)).decode().startswith("/animate prompt:a fox a fox")


async def test_a_failed_clip_is_asked_for_again(start_bot: Callable[..., Any]) -> None:
    backend = ScriptedBackend(refusals=[RequestRejected("worker", (), "no")])
    bot = await start_bot(backend=backend)
    message = await bot.animate()
    await bot.until_recorded()
    again = await bot.press(message, "retry")
    await bot.until_clip(again)
    first, second = await bot.jobs()
    assert (second.request, second.parent) == (first.request, None)


async def test_a_withheld_clip_is_said_refunded_and_retried_with_another_seed(start_bot: Callable[..., Any]) -> None:
    bot = await start_bot(backend=ScriptedBackend(troubles={"result": [ClipWithheld("worker", "nudity")]}))
    message = await bot.animate()
    await bot.until_recorded()
    assert "The clip was made, but a safety check saw in it what may not be shown here." in message.content
    assert (message.files, actions(message)) == ([], ["retry", "edit", "delete"])
    assert (await bot.quota()).usage.user_clips_today == 0
    await bot.press(message, "retry")
    first, second = await bot.jobs()
    assert second.request == first.request.with_seed(second.request.seed) != first.request


async def test_a_clip_is_deleted_for_good_by_its_asker_after_a_restart(tmp_path: Path, discord_double: Any) -> None:
    async with running_bot(discord_double, tmp_path, kill=True) as bot:
        message, job = await made(bot)
    async with running_bot(discord_double, tmp_path) as bot:
        told = await confirmed(bot, message)
        assert (told.ephemeral, told.content) == (True, "Deleted: the clip, its message and its files.")
        assert message.deleted
        assert clips(bot.double) == []
        deleted = (await bot.jobs())[0]
        assert (deleted.deleted_at is not None, deleted.artifact) == (True, None)
        shown = await bot.ask("flipbook show", id=job.id)
        assert shown.content == "This clip was deleted. 🔁 makes another one with the same settings."
        again = await bot.press(shown, "reroll")
        await bot.until_clip(again)
        assert (await bot.jobs())[1].parent == job.id


async def test_only_asker_and_moderators_delete_and_the_clip_stays_without_a_yes(bot: Bot) -> None:
    message, _ = await made(bot)
    people = bot.double.people
    told = await bot.double.wait_for_reply(
        await bot.double.click(message, custom_id(message, "delete"), user=people.other_member)
    )
    assert told.content == "Only whoever asked for the clip, or an admin, can do that."
    opened = await bot.double.click(message, custom_id(message, "delete"))
    await bot.double.wait_for_answer(opened)
    assert not message.deleted
    assert (await confirmed(bot, message, user=people.moderator)).content.startswith("Deleted: ")
    (entry,) = await bot.core.service.audit_of((await bot.jobs())[0].channel.server)
    assert "delete" in entry.after


async def test_a_double_press_and_a_message_that_is_gone_are_no_trouble(bot: Bot) -> None:
    message, _ = await made(bot)
    opened = [await bot.double.click(message, custom_id(message, "delete")) for _ in range(2)]
    for each in opened:
        await bot.double.wait_for_answer(each)
    await bot.double.delete(message)  # 10008 for the bot
    told = await bot.double.wait_for_reply(await bot.double.submit(opened[0], sure=["yes"]))
    assert told.content == "Deleted: the clip, its message and its files."
    second = await bot.double.wait_for_reply(await bot.double.submit(opened[1], sure=["yes"]))
    assert second.content == "This clip was deleted."


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (400, 50083, "The clip is deleted, but its message stays: the thread is archived."),
        (404, 10003, "Deleted: the clip, its message and its files."),
        (500, 0, "The clip is deleted. Its message follows as soon as Discord takes it away."),
    ],
)
async def test_a_message_that_discord_keeps_is_said(bot: Bot, status: int, code: int, words: str) -> None:
    message, _ = await made(bot)
    refusal = Answer(status, {"message": "no", "code": code})
    bot.double.stage.planned.plan(Planned(re.compile(r"DELETE .*/messages/"), refusal, times=9))
    opened = await bot.double.click(message, custom_id(message, "delete"))
    await bot.double.wait_for_answer(opened)
    sent = await bot.double.submit(opened, sure=["yes"])
    while not sent.shown:
        bot.advance(0.3)
        await asyncio.sleep(0.01)
    assert sent.shown.content == words
    assert clips(bot.double) == [message]


async def test_a_spoiler_is_put_on_and_taken_off(bot: Bot) -> None:
    message, _ = await made(bot)
    settings = await bot.press(message, "settings")
    told = await bot.press(settings, "spoiler")
    assert told.content == "The clip is a spoiler now: it is covered until somebody clicks it."
    assert [each.filename.startswith("SPOILER_") for each in message.attachments] == [True]
    told = await bot.press(settings, "spoiler")
    assert told.content == "The clip is no spoiler any more."
    assert [each.filename.startswith("SPOILER_") for each in message.attachments] == [False]


async def test_a_report_reaches_the_admins_and_is_decided_once(bot: Bot) -> None:
    message, job = await made(bot)
    people = bot.double.people
    told = await reported(bot, message, people.other_member, words="not *here*")
    assert told.ephemeral
    assert told.content.startswith("Thank you. The admins of this server will look at it.")
    assert await noticed(bot) == [NoticeKind.REPORT]
    again = await reported(bot, message, people.other_member)
    assert again.content.startswith("You have reported this clip.")
    case = f"v1:case:hide:{job.id}"
    refused = await pressed_raw(bot, message, case)
    assert "Manage Server" in refused.content
    await pressed_raw(bot, message, case, user=people.moderator)
    await bot.double.wait_until(lambda: not message.files, what="the clip to be hidden")
    assert "hidden until an admin of this server decides" in message.content
    late = await pressed_raw(bot, message, f"v1:case:dismiss:{job.id}", user=people.moderator)
    assert late.content.startswith("It was decided already, by ")
    shown = await bot.ask("flipbook show", id=job.id)
    assert shown.content.startswith("This clip was reported and is hidden")


async def test_a_deleted_clip_is_not_reported_and_other_messages_are_no_clips(bot: Bot) -> None:
    message, job = await made(bot)
    settings = await bot.press(message, "settings")
    await confirmed(bot, message)
    told = await pressed_raw(bot, settings, f"v1:report:{job.id}")
    assert told.content == "This clip was deleted."
    words = await bot.double.say("hello")
    told = await bot.double.wait_for_reply(await bot.double.menu("Report to admins", words))
    assert told.content == "That message shows no clip of Flipbook."


@pytest.mark.parametrize("action", [*ClipAction])
async def test_a_forged_id_in_any_control_gets_one_sentence(bot: Bot, action: ClipAction) -> None:
    message, _ = await made(bot)
    told = await pressed_raw(bot, message, f"v1:{action}:{'a' * 24}")
    assert told.ephemeral
    assert len(told.content) < 120
    assert len(await bot.jobs()) == 1


async def test_menus_do_what_the_buttons_do(bot: Bot) -> None:
    message, job = await made(bot)
    again = await bot.double.wait_for_reply(await bot.double.menu("Re-roll", message))
    await bot.until_clip(again)
    told = await bot.double.wait_for_reply(await bot.double.menu("Clip settings", message))
    assert f"`{job.name}`" in told.content


async def test_the_case_in_the_log_channel_is_decided_by_its_buttons(bot: Bot) -> None:
    people, channel = bot.double.people, bot.double.places.text
    message, job = await made(bot)
    server = job.channel.server
    changes = {"log_channel": str(channel.id)}
    await bot.core.service.change_rules(server, changes, by=user_ref(people.moderator.id))
    await reported(bot, message, people.other_member, words="look")
    case = await bot.double.wait_for_message(lambda each: f"v1:case:dismiss:{job.id}" in each.custom_ids)
    assert actions(case) == ["case"] * 4
    assert f"{people.other_member.mention} has reported the clip `{job.name}`" in case.content
    await bot.double.click(case, f"v1:case:block:{job.id}", user=people.moderator)
    await bot.double.wait_until(lambda: not case.custom_ids, what="the case to be closed")
    assert f"Decided by {people.moderator.mention}: the clip `{job.name}` is hidden" in case.content
    refused = await bot.animate()
    assert refused.content == "The admins of this server have blocked you from making clips."
