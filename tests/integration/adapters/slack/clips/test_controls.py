"""Every control of a clip: settings, the other quality, retry, delete, report; on old messages too."""

from pathlib import Path

import pytest

from doubles.generation.backend import ScriptedBackend
from doubles.slack import faults
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import Message, OpenView
from doubles.slack.world import ADMIN, GENERAL, MIRA, NOAH
from generation.domain.clip_actions import ClipAction
from generation.domain.job import Job
from generation.domain.refs import Platform, UserRef
from generation.protocol.errors import ClipWithheld, RequestRejected
from generation.protocol.request import Endpoint
from slack_bot import Bot, buttons, clips, public, running_bot, words


async def made(bot: Bot, text: str = "a paper boat") -> tuple[Message, Job]:
    """A clip in its message, and its job."""
    message = await bot.clip(text, user=MIRA)
    return message, (await bot.jobs())[-1]


def the_form(slack: SlackDouble) -> OpenView:
    (view,) = [each for each in slack.home.views.values() if each.is_open and each.body["type"] == "modal"]
    return view


async def deleted(bot: Bot, message: Message, job: Job, user: str = MIRA) -> str:
    """Choose Delete from the menu and say yes."""
    await bot.double.click(message, "v1:more", user=user, value=f"delete:{job.id}")
    view = await bot.double.wait_for(lambda: [v for v in bot.double.home.views.values() if v.is_open])
    assert view
    return await bot.told(await bot.double.submit(the_form(bot.double)), user)


async def reported(bot: Bot, message: Message, user: str, **filled: str) -> str:
    """Report a clip by the shortcut in its message's menu."""
    await bot.double.message_shortcut("v1:report", message, user=user)
    await bot.double.wait_for(lambda: [v for v in bot.double.home.views.values() if v.is_open])
    sent = await bot.double.submit(the_form(bot.double), {"reason": "sexual"} | filled)
    return await bot.told(sent, user)


async def test_the_other_quality_is_a_clip_of_its_own_with_the_same_seed(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message, job = await made(bot)
        await slack.click(message, "v1:other_quality", user=NOAH)
        await bot.until_recorded(2)
        child = (await bot.jobs())[1]
    assert (child.parent, child.request.seed, child.request.endpoint) == (job.id, job.request.seed, Endpoint.TURBO)
    assert child.requested_by.id == NOAH


async def test_settings_are_private_and_hold_a_command_to_paste(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message, job = await made(bot)
        told = await bot.told(await slack.click(message, "v1:settings", user=NOAH), NOAH)
        assert f"/animate a paper boat --size 512x512 --frames 16 --fps 8 --steps 25 --guidance 7.5 --seed {1}" in told
        settings = next(each for each in slack.home.messages.values() if each.ephemeral_for == NOAH)
        assert buttons(settings) == ["v1:show", "v1:report"]
        shown = await bot.told(await slack.click(settings, "v1:show", user=NOAH), NOAH)
        assert shown == "The clip is on its way to you in a direct message."
        await bot.until_recorded(2)
        assert f"`{job.name}`" in told


async def test_a_failed_clip_is_asked_for_again_or_deleted(slack: SlackDouble, tmp_path: Path) -> None:
    backend = ScriptedBackend(refusals=[RequestRejected("worker", (), "no")])
    async with running_bot(slack, tmp_path, backend=backend) as bot:
        message = await bot.animate(user=MIRA)
        await bot.until_recorded()
        slack.clock.advance(2)
        await slack.click(message, "v1:retry", user=MIRA)
        await bot.until_recorded(2)
        first, second = await bot.jobs()
        assert second.request == first.request
        told = await bot.told(await slack.click(message, "v1:delete", user=MIRA), MIRA)
        assert told == "Deleted: the clip, its message and its files."
        assert message not in public(slack)


async def test_a_withheld_clip_is_said_and_shows_nothing(slack: SlackDouble, tmp_path: Path) -> None:
    backend = ScriptedBackend(troubles={"result": [ClipWithheld("worker", "nudity")]})
    async with running_bot(slack, tmp_path, backend=backend) as bot:
        message = await bot.animate(user=MIRA)
        await bot.until_recorded()
    assert "The clip was made, but a safety check saw in it what may not be shown here." in words(message)
    assert (message.file_ids, buttons(message)) == ([], ["v1:retry", "v1:edit", "v1:delete"])


async def test_a_clip_is_deleted_for_good_after_a_restart(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, kill=True) as bot:
        message, job = await made(bot)
    async with running_bot(slack, tmp_path) as bot:
        assert await deleted(bot, message, job) == "Deleted: the clip, its message and its files."
        assert (public(slack), clips(slack)) == ([], [])
        assert all(file.deleted for file in slack.home.files.values())
        gone = (await bot.jobs())[0]
        assert (gone.deleted_at is not None, gone.artifact) == (True, None)
        shown = await bot.told(await slack.slash("/flipbook", f"show {job.id}", user=MIRA), MIRA)
        assert shown == "This clip was deleted. 🔁 makes another one with the same settings."


async def test_only_asker_and_admins_delete(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message, job = await made(bot)
        chosen = await slack.click(message, "v1:more", user=NOAH, value=f"delete:{job.id}")
        assert await bot.told(chosen, NOAH) == "Only whoever asked for the clip, or an admin, can do that."
        assert (await deleted(bot, message, job, ADMIN)).startswith("Deleted: ")
        (entry,) = await bot.core.service.audit_of(bot.server)
        assert "delete" in entry.after


async def test_a_deletion_that_slack_refuses_is_said(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message, job = await made(bot)
        await slack.fault(faults.AnswersError("files.delete", "file_not_found"))
        await slack.fault(faults.AnswersError("chat.delete", "cant_delete_message"))
        assert await deleted(bot, message, job) == "Deleted: the clip, its message and its files."
        assert (message.text, buttons(message)) == ("This clip was deleted.", [])


async def test_a_report_reaches_the_admins_and_is_decided_once(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message, _ = await made(bot)
        told = await reported(bot, message, NOAH, words="not *here*")
        assert told.startswith("Thank you. The admins of this workspace will look at it.")
        assert [each.words for each in await bot.core.service.open_reports(bot.server)] == ["not *here*"]
        assert (await reported(bot, message, NOAH)).startswith("You have reported this clip.")


# the form of ✏️ says it in the form's own place
@pytest.mark.parametrize("action", [action for action in ClipAction if action is not ClipAction.EDIT])
async def test_a_forged_id_in_any_control_gets_one_sentence(
    slack: SlackDouble, tmp_path: Path, action: ClipAction
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message, _ = await made(bot)
        message.blocks[-1]["elements"][0] |= {"action_id": f"v1:{action}", "value": "a" * 24}
        told = await bot.told(await slack.click(message, f"v1:{action}", user=NOAH), NOAH)
        assert 10 < len(told) < 120
        assert len(await bot.jobs()) == 1


async def test_a_form_that_comes_too_late_says_so(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message, job = await made(bot)
        await slack.fault(faults.TriggerExpired())
        told = await bot.told(await slack.click(message, "v1:more", user=MIRA, value=f"delete:{job.id}"), MIRA)
        assert told == "That took too long for a form. Please press it again."


async def test_a_shortcut_on_another_message_says_so(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        said = await slack.say("hello")
        told = await bot.told(await slack.message_shortcut("v1:report", said, user=NOAH), NOAH)
        assert told == "That message shows no clip of Flipbook."
        assert words(said) == ""


@pytest.mark.parametrize("is_kept", [True, False])
async def test_the_case_in_the_log_channel_is_decided_by_its_buttons(
    slack: SlackDouble, tmp_path: Path, is_kept: bool
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        message, job = await made(bot)
        changes = {"log_channel": GENERAL}
        await bot.core.service.change_rules(bot.server, changes, by=UserRef(Platform.SLACK, ADMIN))
        await reported(bot, message, NOAH)
        slack.clock.advance(2)
        case = await slack.wait_for_message(lambda each: "v1:case:delete" in buttons(each))
        refused = await bot.told(await slack.click(case, "v1:case:delete", user=NOAH), NOAH)
        assert refused.startswith("Only admins of this workspace")
        if not is_kept:  # it was deleted in the chat meanwhile, as far as Slack says
            await slack.fault(faults.AnswersError("chat.update", "message_not_found"))
        decided = await bot.told(await slack.click(case, "v1:case:delete", user=ADMIN), ADMIN)
        assert decided == f"Decided by <@{ADMIN}>: the clip `{job.name}` is deleted."
        if is_kept:
            await slack.wait_for(lambda: not buttons(case))
            assert decided in words(case)
        await slack.wait_for(lambda: message not in public(slack))
