"""`flipbook selftest discord`: everything is tried once in one channel, said as it went, and nothing stays there."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from adapters.discord.setup.selftest import BY_HAND, explain_discord, selftest_discord
from bot.cli import app
from doubles.clock import AutoClock, ManualClock, settle
from doubles.discord.fixtures import OpenDouble
from doubles.discord.server import DiscordDouble
from doubles.discord.state.permissions import Permission
from doubles.generation.selftest_lines import Lines
from generation.protocol.clock import Clock
from generation.selftest import INTERRUPTED, Selftest, SelftestTarget, StepResult, small_clip

CLIP = small_clip()
DELETE = r"^DELETE /channels/\d+/messages/\d+$"


async def tried(
    double: DiscordDouble, lines: Lines, *, clock: Clock | None = None, token: str | None = None, **target: Any
) -> Selftest:
    test = lines.test(explain_discord)
    usual = {"channel": str(double.places.text.id), "member": str(double.people.member.id)}
    await selftest_discord(
        test,
        SelftestTarget(**(usual | target)),
        CLIP,
        token=SecretStr(token or double.token),
        api_url=double.api_url,
        gateway_url=double.gateway_url,
        clock=clock or AutoClock(),
    )
    return test


def left(double: DiscordDouble) -> int:
    """How many messages of the bot are in the whole of Discord."""
    return sum(len(channel.messages) for channel in double.world.channels.values())


async def test_everything_is_tried_and_nothing_stays(discord_double: DiscordDouble) -> None:
    lines = Lines()
    test = await tried(discord_double, lines)
    assert lines.named(StepResult.FAILED, StepResult.SKIPPED) == []
    assert [step.what for step in lines.steps[:13]] == [
        "log in",
        "see the channel",
        "post a message with a button",
        "post it again under the same nonce",
        "edit its words",
        "put the clip into it by an edit",
        "the clip stands in it",
        "its bytes come back",
        "edit the words, the clip stays",
        "take the clip out by an edit",
        "find it among the newest messages",
        "react with 🔁",
        "post the clip in a new message",
    ]
    assert f"video/mp4, None×None, {len(CLIP)} bytes" in str(lines.steps[6])
    assert (left(discord_double), test.left_behind) == (0, [])
    assert discord_double.gateway.identified == 0  # a bot that runs is not disturbed


@pytest.mark.parametrize(
    ("permission", "step", "words"),
    [
        (Permission.ATTACH_FILES, "put the clip into it by an edit", "HTTP 403, code 50013: Missing Permissions"),
        (Permission.SEND_MESSAGES, "post a message with a button", "HTTP 403, code 50013: Missing Permissions"),
        (Permission.ADD_REACTIONS, "react with 🔁", "HTTP 403, code 50013: Missing Permissions"),
        (Permission.VIEW_CHANNEL, "see the channel", "HTTP 403, code 50001: Missing Access"),
        (Permission.READ_MESSAGE_HISTORY, "find it among the newest messages", "code 50013"),
    ],
)
async def test_a_permission_that_is_missing_is_a_step_with_discords_own_words(
    discord_double: DiscordDouble, permission: Permission, step: str, words: str
) -> None:
    await discord_double.fault("missing_permission", channel=discord_double.places.text, permission=permission)
    lines = Lines()
    test = await tried(discord_double, lines)
    assert any(f"failed  {step}: " in line and words in line for line in lines.bad), lines.bad
    assert (left(discord_double) > 0) is bool(test.left_behind)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"token": "MQwrong.wrong.wrong-wrong"}, "failed  log in: Discord does not accept the token (401)"),
        ({"channel": "1290000000000009999"}, "failed  see the channel: HTTP 404, code 10003: Unknown Channel"),
        ({"member": "1290000000000009999"}, "failed  open a direct message: HTTP 404, code 10013: Unknown User"),
    ],
)
async def test_what_is_not_there_is_said(discord_double: DiscordDouble, changes: dict[str, str], line: str) -> None:
    lines = Lines()
    await tried(discord_double, lines, **changes)
    assert lines.bad == [line]
    assert left(discord_double) == 0


async def test_what_the_channel_does_not_take_is_said(discord_double: DiscordDouble) -> None:
    await discord_double.fault("too_large", channel=discord_double.places.text, limit=1000)
    await discord_double.fault("dms_closed", user=discord_double.people.member)
    lines = Lines()
    await tried(discord_double, lines)
    assert [line.partition(": HTTP")[0] for line in lines.bad] == [
        "failed  put the clip into it by an edit",
        "failed  post the clip in a new message",
        "failed  post the clip as a reply",
        "failed  post the clip in a gallery",
        "failed  send the clip as a direct message",
    ]
    assert "code 40005" in lines.bad[0]
    assert "code 50007" in lines.bad[-1]
    assert left(discord_double) == 0


@pytest.mark.parametrize("place", ["text", "dm"])
@pytest.mark.parametrize("times", [1, 5])
async def test_a_message_whose_answer_got_lost_is_found_and_deleted(
    discord_double: DiscordDouble, monkeypatch: pytest.MonkeyPatch, times: int, place: str
) -> None:
    async def at_once(_seconds: float) -> None: ...

    monkeypatch.setattr("discord.http.asyncio.sleep", at_once)  # discord.py's own pauses
    lines = Lines()
    route = rf"^POST /channels/{getattr(discord_double.places, place).id}/messages$"
    await discord_double.fault("server_error", route=route, status=500, times=times)
    test = await tried(discord_double, lines)
    assert (left(discord_double), test.left_behind) == (0, [])


async def test_what_cannot_be_deleted_is_named(discord_double: DiscordDouble) -> None:
    await discord_double.fault("cloudflare", route=DELETE)
    lines = Lines()
    test = await tried(discord_double, lines)
    assert [line.partition(": ")[0] for line in lines.bad] == ["failed  delete message 1 of 5"]
    assert (left(discord_double), len(test.left_behind)) == (1, 1)


async def test_stopping_it_deletes_what_was_posted(discord_double: DiscordDouble) -> None:
    clock, lines = ManualClock(), Lines()
    running = asyncio.create_task(tried(discord_double, lines, clock=clock, look_seconds=60.0))
    while not clock.sleepers:
        await asyncio.sleep(0.01)
    assert left(discord_double) == 5
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await settle()
    assert left(discord_double) == 0


async def test_a_deletion_that_is_interrupted_too_is_told(discord_double: DiscordDouble) -> None:
    clock, lines = ManualClock(), Lines()
    running = asyncio.create_task(tried(discord_double, lines, clock=clock, look_seconds=60.0))
    while not clock.sleepers:
        await asyncio.sleep(0.01)
    running.cancel()
    while not any(step.what.startswith("delete message 1") for step in lines.steps):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (left(discord_double) > 0, lines.left_behind) == (True, [INTERRUPTED])


async def test_the_command_prints_a_report_that_can_be_sent(
    open_discord_double: OpenDouble, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    double = await open_discord_double()
    environment = {
        "DISCORD_TOKEN": double.token,
        "FLIPBOOK_DISCORD_API_URL": double.api_url,
        "FLIPBOOK_DISCORD_GATEWAY_URL": double.gateway_url,
    }
    link = f"https://discord.com/channels/{double.guilds.studio.id}/{double.places.text.id}"
    command = ["selftest", "discord", link]
    done = await asyncio.to_thread(CliRunner().invoke, app, command, env=environment)
    printed = done.stdout.splitlines()
    assert done.exit_code == 0, done.output
    assert printed[0] == "flipbook selftest discord"
    assert "discord.py 2." in printed[1]
    assert "Nothing is left behind." in done.stdout
    assert printed.count("skipped send the clip as a direct message: name a member with --member") == 1
    assert [f"[ ] {item}" in printed for item in BY_HAND] == [True] * len(BY_HAND)
    assert double.token not in done.output
    assert str(double.places.text.id) not in done.output


@pytest.mark.parametrize(
    ("arguments", "token", "words"),
    [
        (["clips"], "a.b.c", "CHANNEL takes a channel's id or link"),
        (["C00GENERAL"], "a.b.c", "CHANNEL takes a channel's id or link"),
        (["1290000000000000001"], "", "DISCORD_TOKEN is not set: `flipbook setup discord` sets it."),
        (["1290000000000000001", "--member", "mia"], "a.b.c", "--member takes a member's id"),
    ],
)
def test_what_cannot_be_tried_is_one_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, arguments: list[str], token: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["selftest", "discord", *arguments], env={"DISCORD_TOKEN": token})
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr
