"""While an upload is tried again, the job's message says that it is uploading, never an old place in the queue; where
the clip may be in the message already, it is left alone."""

import re
from pathlib import Path

import pytest

from doubles.slack import faults
from doubles.slack.server import SlackDouble
from slack_bot import running_bot, words
from slack_outcomes import advancing, held, the_clip, under_way

ANNOUNCE, UPDATE, COMPLETE = "files.getUploadURLExternal", "chat.update", "files.completeUploadExternal"
SAYS_SO = "Uploading the clip"
NOTHING_SENT = {
    "the bytes are refused": faults.UploadFails(times=3),
    "the bytes are refused with 503": faults.UploadFails(times=3, status=503),
    "Slack's trouble": faults.AnswersError(ANNOUNCE, "internal_error", times=3),
    "a rate limit": faults.RateLimited(ANNOUNCE, times=2, retry_after=20),
    "the connection breaks": faults.ConnectionCut("upload", times=3),
    "an announcement that is lost": faults.ConnectionCut(ANNOUNCE, times=3),
}
MAY_BE_THERE = {
    "the edit's answer is lost": faults.ConnectionCut(UPDATE),
    "the edit ends in an error": faults.StoredThenFails(UPDATE),
    "the completion's answer is lost": faults.ConnectionCut(COMPLETE),
}


@pytest.mark.parametrize("why", NOTHING_SENT)
async def test_a_clip_that_waits_for_its_upload_says_so(slack: SlackDouble, tmp_path: Path, why: str) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.wait_for(lambda: "step 1 of 4" in words(message))
        await slack.fault(NOTHING_SENT[why])
        bot.release()
        async with advancing(slack):
            await bot.until_recorded()
        assert the_clip(slack) is message
    shown = [str((each.request or {}).get("text")) for each in slack.calls(UPDATE)]
    assert any(SAYS_SO in text for text in shown)
    assert not re.search(r"left|Queued", next(text for text in shown if SAYS_SO in text))


@pytest.mark.parametrize("why", MAY_BE_THERE)
async def test_a_message_that_may_have_its_clip_is_left_alone(slack: SlackDouble, tmp_path: Path, why: str) -> None:
    async with running_bot(slack, tmp_path, backend=held()) as bot:
        message = await under_way(bot)
        await slack.wait_for(lambda: "step 1 of 4" in words(message))
        await slack.fault(MAY_BE_THERE[why])
        bot.release()
        async with advancing(slack):
            await bot.until_recorded()
        assert the_clip(slack) is message
    assert not any(SAYS_SO in str(each.request) for each in slack.calls(UPDATE))
