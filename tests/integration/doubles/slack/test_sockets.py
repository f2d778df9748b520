"""Socket Mode at the Slack double: every envelope is acknowledged within three seconds, exactly once."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from doubles.slack.server import SlackDouble
from doubles.slack.world import APP_TOKEN, GENERAL, MIRA

pytest_plugins = ("doubles.slack.fixtures",)


@contextlib.asynccontextmanager
async def raw_socket(double: SlackDouble) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A bot that does with envelopes what the test says."""
    opened = await AsyncWebClient(base_url=double.base_url).apps_connections_open(app_token=APP_TOKEN)
    async with aiohttp.ClientSession() as session, session.ws_connect(opened["url"]) as ws:
        assert (await ws.receive_json())["type"] == "hello"
        yield ws


async def test_an_ack_counts_once_and_must_name_an_envelope(slack_double: SlackDouble) -> None:
    async with raw_socket(slack_double) as ws, asyncio.TaskGroup() as tasks:
        told = tasks.create_task(slack_double.slash("/quiet"))
        envelope = await ws.receive_json()
        assert envelope["accepts_response_payload"] is True
        for frame in (envelope, envelope, {"envelope_id": "made-up"}):
            await ws.send_json({"envelope_id": frame["envelope_id"]})
        await slack_double.wait_for(lambda: len(slack_double.violations) == 2)
    assert told.result().ack is not None
    assert slack_double.take_violations() == [
        "slash: acknowledged twice",
        "a socket frame that acknowledges nothing: {'envelope_id': 'made-up'}",
    ]


async def test_a_late_ack_is_one_violation(slack_double: SlackDouble) -> None:
    async with raw_socket(slack_double) as ws:
        told = asyncio.create_task(slack_double.slash("/quiet"))
        envelope = await ws.receive_json()
        slack_double.clock.advance(3.1)
        delivery = await told
        assert delivery.ack is None
        await ws.send_json({"envelope_id": envelope["envelope_id"]})
        assert (await slack_double.acknowledged(delivery)).delay > 3
    assert slack_double.take_violations() == ["slash: not acknowledged within 3 s"]


async def test_an_ack_with_words_is_shown_to_that_person_and_judged(slack_double: SlackDouble) -> None:
    async with raw_socket(slack_double) as ws:
        told = asyncio.create_task(slack_double.slash("/quiet"))
        envelope = await ws.receive_json()
        await ws.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "queued"}})
        await told
    (message,) = slack_double.home.messages_in(GENERAL)
    assert (message.text, message.ephemeral_for) == ("queued", MIRA)


async def test_events_take_no_words_in_their_ack(slack_double: SlackDouble) -> None:
    async with raw_socket(slack_double) as ws:
        told = asyncio.create_task(slack_double.mention("hello"))
        envelope = await ws.receive_json()
        assert (envelope["accepts_response_payload"], envelope["retry_attempt"]) == (False, 0)
        await ws.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "hi"}})
        await told
    assert slack_double.take_violations() == ["app_mention: the acknowledgement takes no payload, got {'text': 'hi'}"]


async def test_what_a_bot_left_unacknowledged_comes_to_its_next_socket(slack_double: SlackDouble) -> None:
    async with raw_socket(slack_double) as ws:
        told = asyncio.create_task(slack_double.slash("/quiet"))
        first = await ws.receive_json()
    delivery = await told
    async with raw_socket(slack_double) as ws:
        second = await ws.receive_json()
        await ws.send_json({"envelope_id": second["envelope_id"]})
        await slack_double.acknowledged(delivery)
    assert (second["payload"], second["retry_attempt"]) == (first["payload"], 1)
    assert second["envelope_id"] != first["envelope_id"]


async def test_a_socket_address_works_once(slack_double: SlackDouble) -> None:
    client = AsyncWebClient(base_url=slack_double.base_url)
    address = (await client.apps_connections_open(app_token=APP_TOKEN))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(address):
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(address)
    assert slack_double.take_violations() == ["a socket address works once"]


async def test_an_eleventh_socket_is_one_too_many(slack_double: SlackDouble) -> None:
    async with contextlib.AsyncExitStack() as sockets:
        for _ in range(10):
            await sockets.enter_async_context(raw_socket(slack_double))
        opened = await AsyncWebClient(base_url=slack_double.base_url).apps_connections_open(app_token=APP_TOKEN)
        session = await sockets.enter_async_context(aiohttp.ClientSession())
        eleventh = await sockets.enter_async_context(session.ws_connect(opened["url"]))
        assert await eleventh.receive_json() == {"type": "disconnect", "reason": "too_many_websockets"}
