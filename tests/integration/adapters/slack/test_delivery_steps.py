"""A clip that cannot go into its own message takes the next delivery step, with the reason, and is seen once."""

from pathlib import Path

import pytest

from core import a_clip_links
from doubles.slack import faults
from doubles.slack.server import SlackDouble
from doubles.slack.state.workspaces import Message
from doubles.slack.world import GENERAL, MIRA
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import JobStatus
from generation.protocol.errors import GenerationFailed
from slack_bot import MADE, buttons, clips, of_jobs, public, running_bot, words
from slack_outcomes import advancing, held, recorded, the_clip, under_way


def direct(slack: SlackDouble) -> list[Message]:
    """What the bot has written to the member."""
    channel = slack.home.dm_with(MIRA)
    return [] if channel is None else public(slack, channel.id)


async def test_a_clip_that_its_message_never_takes_goes_into_the_thread(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.fault(faults.FileNotReady(times=1000))
        bot.release()
        async with advancing(slack):
            await bot.until_recorded()
        clip = the_clip(slack)
        assert clip.thread_ts == message.ts
        assert "It is posted here because Slack is still looking at the clip." in words(clip)
        assert "The clip is in its thread." in words(message)
        assert await recorded(bot) == bot.ref(clip)
    assert (buttons(message), bot.bought) == (MADE, 1)


@pytest.mark.parametrize(
    "fault",
    [
        faults.ConnectionCut("files.completeUploadExternal"),
        faults.StoredThenFails("files.completeUploadExternal"),
    ],
)
async def test_a_share_whose_answer_was_lost_is_not_shared_twice(
    slack: SlackDouble, tmp_path: Path, fault: faults.Fault
) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot, user=MIRA)
        await slack.fault(faults.MessageDeleted(GENERAL, message.ts))
        bot.release()
        await slack.wait_for(lambda: slack.calls("chat.update"))
        await slack.fault(fault)
        async with advancing(slack):
            await bot.until_recorded()
        assert (public(slack), direct(slack)) == ([], [the_clip(slack)])


@pytest.mark.parametrize("fails", [False, True])
async def test_a_deleted_message_is_not_posted_again_its_outcome_goes_to_the_member(
    slack: SlackDouble, tmp_path: Path, fails: bool
) -> None:
    """As on Discord: whoever deleted it may have had a reason."""
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        if fails:
            bot.backend.troubles["result"] = [GenerationFailed("worker", "no")] * 9
        message = await under_way(bot, user=MIRA)
        await slack.fault(faults.MessageDeleted(GENERAL, message.ts))
        bot.release()
        await bot.until_recorded()
        (told,) = direct(slack)
        assert public(slack) == []
    if fails:
        assert "The clip could not be made." in words(told)
    else:
        assert told is the_clip(slack)
        assert "It is posted here because its message was deleted." in words(told)
    assert bot.bought == 1


@pytest.mark.parametrize("error", ["cant_update_message", "edit_window_closed"])
async def test_a_message_that_cannot_be_edited_any_more_gets_the_clip_in_its_thread(
    slack: SlackDouble, tmp_path: Path, error: str
) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.fault(faults.AnswersError("chat.update", error, times=100))
        bot.release()
        await bot.until_recorded()
        assert the_clip(slack).thread_ts == message.ts
    assert bot.bought == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.BotRemoved(GENERAL), "the bot is not in the channel"),
        (faults.ChannelArchived(GENERAL), "the channel is archived"),
        (faults.ChannelGone(GENERAL), "the channel is gone, or closed to the bot"),
    ],
)
async def test_a_channel_that_was_lost_meanwhile_makes_the_clip_come_directly(
    slack: SlackDouble, tmp_path: Path, fault: faults.Fault, reason: str
) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        await under_way(bot, user=MIRA)
        await slack.fault(fault)
        bot.release()
        await bot.until_recorded()
        clip = the_clip(slack)
        direct = slack.home.dm_with(MIRA)
        assert direct is not None
        assert clip.channel == direct.id
        assert f"It is posted here because {reason}." in words(clip)
    assert bot.bought == 1


async def test_where_no_file_is_taken_the_member_reads_why_and_asks_for_it_later(
    slack: SlackDouble, tmp_path: Path
) -> None:
    refusal = faults.AnswersError("files.getUploadURLExternal", "file_uploads_disabled", times=1000)
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.fault(refusal)
        bot.release()
        await bot.until_recorded()
        job = await bot.the_job()
        assert "The clip is made, but it could not be posted here: this workspace allows no uploads." in words(message)
        assert f"`/flipbook show {job.name}` sends it again" in words(message)
        assert clips(slack) == []

        slack.heal(faults.AnswersError)
        told = await bot.told(await slack.slash("/flipbook", f"show {job.id}"))
        assert told.endswith("The clip is on its way to you in a direct message.")
        await bot.until_recorded(2)
        direct = slack.home.dm_with(MIRA)
        assert direct is not None
        assert (the_clip(slack).channel, bot.bought) == (direct.id, 1)


async def test_where_no_file_is_taken_there_is_a_link_if_the_service_has_an_address(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path, backend=held(), links=a_clip_links()) as bot:
        message = await under_way(bot)
        await slack.fault(faults.AnswersError("files.getUploadURLExternal", "file_uploads_disabled", times=1000))
        bot.release()
        await bot.until_recorded()
        job = await bot.the_job()
    assert f"<https://clips.example/clips/{job.id}.mp4?until=" in words(message)
    assert "|watch it here> (the link expires <!date^" in words(message)


async def test_a_failure_takes_the_same_delivery_steps_as_a_clip(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot, user=MIRA)
        await slack.fault(faults.MessageDeleted(GENERAL, message.ts))
        await slack.slash("/flipbook", f"cancel {(await bot.the_job()).id}", user=MIRA)
        await bot.until_recorded()
        (said,) = direct(slack)
    assert public(slack) == []
    assert "Cancelled. It does not count against your quota." in words(said)


# Dead tokens --------------------------------------------------------------------------------------


async def test_a_revoked_token_stops_everything_until_there_is_another_and_loses_nothing(
    slack: SlackDouble, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.fault(faults.TokensDead())
        bot.release()
        await bot.until_put_off()
        sent = len(slack.log)
        slack.clock.advance(3)
        assert len(slack.log) == sent
    slack.home.tokens.error = None
    slack.clock.advance(901)
    async with running_bot(slack, tmp_path) as bot:
        await bot.delivered(message)
    assert of_jobs(slack) == [the_clip(slack)]


async def test_an_uninstalled_app_ends_without_a_retry_loop(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        await under_way(bot)
        revoked, uninstalled = await slack.uninstall()
        assert revoked.ack is not None
        assert uninstalled.ack is not None
        calls = len([each for each in slack.log if each.kind == "call"])
        bot.release()
        await bot.until(lambda: any(d.status is DeliveryStatus.ABANDONED for d in bot.core.observer.deliveries))
        job = await bot.the_job()
        assert (job.status, job.artifact is not None) == (JobStatus.SUCCEEDED, True)
        assert len([each for each in slack.log if each.kind == "call"]) == calls
