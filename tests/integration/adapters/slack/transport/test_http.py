"""Signed HTTP: Slack's requests are handled, each once; all others get 401 and nothing happens."""

import asyncio
import json
import time
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import httpx
import pytest
from starlette.applications import Starlette

from core import a_core
from core_running import PROMPT
from doubles.slack import faults
from doubles.slack.inbound.http_mode import signature_headers
from doubles.slack.server import SlackDouble
from doubles.slack.world import GENERAL, HOME, MIRA, SIGNING_SECRET
from slack_bot import Bot, a_chat, clips, public, running_bot

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def address(slack: SlackDouble) -> str:
    """Where the bot takes deliveries."""
    return str(slack.platform.courier.transport.url)


def a_command(trigger: str = "trigger.1") -> bytes:
    """What Slack would post for ``/animate``."""
    fields = {"command": "/animate", "text": PROMPT, "team_id": HOME, "channel_id": GENERAL, "user_id": MIRA}
    return urlencode(fields | {"trigger_id": trigger, "response_url": "http://127.0.0.1:1/"}).encode()


async def post(slack: SlackDouble, body: bytes, headers: dict[str, str]) -> int:
    """Post to the bot; the status of its answer."""
    async with aiohttp.ClientSession() as session, session.post(address(slack), data=body, headers=headers) as answer:
        return answer.status


async def nothing_was_done(bot: Bot) -> bool:
    return await bot.jobs() == [] and public(bot.double) == []


@pytest.mark.parametrize("fault", [faults.Unsigned(), faults.WronglySigned(), faults.ClockSkewed(360)])
async def test_what_slack_cannot_have_sent_now_is_refused(
    slack: SlackDouble, tmp_path: Path, fault: faults.Fault
) -> None:
    async with running_bot(slack, tmp_path, over_http=True) as bot:
        await slack.fault(fault)
        command = await slack.slash("/animate", PROMPT)
        await slack.fault(fault)
        mention = await slack.mention(f"animate {PROMPT}")
        assert mention is not None
        assert [(act.status, act.ack) for act in (command, mention)] == [(401, None)] * 2
        assert await nothing_was_done(bot)


async def test_a_replayed_request_is_refused(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, over_http=True) as bot:
        body = a_command()
        headers = FORM | signature_headers(body, SIGNING_SECRET, int(time.time()))
        assert await post(slack, body, headers) == 200
        assert await post(slack, body, headers) == 401
        assert await post(slack, body, headers | {"X-Slack-Retry-Num": "1"}) == 200
        await bot.until_recorded()
        assert (len(await bot.jobs()), len(public(slack))) == (1, 1)


async def test_slacks_own_repetition_gets_the_answer_of_the_first(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, over_http=True) as bot:
        body = a_command()
        headers = FORM | signature_headers(body, SIGNING_SECRET, int(time.time()))
        both = [post(slack, body, headers), post(slack, body, headers | {"X-Slack-Retry-Num": "1"})]
        assert await asyncio.gather(*both) == [200, 200]
        await bot.until_recorded()
        assert len(await bot.jobs()) == 1


NOT_SLACK = (
    {},
    {"X-Slack-Signature": "v0=0", "X-Slack-Request-Timestamp": "now"},
    {"X-Slack-Signature": "v0=0", "X-Slack-Request-Timestamp": "9" * 400},
    {"X-Slack-Signature": "v0=\xe4", "X-Slack-Request-Timestamp": str(int(time.time()))},
)
NOISE = (b"", b"\xff\xfe{", b"{not json", b"ssl_check=1&command=%2Fanimate")


async def test_noise_is_refused(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, over_http=True) as bot:
        statuses = [await post(slack, body, FORM | headers) for body in NOISE for headers in NOT_SLACK]
        assert set(statuses) == {401}
        assert await nothing_was_done(bot)
        assert (await slack.verify_url()).ack is not None


SIGNED_NONSENSE = (
    b"payload=%7Bnot+json",
    b"payload=" + json.dumps({"type": "block_actions", "actions": []}).encode(),
    b"command=%2Fanimate&text=fox",
    b'{"type": "event_callback", "event": {"type": "app_mention"}}',
    b'{"type": "event_callback", "event": {"type": "something_new"}, "team_id": "T000000HOME"}',
    b"[]",
    b"{}",
)


async def test_signed_nonsense_does_nothing(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, over_http=True) as bot:
        for body in SIGNED_NONSENSE:
            kind = {"Content-Type": "application/json"} if body[:1] in b"{[" else FORM
            status = await post(slack, body, kind | signature_headers(body, SIGNING_SECRET, int(time.time())))
            assert status in (200, 400, 404)
        assert await nothing_was_done(bot)
        assert (await slack.verify_url()).ack is not None


async def test_a_body_larger_than_slack_sends_is_not_read_to_its_end(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, over_http=True) as bot:
        assert await post(slack, b"x" * 1_000_001, FORM) == 413
        assert await nothing_was_done(bot)
        assert (await slack.verify_url()).ack is not None


async def test_slack_confirms_the_address(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, over_http=True):
        assert (await slack.verify_url()).ack is not None


async def test_buttons_and_events_come_to_the_same_address(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path, over_http=True) as bot:
        first = await bot.clip()
        await slack.click(first, "v1:reroll")
        await bot.until_recorded(2)
        slack.clock.advance(5)
        await slack.fault(faults.EventsDoubled())
        await slack.react(GENERAL, first.ts, "repeat")
        await bot.until_recorded(3)
        assert (len(await bot.jobs()), len(clips(slack))) == (3, 3)


async def test_before_it_runs_slack_is_told_to_come_again(slack: SlackDouble, tmp_path: Path) -> None:
    chat = a_chat(slack, over_http=True)
    async with a_core(tmp_path) as core:
        (route,) = chat.routes(core.service)
        body = a_command()
        headers = FORM | signature_headers(body, SIGNING_SECRET, int(time.time()))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(Starlette(routes=[route]))) as client:
            answers = [await client.post(f"http://bot{route.path}", content=body, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [503, 503]
        assert not any((await core.store.status_counts()).values())
    await chat.close()


async def test_over_a_socket_there_is_no_address(slack: SlackDouble, tmp_path: Path) -> None:
    async with running_bot(slack, tmp_path) as bot:
        assert bot.chat.routes(bot.core.service) == []
        await bot.clip()
