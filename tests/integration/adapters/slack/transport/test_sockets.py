"""Socket Mode: sockets die, Slack asks for new ones, tokens are wrong; the log stays readable."""

import asyncio
import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from adapters.slack import SlackChat, SlackUnusable
from adapters.slack.web_api import SlackApi
from core import a_core
from core_running import PROMPT
from doubles.generation.backend import ScriptedBackend
from doubles.slack import faults
from doubles.slack.server import OpenDouble, SlackDouble
from doubles.slack.world import APP_TOKEN
from generation.domain.job import JobStatus
from slack_bot import SHIPPED, SlackTiming, clips, public, running_bot

QUICK = SlackTiming(ping=0.3)


@pytest.mark.parametrize(
    "fault",
    [faults.SocketDropped(), faults.DisconnectRequested(), faults.PongsStop()],
    ids=["drop", "refresh", "pongs"],
)
async def test_a_socket_that_goes_in_mid_job_is_replaced_and_nothing_is_lost(
    slack: SlackDouble, tmp_path: Path, fault: faults.Fault
) -> None:
    async with running_bot(slack, tmp_path, backend=ScriptedBackend(hold=asyncio.Event()), timing=QUICK) as bot:
        message = await bot.animate()
        await bot.until_status(JobStatus.RUNNING)
        await slack.fault(fault)
        bot.release()
        await bot.delivered(message)
        await slack.wait_for(lambda: slack.sockets_opened >= 2)
        await bot.clip()
        assert (bot.bought, len(clips(slack))) == (2, 2)


async def test_what_is_done_while_no_socket_is_open_comes_with_the_next(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, timing=QUICK) as bot:
        await slack.fault(faults.SocketDropped())
        await slack.slash("/animate", PROMPT)
        await bot.until_recorded()
        assert public(slack) == clips(slack)


async def test_an_answer_that_meets_a_dying_socket_is_no_traceback(
    slack: SlackDouble, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    async with running_bot(slack, tmp_path, timing=QUICK) as bot:
        await slack.fault(faults.AckLost(times=3))
        delivery = await slack.slash("/animate", PROMPT)
        await slack.acknowledged(delivery)
        await bot.until_recorded()
        assert (bot.bought, len(clips(slack))) == (1, 1)
    lines = [record for record in caplog.records if record.levelno >= logging.INFO]
    assert [record for record in lines if record.exc_info or "\n" in record.getMessage()] == []
    assert "Traceback" not in capsys.readouterr().out
    assert PROMPT not in "".join(record.getMessage() for record in lines)


@pytest.mark.parametrize(
    ("change", "variable"),
    [
        ({"bot_token": "xoxb-wrong"}, "SLACK_BOT_TOKEN (invalid_auth)"),
        ({"app_token": "xapp-wrong"}, "SLACK_APP_TOKEN (invalid_auth)"),
        ({"app_token": "xoxb-home-double"}, "SLACK_APP_TOKEN (not_allowed_token_type)"),
    ],
)
async def test_a_wrong_token_is_one_sentence_with_its_remedy(
    slack: SlackDouble, tmp_path: Path, change: dict[str, str], variable: str
) -> None:
    tokens = {"bot_token": slack.home.tokens.bot, "app_token": APP_TOKEN} | change
    chat = SlackChat(SecretStr(tokens["bot_token"]), app_token=SecretStr(tokens["app_token"]), api_url=slack.base_url)
    async with a_core(tmp_path) as core:
        with pytest.raises(SlackUnusable) as caught:
            await chat.run(core.service)
    await chat.close()
    assert str(caught.value).startswith(f"Slack does not accept {variable}: copy ")
    assert not any(token in str(caught.value) for token in tokens.values())


async def seen_by_the_judge(slack: SlackDouble) -> None:
    """The judge wants to have seen something."""
    api = SlackApi(SecretStr(slack.home.tokens.bot), slack.base_url)
    await api.identity()
    await api.close()


async def test_without_a_connection_the_sentence_names_both_kinds(slack: SlackDouble, tmp_path: Path) -> None:
    chat = SlackChat(SecretStr(slack.home.tokens.bot), api_url=slack.base_url)
    async with a_core(tmp_path) as core:
        with pytest.raises(SlackUnusable, match="set SLACK_APP_TOKEN, or SLACK_SIGNING_SECRET"):
            await chat.run(core.service)
    await seen_by_the_judge(slack)


async def test_missing_scopes_are_named_in_the_log(
    open_slack_double: OpenDouble, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slack = await open_slack_double(
        scopes=[s for s in SHIPPED["scopes"] if s != "files:read"], events=SHIPPED["events"]
    )
    async with running_bot(slack, tmp_path):
        pass
    assert "files:read" in capsys.readouterr().out


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
async def test_a_slack_that_cannot_be_reached_at_the_start_is_waited_for(
    slack: SlackDouble, tmp_path: Path, method: str
) -> None:
    await slack.fault(faults.RateLimited(method, times=2, retry_after=1))
    chat_task = asyncio.create_task(_one_clip(slack, tmp_path))
    while not chat_task.done():
        await asyncio.sleep(0.01)
        slack.clock.advance(0.05)  # Slack waits three of these seconds for an acknowledgement
    await chat_task


async def _one_clip(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        await bot.clip()


async def test_the_environment_of_bolt_changes_nothing(
    slack: SlackDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET"):
        monkeypatch.setenv(name, "something-else")
    async with running_bot(slack, tmp_path) as bot:
        await bot.clip()
    async with running_bot(slack, tmp_path, over_http=True) as bot:
        await bot.clip()
    assert list(home.rglob("*")) == []
