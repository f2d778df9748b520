"""What a bot must not do is found out by the Slack double, with judges or without: deliberately bad clients show it."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from doubles.slack import faults
from doubles.slack.bolt_servers import bot_on_sockets
from doubles.slack.sample_bot import CLIP, client_of, settings_view, upload
from doubles.slack.server import OpenDouble, SlackDouble
from doubles.slack.world import GENERAL, MIRA, OTHER, STUDIO
from judges.slack_validate import SlackJudge

pytest_plugins = ("doubles.slack.fixtures",)

Call = Callable[[AsyncWebClient], Awaitable[object]]


async def refused(call: Awaitable[object]) -> str:
    """The error a call is refused with."""
    with pytest.raises(SlackApiError) as caught:
        await call
    error: str = caught.value.response["error"]
    return error


def section(text: str) -> list[dict[str, Any]]:
    """A block with that text."""
    return [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]


def say(text: str, **more: Any) -> Call:
    """A post."""
    return lambda client: client.chat_postMessage(channel=GENERAL, text=text, **more)


def say_nothing(client: AsyncWebClient) -> Awaitable[object]:
    """A post without words, which the SDK itself would warn of."""
    return client.api_call("chat.postMessage", json={"channel": GENERAL})


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (say("for <!channel>"), "chat.postMessage: the unescaped broadcast <!channel>"),
        (say("x", blocks=section("to <!here|here>")), "chat.postMessage: the unescaped broadcast <!here|here>"),
        (say("@all", link_names=True), "chat.postMessage: link_names turns words into mentions"),
        (say("@all", parse="full"), "chat.postMessage: parse=full turns words into mentions"),
        (lambda client: client.auth_test(team_id=OTHER), f"auth.test: team_id {OTHER} with the token of T000000HOME"),
    ],
)
async def test_what_slack_would_let_pass_is_a_violation(slack_double: SlackDouble, call: Call, complaint: str) -> None:
    await call(client_of(slack_double))
    assert slack_double.take_violations() == [complaint]


@pytest.mark.parametrize(
    ("call", "error", "complaint"),
    [
        (say_nothing, "no_text", "'text' is a required property"),
        (say("x", blocks=section("y" * 3001)), "invalid_blocks", "text attribute cannot exceed 3000 characters"),
        (say("x", blocks=section("y") * 51), "invalid_blocks", "51 blocks, at most 50 are allowed"),
        (say("x", blocks=[{"type": "secton"}]), "invalid_blocks", "no known form has the type 'secton'"),
        (lambda client: client.api_call("chat.shout"), "unknown_method", "chat.shout: unknown method"),
    ],
)
@pytest.mark.usefixtures("slack_referee")
async def test_what_slack_refuses_is_a_violation_too(
    slack_double: SlackDouble, call: Call, error: str, complaint: str
) -> None:
    await client_of(slack_double).auth_test()
    assert await refused(call(client_of(slack_double))) == error
    assert any(complaint in each for each in slack_double.take_violations())
    assert slack_double.home.messages_in(GENERAL) == []


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (say_nothing, "no_text"),
        (say("x" * 40_001), "msg_too_long"),
        (say("x", blocks=section("y") * 51), "invalid_blocks"),
        (say("x", blocks=section("y" * 3001)), "invalid_blocks"),
        (say("x", thread_ts="1.000001"), "thread_not_found"),
        (lambda client: client.chat_update(channel=GENERAL, ts="soon", text="x"), "bad_timestamp"),
        (lambda client: client.chat_postEphemeral(channel=STUDIO, user="U0000OWNER", text="x"), "user_not_in_channel"),
        (lambda client: client.reactions_add(channel=GENERAL, timestamp="1.000001", name="x"), "message_not_found"),
        (
            lambda client: client.views_publish(user_id="U0NOBODY", view={"type": "home", "blocks": []}),
            "user_not_found",
        ),
    ],
)
async def test_without_judges_the_rules_still_hold(call: Call, error: str) -> None:
    async with SlackDouble(None) as double:
        assert await refused(call(client_of(double))) == error
    assert double.judged == 0


@pytest.mark.usefixtures("slack_referee")
async def test_a_misspelt_argument_is_a_violation(slack_double: SlackDouble) -> None:
    await client_of(slack_double).chat_postMessage(channel=GENERAL, text="x", treadh_ts="1.1")
    (complaint,) = slack_double.take_violations()
    assert "treadh_ts" in complaint


async def test_a_reply_to_a_reply_is_a_violation_and_goes_to_the_thread(slack_double: SlackDouble) -> None:
    client = client_of(slack_double)
    parent = (await client.chat_postMessage(channel=GENERAL, text="parent"))["ts"]
    reply = (await client.chat_postMessage(channel=GENERAL, text="reply", thread_ts=parent))["ts"]
    await client.chat_postMessage(channel=GENERAL, text="reply to it", thread_ts=reply)
    assert slack_double.take_violations() == [
        "chat.postMessage: thread_ts is that of a reply, not of the thread's parent"
    ]
    (message,) = [each for each in slack_double.home.messages_in(GENERAL) if each.ts == parent]
    assert [each.text for each in slack_double.home.replies(message)] == ["reply", "reply to it"]


async def test_strange_routes_and_verbs_are_violations(slack_double: SlackDouble) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{slack_double.platform.url}/nowhere") as answer:
            assert answer.status == 404
        async with session.put(f"{slack_double.base_url}auth.test?token=x") as answer:
            assert await answer.json() == {"ok": False, "error": "invalid_auth"}
    assert slack_double.take_violations() == [
        "GET /nowhere: the double has no such route",
        "auth.test: called with PUT",
        "auth.test: a token in the query",
    ]
    await client_of(slack_double).auth_test()


async def test_a_file_goes_through_its_steps_once_and_in_order(slack_double: SlackDouble) -> None:
    client = client_of(slack_double)
    announced = await client.files_getUploadURLExternal(filename="clip.mp4", length=len(CLIP))
    named = [{"id": announced["file_id"], "title": "A clip"}]
    assert await refused(client.files_completeUploadExternal(files=named)) == "file_not_found"
    async with aiohttp.ClientSession() as session, session.post(announced["upload_url"], data=CLIP[1:]) as answer:
        assert answer.status == 400
    edit = client.chat_update(channel=GENERAL, ts=await ts_of(client), text="x", file_ids=[announced["file_id"]])
    assert await refused(edit) == "file_not_found"
    early, short, absent = slack_double.take_violations()
    assert early.endswith("was completed before its bytes were uploaded")
    assert short.endswith(f"{len(CLIP) - 1} bytes were uploaded, {len(CLIP)} were announced")
    assert absent.endswith("which is no completed file of this workspace")


async def test_a_file_is_shown_in_one_message(slack_double: SlackDouble) -> None:
    client = client_of(slack_double)
    first, second, file_id = await ts_of(client), await ts_of(client), await upload(client)
    await client.chat_update(channel=GENERAL, ts=first, text="done", file_ids=[file_id])
    again = client.chat_update(channel=GENERAL, ts=second, text="done", file_ids=[file_id])
    assert await refused(again) == "file_already_shared"
    (complaint,) = slack_double.take_violations()
    assert complaint.endswith("which is shared elsewhere already")


async def ts_of(client: AsyncWebClient) -> str:
    """The ts of a fresh message."""
    ts: str = (await client.chat_postMessage(channel=GENERAL, text="queued"))["ts"]
    return ts


async def test_text_may_enter_public_channels_uninvited_but_files_may_not(open_slack_double: OpenDouble) -> None:
    double = await open_slack_double(scopes=["chat:write", "chat:write.public", "files:write"])
    client = client_of(double)
    await double.fault(faults.BotRemoved(GENERAL))
    ts, file_id = await ts_of(client), await upload(client)
    edit = client.chat_update(channel=GENERAL, ts=ts, text="x", file_ids=[file_id])
    assert await refused(edit) == "not_in_channel"
    sharing = client.files_upload_v2(content=CLIP, filename="clip.mp4", channel=GENERAL)
    assert await refused(sharing) == "not_in_channel"
    assert await refused(client.chat_postMessage(channel=STUDIO, text="x", thread_ts="1.1")) == "thread_not_found"


async def test_a_trigger_works_once_and_for_three_seconds(slack_double: SlackDouble) -> None:
    client, view = client_of(slack_double), settings_view("Settings")
    async with bot_on_sockets(slack_double):
        once = (await slack_double.slash("/quiet")).payload["trigger_id"]
        late = (await slack_double.slash("/quiet")).payload["trigger_id"]
    await client.views_open(trigger_id=once, view=view)
    assert await refused(client.views_open(trigger_id=once, view=view)) == "exchanged_trigger_id"
    slack_double.clock.advance(3.5)
    assert await refused(client.views_open(trigger_id=late, view=view)) == "expired_trigger_id"
    twice, old = slack_double.take_violations()
    assert twice == "views.open: a trigger_id works once"
    assert old.startswith("views.open: a trigger_id lives 3 s, this one was ")


async def test_a_response_url_answers_five_times_within_thirty_minutes(slack_double: SlackDouble) -> None:
    async with bot_on_sockets(slack_double):
        first, second = (await slack_double.slash("/quiet")), (await slack_double.slash("/quiet"))
    answering = AsyncWebhookClient(first.payload["response_url"])
    assert [(await answering.send(text=f"{n}")).body for n in range(5)] == ["ok"] * 5
    assert [(each.text, each.ephemeral_for) for each in slack_double.home.messages_in(GENERAL)] == [
        (f"{n}", MIRA) for n in range(5)
    ]
    assert json.loads((await answering.send(text="6")).body) == {"ok": False, "error": "used_url"}
    slack_double.clock.advance(1_801)
    late = await AsyncWebhookClient(second.payload["response_url"]).send(text="late")
    assert (late.status_code, json.loads(late.body)) == (404, {"ok": False, "error": "expired_url"})
    assert slack_double.take_violations() == [
        "a response URL was used 6 times",
        "a response URL was used after thirty minutes",
    ]


async def test_a_response_url_of_a_click_replaces_and_deletes_its_message(slack_double: SlackDouble) -> None:
    async with bot_on_sockets(slack_double):
        await slack_double.slash("/animate", "a boat")
        message = await slack_double.wait_for_message(lambda each: each.file_ids)
        click = await slack_double.click(message, "again")
        await slack_double.wait_for(lambda: slack_double.home.replies(message))
    answering = AsyncWebhookClient(click.payload["response_url"])
    await answering.send(text="changed", replace_original=True)
    assert (message.text, message.blocks) == ("changed", [])
    await answering.send(delete_original=True)
    assert message.deleted


async def test_the_fixture_fails_a_test_with_violations_or_without_judgement(slack_referee: SlackJudge) -> None:
    async with SlackDouble(slack_referee) as double:
        with pytest.raises(AssertionError, match="nothing was judged"):
            double.assert_faultless()
        await client_of(double).chat_postMessage(channel=GENERAL, text="<!everyone>")
        with pytest.raises(AssertionError, match="unescaped broadcast"):
            double.assert_faultless()
        double.take_violations()
        double.assert_faultless()
