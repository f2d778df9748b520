"""Every way in which Slack fails on the clip's last mile, what the member sees at the end, and that it is seen once."""

import asyncio
from pathlib import Path

import pytest

from doubles.backend import ScriptedBackend, tiny_mp4
from doubles.slack import faults
from doubles.slack.server import OpenDouble, SlackDouble
from doubles.slack.state import Message
from doubles.slack.world import GENERAL, MIRA
from generation.delivery import DeliveryStatus
from generation.job import JobStatus
from generation.progress import Phase, Progress, Steps
from slack_bot import PROMPT, SHIPPED, Bot, buttons, clips, public, running_bot, words


def held() -> ScriptedBackend:
    """A backend that finishes nothing by itself."""
    return ScriptedBackend(hold=asyncio.Event())


async def under_way(bot: Bot, **how: object) -> Message:
    """A message whose job is rendering."""
    message = await bot.animate(**how)
    await bot.until_opened(message)
    await bot.until_status(JobStatus.RUNNING)
    bot.double.clock.advance(1.2)  # the next message in the channel need not wait for its turn
    return message


def the_clip(slack: SlackDouble) -> Message:
    """The only message with a clip, which is the right one."""
    (message,) = clips(slack)
    (file_id,) = message.file_ids
    assert slack.file(file_id).content == tiny_mp4()
    return message


# Into its own message -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        faults.StoredThenFails("chat.postMessage"),
        faults.StoredThenFails("chat.postMessage", status=502),
        faults.StoredThenFails("chat.postMessage", status=None),
        faults.ConnectionCut("chat.postMessage"),
        faults.AnswersError("chat.postMessage", "internal_error"),
        faults.RateLimited("chat.postMessage"),
    ],
    ids=["500", "502", "fatal_error", "cut", "internal_error", "ratelimited"],
)
async def test_a_first_message_without_a_good_answer_is_still_one_message(
    slack: SlackDouble, tmp_path: Path, fault: faults.Fault
) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await slack.fault(fault)
        await slack.slash("/animate", PROMPT)
        async with advancing(slack):
            await bot.until_recorded()
        assert public(slack) == [the_clip(slack)]
        assert bot.bought == 1


async def test_without_the_history_scopes_a_lost_answer_costs_a_second_message_but_no_second_clip(
    open_slack_double: OpenDouble, tmp_path: Path
) -> None:
    scopes = [scope for scope in SHIPPED["scopes"] if not scope.endswith(":history")]
    slack = await open_slack_double(scopes=scopes, events=SHIPPED["events"])
    async with running_bot(slack, tmp_path) as bot:
        await slack.fault(faults.ConnectionCut("chat.postMessage"))
        await slack.slash("/animate", PROMPT)
        async with advancing(slack):
            await bot.until_recorded()
        orphan, message = public(slack)
    assert (orphan.file_ids, the_clip(slack), bot.bought) == ([], message, 1)


@pytest.mark.parametrize(
    "fault",
    [
        faults.RateLimited("chat.update", times=2, retry_after=7),
        faults.StoredThenFails("chat.update"),
        faults.StoredThenFails("chat.update", status=None),
        faults.AnswersError("chat.update", "internal_error", times=3),
        faults.ConnectionCut("chat.update", times=2),
        faults.FileNotReady(times=2),
        faults.UploadFails(),
        faults.ConnectionCut("upload"),
        faults.RateLimited("files.getUploadURLExternal"),
        faults.RateLimited("files.completeUploadExternal", retry_after=3),
        faults.ConnectionCut("files.completeUploadExternal"),
        faults.StoredThenFails("files.completeUploadExternal"),
        faults.AnswersError("files.completeUploadExternal", "fatal_error"),
    ],
    ids=lambda fault: type(fault).__name__ + "-" + getattr(fault, "method", ""),
)
async def test_the_clip_reaches_its_message_in_spite_of(
    slack: SlackDouble, tmp_path: Path, fault: faults.Fault
) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.fault(fault)
        bot.release()
        async with advancing(slack):
            await bot.until_recorded()
        assert public(slack) == [message] == [the_clip(slack)]
        assert bot.bought == 1
    assert all(file.completions <= 1 for file in slack.home.files.values())


async def test_a_completed_upload_is_looked_at_and_not_repeated(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await slack.fault(faults.ConnectionCut("files.completeUploadExternal"))
        await bot.clip()
    assert len(slack.home.files) == 1
    assert len(slack.calls("files.completeUploadExternal")) == 1


async def test_an_edit_whose_answer_was_lost_does_not_bring_its_file_a_second_time(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.wait_for(lambda: "step 1 of 4" in words(message))
        await slack.fault(faults.StoredThenFails("chat.update"))
        bot.release()
        await bot.delivered(message)
    assert [call.request.get("file_ids") for call in slack.calls("chat.update")][-2:] == [message.file_ids, None]


async def test_ratelimited_edits_wait_as_long_as_slack_says_and_progress_is_dropped(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        slack.clock.advance(3.0)
        await slack.fault(faults.RateLimited("chat.update", times=1, retry_after=20))
        await slack.wait_for(lambda: slack.rate_limited == 1 or "step 1 of 4" in words(message))
        bot.core.relay.progress(await bot.the_job(), Progress(Phase.RENDERING, steps=Steps(2, 4)))
        slack.clock.advance(3.0)
        await slack.wait_for(lambda: slack.rate_limited == 1)
        limited_at = slack.clock.now()
        bot.release()
        await bot.until_put_off()
        slack.clock.advance(25)
        await bot.delivered(message)
    edits = [call for call in slack.calls("chat.update") if call.answer["ok"] and call.at >= limited_at]
    assert [bool(call.request.get("file_ids")) for call in edits] == [True]
    assert edits[0].at - limited_at >= 20


# Down the ladder ------------------------------------------------------------------------------------------------


async def test_a_clip_that_its_message_never_takes_goes_into_the_thread(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.fault(faults.FileNotReady(times=1000))
        bot.release()
        async with advancing(slack):
            await bot.until_recorded()
        clip = the_clip(slack)
        assert clip.thread_ts == message.ts
        assert "It could not go where it belongs: Slack is still looking at the clip." in clip.text
        assert "*Done* · the clip is in its thread" in words(message)
        assert await recorded(bot) == bot.ref(clip)
    assert (buttons(message), bot.bought) == (["v1:reroll"], 1)


@pytest.mark.parametrize("calls", [2, None], ids=["late", "never"])
async def test_where_a_shared_clip_stands_is_asked_a_bounded_number_of_times(
    slack: SlackDouble, tmp_path: Path, calls: int | None
) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.fault(faults.FileNotReady(times=1000))
        await slack.fault(faults.FilesInfoLags(calls))
        bot.release()
        async with advancing(slack):
            await bot.until_recorded()
        clip = the_clip(slack)
        assert await recorded(bot) == bot.ref(message if calls is None else clip)
    asked = [call for call in slack.calls("files.info") if [call.request["file"]] == clip.file_ids]
    assert len(asked) == (5 if calls is None else 3)


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
        message = await under_way(bot)
        await slack.fault(faults.MessageDeleted(GENERAL, message.ts))
        bot.release()
        await slack.wait_for(lambda: slack.calls("chat.update"))
        await slack.fault(fault)
        async with advancing(slack):
            await bot.until_recorded()
        assert public(slack) == [the_clip(slack)]


async def test_a_deleted_message_is_replaced_by_a_new_one_with_the_clip(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.fault(faults.MessageDeleted(GENERAL, message.ts))
        bot.release()
        await bot.until_recorded()
        clip = the_clip(slack)
        assert (clip.channel, clip.thread_ts) == (GENERAL, None)
        assert "It could not go where it belongs: its message was deleted." in clip.text
        await slack.react(GENERAL, clip.ts, "repeat")
        slack.clock.advance(5)
        await bot.until_recorded(2)
    assert bot.bought == 2


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
        assert f"It could not go where it belongs: {reason}." in clip.text
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
        assert "*Done, but not delivered* · this workspace allows no uploads." in words(message)
        assert f"`/flipbook show {job.id}` brings it again" in words(message)
        assert clips(slack) == []

        slack.heal(faults.AnswersError)
        told = await bot.told(await slack.slash("/flipbook", f"show {job.id}"))
        assert told.endswith("I am sending you the clip in a direct message.")
        await bot.until_recorded(2)
        direct = slack.home.dm_with(MIRA)
        assert direct is not None
        assert (the_clip(slack).channel, bot.bought) == (direct.id, 1)


async def test_a_failure_finds_its_way_like_a_clip(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.fault(faults.MessageDeleted(GENERAL, message.ts))
        await slack.slash("/flipbook", f"cancel {(await bot.the_job()).id}")
        await bot.until_recorded()
        (said,) = public(slack)
    assert said is not message
    assert "*Cancelled.* Nothing was charged." in words(said)


# Nobody home ----------------------------------------------------------------------------------------------------


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
    assert public(slack) == [the_clip(slack)]


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


async def recorded(bot: Bot) -> object:
    """The message that the core takes for the job's."""
    delivery = await bot.core.store.delivery_of((await bot.the_job()).id)
    assert delivery is not None
    return delivery.message


class advancing:  # noqa: N801 - reads as a word: async with advancing(slack)
    """Lets Slack's time fly, as long as something is waited for."""

    def __init__(self, slack: SlackDouble) -> None:
        self._slack = slack

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._fly())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _fly(self) -> None:
        while True:
            await asyncio.sleep(0.01)
            self._slack.clock.advance(0.5)
