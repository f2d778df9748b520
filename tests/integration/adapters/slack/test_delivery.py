"""Slack fails while a clip goes into its own message: it gets there all the same, once, and is bought once."""

from pathlib import Path

import pytest

from core_running import PROMPT
from doubles.slack import faults
from doubles.slack.server import OpenDouble, SlackDouble
from generation.protocol.progress import Phase, Progress, Steps
from slack_bot import SHIPPED, public, running_bot, words
from slack_outcomes import advancing, held, the_clip, under_way


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
        abandoned, message = public(slack)
    assert (abandoned.file_ids, the_clip(slack), bot.bought) == ([], message, 1)


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


async def test_an_edit_whose_answer_was_lost_does_not_add_its_file_a_second_time(
    slack: SlackDouble, tmp_path: Path
) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.wait_for(lambda: "step 1 of 4" in words(message))
        await slack.fault(faults.StoredThenFails("chat.update"))
        bot.release()
        await bot.delivered(message)
    assert [call.request.get("file_ids") for call in slack.calls("chat.update")][-1:] == [message.file_ids]
    assert len([each for each in message.revisions if each.file_ids]) == 1


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
