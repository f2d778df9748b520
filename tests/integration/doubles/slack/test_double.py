"""The Slack double, driven by a real Bolt app: what a video bot does comes out as it would on Slack."""

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from doubles.slack.bolt_servers import bot_behind_http, bot_on_sockets
from doubles.slack.sample_bot import CLIP, client_of, settings_view, status_blocks, upload
from doubles.slack.server import OpenDouble, SlackDouble
from doubles.slack.state.workspaces import OpenView
from doubles.slack.world import (
    ADMIN,
    APP_TOKEN,
    BOT,
    CLIENT_ID,
    CLIENT_SECRET,
    DM,
    EXTERNAL,
    GENERAL,
    HOME,
    LENA,
    MINIMUM_SCOPES,
    MIRA,
    NOAH,
    OTHER,
    OTHER_BOT,
    OWNER,
    PARTNER,
    SECRET,
    SHARED,
    STUDIO,
)

pytest_plugins = ("doubles.slack.fixtures",)


async def read(url: str, token: str | None = None) -> tuple[int, bytes]:
    """GET a URL with a bearer token or without."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status, await answer.read()


async def posted(client: AsyncWebClient, text: str = "queued", channel: str = GENERAL, **more: object) -> str:
    """Post a message of the bot; its ts."""
    ts: str = (await client.chat_postMessage(channel=channel, text=text, **more))["ts"]
    return ts


async def refused(call: object) -> str:
    """The error a call is refused with."""
    with pytest.raises(SlackApiError) as caught:
        await call
    error: str = caught.value.response["error"]
    return error


@pytest.mark.parametrize("running", [bot_on_sockets, bot_behind_http])
async def test_a_command_becomes_one_message_that_ends_with_the_clip(slack_double: SlackDouble, running) -> None:
    async with running(slack_double):
        delivery = await slack_double.slash("/animate", "a <!channel> boat")
        assert delivery.ack is not None
        assert delivery.ack.delay < 3
        message = await slack_double.wait_for_message(lambda each: each.text.startswith("done"))

    assert [each.text for each in message.revisions] == [
        "queued: a &lt;!channel&gt; boat",
        "done: a &lt;!channel&gt; boat",
    ]
    assert slack_double.home.messages_in(GENERAL) == [message]
    assert message.metadata == {"event_type": "job", "event_payload": {"job_id": "job-1"}}
    file = slack_double.file(message.file_ids[0])
    assert (file.content, file.alt_text, file.shares) == (CLIP, "a paper boat", [(GENERAL, message.ts)])


async def test_the_bytes_of_a_clip_are_for_tokens_of_its_workspace_only(slack_double: SlackDouble) -> None:
    file_id = await upload(client_of(slack_double))

    address = slack_double.file_url(file_id)
    assert await read(address, slack_double.home.tokens.bot) == (200, CLIP)
    assert (await read(address))[0] == 401
    assert (await read(address, slack_double.other.tokens.bot))[0] == 401


@pytest.mark.parametrize("running", [bot_on_sockets, bot_behind_http])
async def test_clicks_reactions_and_mentions_reach_the_bot_and_its_answers_the_thread(
    slack_double: SlackDouble, running
) -> None:
    async with running(slack_double):
        await slack_double.slash("/animate", "a boat")
        status = await slack_double.wait_for_message(lambda each: each.file_ids)
        await slack_double.click(status, "again", user=NOAH)
        await slack_double.react(GENERAL, status.ts, "repeat")
        await slack_double.mention("and another", thread_ts=status.ts)
        await slack_double.wait_for(lambda: len(slack_double.home.replies(status)) == 4)

    said = {each.text for each in slack_double.home.replies(status)}
    assert said == {f"again for <@{NOAH}>", "saw repeat", f"<@{BOT}> and another", "heard you"}


async def test_a_click_on_an_invisible_button_is_a_mistake_of_the_test(slack_double: SlackDouble) -> None:
    await posted(client_of(slack_double))
    (message,) = slack_double.home.messages_in(GENERAL)
    with pytest.raises(LookupError, match="no element 'again'"):
        await slack_double.click(message, "again")


@pytest.mark.parametrize("running", [bot_on_sockets, bot_behind_http])
async def test_a_modal_is_opened_refused_and_saved(slack_double: SlackDouble, running) -> None:
    async with running(slack_double):
        await slack_double.slash("/settings", user=ADMIN)
        view = await slack_double.wait_for(lambda: next(iter(slack_double.home.views.values()), None))
        assert isinstance(view, OpenView)
        await slack_double.submit(view, {"limit": "many"})
        assert (view.is_open, view.errors) == (True, {"limits": "A number, please"})
        await slack_double.submit(view, {"limit": "7"})
        assert (view.is_open, view.errors) == (False, {})


async def test_the_home_tab_is_published_for_the_person_who_opens_it(slack_double: SlackDouble) -> None:
    async with bot_on_sockets(slack_double):
        await slack_double.open_home(user=OWNER)
        await slack_double.wait_for(lambda: slack_double.home.homes)
    assert slack_double.home.homes[OWNER].body == {"type": "home", "blocks": status_blocks("Welcome")}


async def test_a_direct_message_reaches_the_bot(slack_double: SlackDouble) -> None:
    async with bot_on_sockets(slack_double):
        said = await slack_double.say("hello", DM)
    (delivery,) = slack_double.deliveries
    assert (delivery.kind, delivery.payload["event"]["ts"], delivery.ack is not None) == ("message", said.ts, True)


async def test_the_bot_gets_no_events_from_channels_it_is_not_in(slack_double: SlackDouble) -> None:
    assert await slack_double.mention("hello", SECRET) is None
    await posted(client_of(slack_double))
    assert slack_double.deliveries == []


async def test_the_bots_own_reaction_comes_back_to_it(slack_double: SlackDouble) -> None:
    client = client_of(slack_double)
    async with bot_on_sockets(slack_double):
        ts = await posted(client)
        await client.reactions_add(channel=GENERAL, timestamp=ts, name="repeat")
        assert await refused(client.reactions_add(channel=GENERAL, timestamp=ts, name="repeat")) == "already_reacted"
        await slack_double.wait_for(lambda: slack_double.deliveries and slack_double.deliveries[0].ack)
    assert slack_double.deliveries[0].payload["event"]["user"] == BOT
    shown = (await client.reactions_get(channel=GENERAL, timestamp=ts))["message"]["reactions"]
    assert shown == [{"name": "repeat", "users": [BOT], "count": 1}]


async def test_two_workspaces_with_the_same_channel_id_are_kept_apart(slack_double: SlackDouble) -> None:
    here, there = client_of(slack_double), client_of(slack_double, slack_double.other.tokens.bot)
    ts = await posted(here, "at home")
    await posted(there, "elsewhere")

    assert [each.text for each in slack_double.home.messages_in(GENERAL)] == ["at home"]
    assert [each.text for each in slack_double.other.messages_in(GENERAL)] == ["elsewhere"]
    assert await refused(there.chat_update(channel=GENERAL, ts=ts, text="mine now")) == "message_not_found"
    assert (await there.auth_test())["user_id"] == OTHER_BOT
    assert await refused(there.users_info(user=MIRA)) == "user_not_found"


async def test_a_command_in_the_other_workspace_is_answered_there(slack_double: SlackDouble) -> None:
    async with bot_on_sockets(slack_double):
        delivery = await slack_double.slash("/animate", "a boat", team=OTHER)
        message = await slack_double.wait_for_message(lambda each: each.file_ids)
    assert (delivery.payload["team_id"], delivery.payload["user_id"]) == (OTHER, LENA)
    assert (message.team, slack_double.file(message.file_ids[0], team=OTHER).content) == (OTHER, CLIP)


async def test_people_and_channels_have_the_same_fields_as_on_slack(slack_double: SlackDouble) -> None:
    client = client_of(slack_double)
    admin, visitor = (await client.users_info(user=ADMIN))["user"], (await client.users_info(user=EXTERNAL))["user"]
    assert (admin["is_admin"], admin["is_owner"], admin["team_id"]) == (True, False, HOME)
    assert (visitor["is_admin"], visitor["team_id"]) == (False, PARTNER)

    shared = (await client.conversations_info(channel=SHARED))["channel"]
    assert (shared["is_ext_shared"], shared["shared_team_ids"]) == (True, [HOME, PARTNER])
    assert await refused(client.conversations_info(channel=SECRET)) == "channel_not_found"
    assert (await client.conversations_members(channel=STUDIO))["members"] == sorted([MIRA, NOAH, BOT])


async def test_metadata_is_kept_by_edits_and_shown_when_asked_for(open_slack_double: OpenDouble) -> None:
    client = client_of(await open_slack_double(scopes=[*MINIMUM_SCOPES, "channels:history"]))
    metadata = {"event_type": "job", "event_payload": {"job_id": "job-1"}}
    ts = await posted(client, metadata=metadata)
    await client.chat_update(channel=GENERAL, ts=ts, text="done")
    reply = await posted(client, "reply", thread_ts=ts)

    shown = (await client.conversations_history(channel=GENERAL, include_all_metadata=True))["messages"]
    assert [(each["ts"], each["text"], each["metadata"]) for each in shown] == [(ts, "done", metadata)]
    thread = (await client.conversations_replies(channel=GENERAL, ts=ts))["messages"]
    assert [(each["ts"], "metadata" in each) for each in thread] == [(ts, False), (reply, False)]


async def test_a_missing_scope_is_named(open_slack_double: OpenDouble) -> None:
    client = client_of(await open_slack_double(scopes=["chat:write"]))
    with pytest.raises(SlackApiError) as caught:
        await client.files_getUploadURLExternal(filename="clip.mp4", length=3)
    assert caught.value.response.data == {
        "ok": False,
        "error": "missing_scope",
        "needed": "files:write",
        "provided": "chat:write",
    }
    assert (await client.auth_test()).headers["x-oauth-scopes"] == "chat:write"


async def test_tokens_are_for_what_they_are_for(slack_double: SlackDouble) -> None:
    client = client_of(slack_double)
    assert await refused(client_of(slack_double, "xoxb-made-up").auth_test()) == "invalid_auth"
    assert await refused(client_of(slack_double, APP_TOKEN).auth_test()) == "not_allowed_token_type"
    assert await refused(client.apps_connections_open(app_token=client.token or "")) == "not_allowed_token_type"


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")
async def test_a_code_buys_a_token_once_and_an_uninstalled_app_has_none(slack_double: SlackDouble) -> None:
    nobody = AsyncWebClient(base_url=slack_double.base_url)
    code = slack_double.approve(OTHER)
    bought = await nobody.oauth_v2_access(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, code=code)
    assert (bought["team"], bought["bot_user_id"]) == ({"id": OTHER, "name": "Other"}, OTHER_BOT)
    again = nobody.oauth_v2_access(client_id=CLIENT_ID, client_secret=CLIENT_SECRET, code=code)
    assert await refused(again) == "invalid_code"

    async with bot_on_sockets(slack_double):
        told = await slack_double.uninstall(OTHER)
    assert [(each.kind, each.ack is not None) for each in told] == [("tokens_revoked", True), ("app_uninstalled", True)]
    assert await refused(client_of(slack_double, bought["access_token"]).auth_test()) == "account_inactive"


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")
async def test_rotated_tokens_expire_after_twelve_hours(slack_double: SlackDouble) -> None:
    nobody, slack_double.home.tokens.refresh = AsyncWebClient(base_url=slack_double.base_url), "xoxe-first"
    form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "grant_type": "refresh_token"}
    fresh = await nobody.oauth_v2_access(**form, refresh_token="xoxe-first")
    assert fresh["expires_in"] == 43_200
    client = client_of(slack_double, fresh["access_token"])
    assert (await client.auth_test())["ok"]
    slack_double.clock.advance(43_201)
    assert await refused(client.auth_test()) == "token_expired"


async def test_a_view_can_be_replaced_while_its_hash_is_fresh(slack_double: SlackDouble) -> None:
    client = client_of(slack_double)
    first = (await client.views_publish(user_id=MIRA, view={"type": "home", "blocks": status_blocks("one")}))["view"]
    await client.views_update(view_id=first["id"], view={"type": "home", "blocks": status_blocks("two")})
    stale = client.views_update(view_id=first["id"], hash=first["hash"], view=settings_view("Late"))
    assert await refused(stale) == "hash_conflict"
