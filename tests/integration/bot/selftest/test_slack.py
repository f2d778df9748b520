"""`flipbook selftest slack`: everything is tried once in one channel, `files.info` is asked, nothing stays there."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from adapters.slack.setup.selftest import LOOKS, selftest_slack
from adapters.slack.setup.selftest_calls import explain_slack
from bot.cli import app
from doubles.clock import AutoClock, ManualClock
from doubles.generation.selftest_lines import Lines
from doubles.slack import faults
from doubles.slack.server import OpenDouble, SlackDouble
from doubles.slack.world import ARCHIVE, GENERAL, MIRA, STUDIO
from generation.protocol.clock import Clock
from generation.selftest import INTERRUPTED, Selftest, SelftestTarget, StepResult, small_clip
from slack_bot import SHIPPED

CLIP = small_clip()
HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")


@pytest.fixture
async def slack(open_slack_double: OpenDouble) -> SlackDouble:
    return await open_slack_double(**SHIPPED)


async def tried(double: SlackDouble, lines: Lines, *, clock: Clock | None = None, **target: Any) -> Selftest:
    test = lines.test(explain_slack)
    await selftest_slack(
        test,
        SelftestTarget(**({"channel": GENERAL, "member": MIRA} | target)),
        CLIP,
        token=SecretStr(double.home.tokens.bot),
        api_url=double.base_url,
        clock=clock or AutoClock(),
    )
    return test


def left(double: SlackDouble) -> int:
    """How many messages and files of the bot are in the workspace."""
    files = (file for file in double.home.files.values() if file.completed)
    return sum(not each.deleted for each in (*double.home.messages.values(), *files))


async def test_everything_is_tried_and_nothing_stays(slack: SlackDouble) -> None:
    lines = Lines()
    test = await tried(slack, lines)
    assert lines.bad == []
    assert lines.named(StepResult.SKIPPED) == [
        "skipped react with :repeat:: the app lacks reactions:write, which Flipbook can do without"
    ]
    assert "ok      files.info: the clip stands in the message: seen at look 1" in lines.named(StepResult.OK)
    assert "ok      views.publish the Home tab: it is built anew when the member opens it" in lines.named(StepResult.OK)
    assert "ok      edit it again without file_ids: the clip stays" in lines.named(StepResult.OK)
    assert sum(step.what == "files.info: the clip stands there" for step in lines.steps) == 4
    assert (left(slack), test.left_behind) == (0, [])


async def test_a_reaction_is_tried_where_the_app_may(open_slack_double: OpenDouble) -> None:
    slack = await open_slack_double(**{**SHIPPED, "scopes": (*SHIPPED["scopes"], "reactions:write")})
    lines = Lines()
    await tried(slack, lines)
    assert "ok      react with :repeat:" in lines.named(StepResult.OK)
    assert (lines.bad, left(slack)) == ([], 0)


@pytest.mark.parametrize(
    ("method", "error", "step"),
    [
        ("chat.update", "edit_window_closed", "chat.update its words"),
        ("files.getUploadURLExternal", "file_uploads_disabled", "upload the clip, privately"),
        ("files.completeUploadExternal", "storage_limit_reached", "upload the clip, privately"),
        ("chat.postMessage", "restricted_action", "chat.postMessage with a button"),
        ("conversations.open", "user_disabled", "conversations.open"),
        ("views.publish", "not_enabled", "views.publish the Home tab"),
        ("chat.getPermalink", "message_not_found", "chat.getPermalink"),
        ("auth.test", "token_revoked", "auth.test"),
        ("conversations.info", "channel_not_found", "conversations.info"),
        ("files.delete", "cant_delete_file", "files.delete 1 of 5"),
        ("chat.delete", "cant_delete_message", "chat.delete 1 of 5"),
    ],
)
async def test_a_refusal_is_a_step_with_slacks_own_error(
    slack: SlackDouble, method: str, error: str, step: str
) -> None:
    await slack.fault(faults.AnswersError(method, error))
    lines = Lines()
    test = await tried(slack, lines)
    assert lines.bad == [f"failed  {step}: {error}"]
    assert (left(slack) > 0, len(test.left_behind)) == (method.endswith(".delete"), int(method.endswith(".delete")))


async def test_a_file_that_is_never_seen_is_no_success_and_is_deleted_all_the_same(slack: SlackDouble) -> None:
    await slack.fault(faults.FilesInfoLags())
    lines, clock = Lines(), AutoClock()
    test = await tried(slack, lines, clock=clock, member=None)
    unseen = f"never seen in {len(LOOKS)} looks, 7.5 s"
    assert lines.bad == [
        f"failed  files.info: the clip stands in the message: {unseen}",
        f"failed  files.info: the clip stands there: {unseen}",
        f"failed  files.info: the clip stands there: {unseen}",
    ]
    assert any("Flipbook sends no alt_txt" in line for line in lines.named(StepResult.OK))
    assert clock.slept.count(4.0) == 4
    assert (left(slack), test.left_behind) == (0, [])  # the lists of messages have them


async def test_a_message_that_may_be_there_and_is_listed_nowhere_is_named(open_slack_double: OpenDouble) -> None:
    scopes = [scope for scope in SHIPPED["scopes"] if scope not in HISTORY]
    slack = await open_slack_double(**{**SHIPPED, "scopes": scopes})
    await slack.fault(faults.FilesInfoLags())
    test = await tried(slack, Lines(), member=None)
    assert test.left_behind == ["perhaps a message that Slack lists nowhere"] * 3


async def test_a_file_that_is_listed_late_is_waited_for(slack: SlackDouble) -> None:
    await slack.fault(faults.FilesInfoLags(3))
    lines = Lines()
    await tried(slack, lines)
    assert lines.bad == []
    assert any("seen at look 4" in line for line in lines.named(StepResult.OK))
    assert left(slack) == 0


@pytest.mark.parametrize(
    "fault",
    [
        faults.RateLimited("chat.postMessage", retry_after=2),
        faults.RateLimited("files.completeUploadExternal", retry_after=2),
        faults.RateLimited("chat.update", retry_after=2),
        faults.RateLimited("files.delete", retry_after=2),
        faults.RateLimited("chat.delete", retry_after=2),
    ],
)
async def test_a_limit_is_waited_for_once(slack: SlackDouble, fault: faults.RateLimited) -> None:
    await slack.fault(fault)
    lines, clock = Lines(), AutoClock()
    await tried(slack, lines, clock=clock)
    assert (lines.bad, left(slack)) == ([], 0)
    assert 2 in clock.slept


@pytest.mark.parametrize(
    ("method", "step"),
    [
        ("chat.postMessage", "chat.postMessage with a button"),
        ("chat.update", "chat.update its words"),
        ("files.completeUploadExternal", "upload the clip, privately"),
        ("upload", "upload the clip, privately"),
        ("conversations.open", "conversations.open"),
    ],
)
async def test_what_a_lost_answer_has_posted_is_found_and_deleted(slack: SlackDouble, method: str, step: str) -> None:
    await slack.fault(faults.ConnectionCut(method))
    lines = Lines()
    test = await tried(slack, lines)
    assert [line.split(": ")[0] for line in lines.bad] == [f"failed  {step}"]
    assert (left(slack), test.left_behind) == (0, [])


async def test_without_history_its_steps_are_skipped(open_slack_double: OpenDouble) -> None:
    scopes = [scope for scope in SHIPPED["scopes"] if scope not in HISTORY]
    slack = await open_slack_double(**{**SHIPPED, "scopes": scopes})
    lines = Lines()
    await tried(slack, lines)
    assert lines.bad == []
    assert "skipped find it by its metadata: the app lacks channels:history" in lines.named(StepResult.SKIPPED)[0]
    assert left(slack) == 0


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        (STUDIO, "failed  conversations.info: "),
        (ARCHIVE, "failed  conversations.info: the channel is archived"),
        ("C00NOWHERE", "failed  conversations.info: channel_not_found"),
    ],
)
async def test_a_channel_that_cannot_be_used_is_said(slack: SlackDouble, channel: str, words: str) -> None:
    slack.home.channels[STUDIO].members.discard(slack.home.bot_user)
    lines = Lines()
    await tried(slack, lines, channel=channel)
    assert [line.startswith(words) for line in lines.bad] == [True]
    assert left(slack) == 0


async def test_stopping_it_deletes_what_was_posted(slack: SlackDouble) -> None:
    clock, lines = ManualClock(), Lines()
    running = asyncio.create_task(tried(slack, lines, clock=clock, look_seconds=60.0))
    while not any("without file_ids" in step.what for step in lines.steps):
        await asyncio.sleep(0.01)
        await clock.advance(0.001)
    assert left(slack) == 2
    running.cancel()
    while not running.done():
        await asyncio.sleep(0.01)
        await clock.advance(5)
    assert (running.cancelled(), left(slack)) == (True, 0)


async def test_a_deletion_that_is_interrupted_too_is_told(slack: SlackDouble) -> None:
    clock, lines = ManualClock(), Lines()
    running = asyncio.create_task(tried(slack, lines, clock=clock, look_seconds=60.0))
    while not any("without file_ids" in step.what for step in lines.steps):
        await asyncio.sleep(0.01)
        await clock.advance(0.001)
    running.cancel()
    while not any(step.what == "look for its messages" for step in lines.steps):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (left(slack) > 0, lines.left_behind) == (True, [INTERRUPTED])


async def test_the_command_says_what_slack_refuses_and_holds_no_secret(
    slack: SlackDouble, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    await slack.fault(faults.TokensDead("token_revoked"))
    environment = {"SLACK_BOT_TOKEN": slack.home.tokens.bot, "FLIPBOOK_SLACK_API_URL": slack.base_url}
    command = ["selftest", "slack", f"https://home.slack.com/archives/{GENERAL}"]
    done = await asyncio.to_thread(CliRunner().invoke, app, command, env=environment)
    assert done.exit_code == 1
    assert "failed  auth.test: token_revoked" in done.stdout
    assert "0 ok, 1 failed, 0 skipped. Nothing is left behind." in done.stdout
    assert slack.home.tokens.bot not in done.output


@pytest.mark.parametrize(
    ("arguments", "token", "words"),
    [
        (["#general"], "xoxb-1", "CHANNEL takes a channel's id or link"),
        (["1290000000000000001"], "xoxb-1", "CHANNEL takes a channel's id or link"),
        ([GENERAL], "", "SLACK_BOT_TOKEN is not set: `flipbook setup slack` sets it."),
        ([GENERAL, "--member", "@mia"], "xoxb-1", "--member takes a member's id"),
    ],
)
def test_what_cannot_be_tried_is_one_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], token: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["selftest", "slack", *arguments], env={"SLACK_BOT_TOKEN": token})
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr
