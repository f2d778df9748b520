"""Every fault of the Slack double does what it says, to a real Bolt app or a real Slack client."""

from collections.abc import Awaitable

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from doubles.slack import faults
from doubles.slack.bolt_servers import bot_behind_http, bot_on_sockets
from doubles.slack.sample_bot import CLIP, bolt_app, client_of, settings_view, upload
from doubles.slack.server import OpenDouble, SlackDouble
from doubles.slack.web_api.limits import RateLimits
from doubles.slack.world import GENERAL, OFFTOPIC, OTHER, STUDIO

pytest_plugins = ("doubles.slack.fixtures",)

QUICK_PINGS = 0.5


async def error_of(call: Awaitable[object]) -> str:
    """The error a call is refused with."""
    with pytest.raises(SlackApiError) as caught:
        await call
    error: str = caught.value.response["error"]
    return error


async def posted(client: AsyncWebClient, channel: str = GENERAL) -> str:
    """Post a message of the bot; its ts."""
    ts: str = (await client.chat_postMessage(channel=channel, text="queued"))["ts"]
    return ts


def quick_client(double: SlackDouble) -> AsyncWebClient:
    """A client that repeats nothing by itself."""
    return AsyncWebClient(token=double.home.tokens.bot, base_url=double.base_url, retry_handlers=[])


# Web API


async def test_ratelimited_calls_are_told_how_long_to_wait(slack_double: SlackDouble) -> None:
    client = client_of(slack_double)
    await slack_double.fault(faults.RateLimited("chat.postMessage", times=2, retry_after=7))
    for _ in range(2):
        with pytest.raises(SlackApiError) as caught:
            await posted(client)
        assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "7")
    await posted(client)
    assert (slack_double.rate_limited, len(slack_double.home.messages_in(GENERAL))) == (2, 1)


async def test_real_limits_count_messages_by_channel_and_edits_by_workspace(open_slack_double: OpenDouble) -> None:
    double = await open_slack_double(rate_limits=RateLimits(), ticks=lambda: 0.0)
    client = client_of(double)
    ts = await posted(client)
    assert await error_of(posted(client)) == "ratelimited"
    await posted(client, STUDIO)
    double.clock.advance(1.0)
    await posted(client)

    for _ in range(50):
        await client.chat_update(channel=GENERAL, ts=ts, text="running")
    assert await error_of(client.chat_update(channel=GENERAL, ts=ts, text="running")) == "ratelimited"
    double.clock.advance(60.0)
    await client.chat_update(channel=GENERAL, ts=ts, text="done")
    assert double.rate_limited == 2


async def test_a_stored_post_can_answer_500_or_fatal_error(slack_double: SlackDouble) -> None:
    client = client_of(slack_double)
    await slack_double.fault(faults.StoredThenFails("chat.postMessage"))
    with pytest.raises(SlackApiError) as caught:
        await posted(client)
    assert caught.value.response.status_code == 500
    await slack_double.fault(faults.StoredThenFails("chat.postMessage", status=None))
    assert await error_of(posted(client)) == "fatal_error"
    assert len(slack_double.home.messages_in(GENERAL)) == 2


async def test_a_connection_cut_after_a_post_makes_the_sdk_post_twice(slack_double: SlackDouble) -> None:
    await slack_double.fault(faults.ConnectionCut("chat.postMessage"))
    await posted(client_of(slack_double))
    assert len(slack_double.home.messages_in(GENERAL)) == 2


async def test_without_retries_a_cut_connection_is_an_error_and_one_message(slack_double: SlackDouble) -> None:
    await slack_double.fault(faults.ConnectionCut("chat.postMessage"))
    with pytest.raises(aiohttp.ClientError):
        await posted(quick_client(slack_double))
    assert len(slack_double.home.messages_in(GENERAL)) == 1


async def test_any_method_can_be_refused_with_any_error(slack_double: SlackDouble) -> None:
    client = client_of(slack_double)
    await slack_double.fault(faults.AnswersError("chat.postMessage", "internal_error"))
    assert await error_of(posted(client)) == "internal_error"
    await posted(client)
    assert len(slack_double.home.messages_in(GENERAL)) == 1


async def test_an_expired_trigger_opens_nothing(slack_double: SlackDouble) -> None:
    async with bot_on_sockets(slack_double):
        trigger = (await slack_double.slash("/quiet")).payload["trigger_id"]
    client = client_of(slack_double)
    await slack_double.fault(faults.TriggerExpired())
    late = client.views_open(trigger_id=trigger, view=settings_view("Late"))
    assert await error_of(late) == "expired_trigger_id"
    await client.views_open(trigger_id=trigger, view=settings_view("In time"))


@pytest.mark.parametrize("error", ["token_revoked", "account_inactive"])
async def test_dead_tokens_refuse_everything_in_their_workspace(slack_double: SlackDouble, error: str) -> None:
    await slack_double.fault(faults.TokensDead(error))
    assert await error_of(client_of(slack_double).auth_test()) == error
    assert (await client_of(slack_double, slack_double.other.tokens.bot).auth_test())["team_id"] == OTHER


# Files


async def test_an_upload_that_failed_can_be_repeated_at_the_same_address(slack_double: SlackDouble) -> None:
    client = client_of(slack_double)
    await slack_double.fault(faults.UploadFails())
    with pytest.raises(SlackRequestError, match="status: 500"):
        await upload(client)

    announced = slack_double.calls("files.getUploadURLExternal")[0].answer
    async with aiohttp.ClientSession() as session, session.post(announced["upload_url"], data=CLIP) as answer:
        assert (answer.status, await answer.text()) == (200, f"OK - {len(CLIP)}")
    await client.files_completeUploadExternal(files=[{"id": announced["file_id"], "title": "A clip"}])
    assert slack_double.file(announced["file_id"]).content == CLIP


async def test_a_completion_that_was_cut_off_counts_and_cannot_be_repeated(slack_double: SlackDouble) -> None:
    await slack_double.fault(faults.ConnectionCut("files.completeUploadExternal"))
    assert await error_of(upload(client_of(slack_double))) == "file_not_found"
    (file,) = slack_double.home.files.values()
    assert (file.completed, file.completions, file.shares) == (True, 2, [])


async def test_shares_and_mimetype_appear_late_or_never(slack_double: SlackDouble) -> None:
    client = client_of(slack_double)
    done = await client.files_upload_v2(content=CLIP, filename="clip.mp4", channel=GENERAL, initial_comment="done")
    file_id = done["files"][0]["id"]
    await slack_double.fault(faults.FilesInfoLags(calls=2))
    seen = [(await client.files_info(file=file_id))["file"] for _ in range(3)]
    (message,) = slack_double.home.messages_in(GENERAL)
    assert [each["mimetype"] for each in seen] == ["", "", "video/mp4"]
    assert [each["shares"] for each in seen[:2]] == [{}, {}]
    assert [each["ts"] for each in seen[2]["shares"]["public"][GENERAL]] == [message.ts]

    slack_double.heal(faults.FilesInfoLags)
    await slack_double.fault(faults.FilesInfoLags())
    assert [(await client.files_info(file=file_id))["file"]["shares"] for _ in range(9)] == [{}] * 9


async def test_a_file_that_is_not_ready_refuses_the_edit_until_it_is(slack_double: SlackDouble) -> None:
    client = client_of(slack_double)
    ts, file_id = await posted(client), await upload(client)
    await slack_double.fault(faults.FileNotReady(times=2))
    for _ in range(2):
        edit = client.chat_update(channel=GENERAL, ts=ts, text="done", file_ids=[file_id])
        assert await error_of(edit) == "file_not_found"
    for _ in range(2):  # the same edit again changes nothing
        shown = await client.chat_update(channel=GENERAL, ts=ts, text="done", file_ids=[file_id])
        assert [each["id"] for each in shown["message"]["files"]] == [file_id]
    assert slack_double.file(file_id).shares == [(GENERAL, ts)]


# Places


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.BotRemoved(GENERAL), "not_in_channel"),
        (faults.BotRemoved(STUDIO), "channel_not_found"),
        (faults.ChannelGone(GENERAL), "channel_not_found"),
        (faults.ChannelArchived(GENERAL), "is_archived"),
    ],
)
async def test_a_channel_can_be_lost_before_and_after_a_post(slack_double: SlackDouble, fault, error: str) -> None:
    client = client_of(slack_double)
    ts = await posted(client, fault.channel)
    await slack_double.fault(fault)
    assert await error_of(posted(client, fault.channel)) == error
    assert await error_of(client.chat_update(channel=fault.channel, ts=ts, text="done")) == error


async def test_the_bot_can_join_public_channels_and_write_to_people_instead(slack_double: SlackDouble) -> None:
    client = client_of(slack_double)
    assert await error_of(posted(client, OFFTOPIC)) == "not_in_channel"
    await client.conversations_join(channel=OFFTOPIC)
    await posted(client, OFFTOPIC)
    assert await error_of(client.conversations_join(channel=STUDIO)) == "method_not_supported_for_channel_type"

    direct = (await client.conversations_open(users="U00000NOAH"))["channel"]["id"]
    await posted(client, direct)
    assert len(slack_double.home.messages_in(direct)) == 1


async def test_a_deleted_message_cannot_be_edited_nor_a_persons_at_all(slack_double: SlackDouble) -> None:
    client = client_of(slack_double)
    ts = await posted(client)
    await slack_double.fault(faults.MessageDeleted(GENERAL, ts))
    assert await error_of(client.chat_update(channel=GENERAL, ts=ts, text="done")) == "message_not_found"

    said = await slack_double.say("mine")
    assert await error_of(client.chat_update(channel=GENERAL, ts=said.ts, text="done")) == "cant_update_message"
    assert await error_of(client.chat_delete(channel=GENERAL, ts=said.ts)) == "cant_delete_message"


# Deliveries


async def test_a_dropped_socket_is_replaced(slack_double: SlackDouble) -> None:
    async with bot_on_sockets(slack_double, ping_seconds=QUICK_PINGS):
        await slack_double.fault(faults.SocketDropped())
        assert (await slack_double.slash("/quiet")).ack is not None
    assert slack_double.sockets_opened == 2


async def test_a_requested_disconnect_is_followed_at_once(slack_double: SlackDouble) -> None:
    async with bot_on_sockets(slack_double):
        await slack_double.fault(faults.DisconnectRequested())
        assert (await slack_double.slash("/quiet")).ack is not None
    assert slack_double.sockets_opened == 2


async def test_unanswered_pings_make_the_bot_connect_anew(slack_double: SlackDouble) -> None:
    async with bot_on_sockets(slack_double, ping_seconds=QUICK_PINGS):
        await slack_double.fault(faults.PongsStop())
        await slack_double.wait_for(lambda: slack_double.sockets_opened == 2)


async def test_an_envelope_whose_ack_was_lost_comes_again(slack_double: SlackDouble) -> None:
    async with bot_on_sockets(slack_double, ping_seconds=QUICK_PINGS):
        await slack_double.fault(faults.AckLost())
        delivery = await slack_double.slash("/quiet")
        assert (delivery.ack, delivery.attempts[0].lost) == (None, True)
        await slack_double.acknowledged(delivery)
    assert [(each.retry, each.ack is not None) for each in delivery.attempts] == [(0, False), (1, True)]


@pytest.mark.parametrize("running", [bot_on_sockets, bot_behind_http])
async def test_an_event_can_come_twice_as_a_retry_or_as_a_new_one(slack_double: SlackDouble, running) -> None:
    app, seen = bolt_app(slack_double), []

    @app.middleware
    async def remember(req, next):  # noqa: A002 the name Bolt looks for
        seen.append((req.body["event_id"], req.headers.get("x-slack-retry-num", ["0"])[0]))
        await next()

    ts = await posted(client_of(slack_double))
    async with running(slack_double, app):
        await slack_double.fault(faults.EventsDoubled())
        first = await slack_double.react(GENERAL, ts, "repeat")
        await slack_double.fault(faults.EventsDoubled(fresh_id=True))
        second = await slack_double.react(GENERAL, ts, "tada")
        await slack_double.wait_for(lambda: len(slack_double.calls("chat.postMessage")) == 5)

    twin = slack_double.deliveries[2]
    assert first is not None
    assert second is not None
    assert twin.payload["event"] == second.payload["event"]
    ids = [each.payload["event_id"] for each in (first, second, twin)]
    assert len(set(ids)) == 3
    assert sorted(seen) == sorted([(ids[0], "0"), (ids[0], "1"), (ids[1], "0"), (ids[2], "0")])
