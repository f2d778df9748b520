"""conversations.*: channels and what was said in them."""

from collections.abc import Sequence

from doubles.slack.state import posting, render
from doubles.slack.state.workspaces import Channel, Json, Message
from doubles.slack.web_api.calls import Call, Refusal, method

_READ = {"public": "channels:read", "private": "groups:read", "dm": "im:read"}
_HISTORY = {"public": "channels:history", "private": "groups:history", "dm": "im:history"}


@method("conversations.info")
def info(call: Call) -> Json:
    """A channel, and whether the bot is in it."""
    channel = call.seen_channel(call.text("channel"))
    call.need_scope(_READ[channel.kind])
    shown = render.channel_object(channel, call.workspace)
    return {"channel": shown | ({"num_members": len(channel.members)} if call.says("include_num_members") else {})}


@method("conversations.members")
def members(call: Call) -> Json:
    """Who is in a channel."""
    channel = call.seen_channel(call.text("channel"))
    call.need_scope(_READ[channel.kind])
    return {"members": sorted(channel.members), "response_metadata": {"next_cursor": ""}}


@method("conversations.open", "im:write")
def open_direct(call: Call) -> Json:
    """The direct channel with a person, made if need be."""
    wanted = call.text("users") if call.given("users") else call.text("channel")
    existing = call.workspace.channels.get(wanted) or call.workspace.dm_with(wanted)
    if existing is None and wanted not in call.workspace.users:
        raise Refusal("user_not_found")
    if wanted == call.workspace.bot_user:
        raise Refusal("cannot_dm_bot")
    channel = existing or posting.direct_channel(call.platform, call.workspace, wanted)
    return {"channel": {"id": channel.id}} | ({"no_op": True, "already_open": True} if existing else {})


@method("conversations.join", "channels:join")
def join(call: Call) -> Json:
    """Enter a public channel."""
    channel = call.seen_channel(call.text("channel"))
    if channel.kind != "public":
        raise Refusal("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refusal("is_archived")
    answer: Json = {"warning": "already_in_channel"} if call.is_member(channel) else {}
    channel.members.add(call.workspace.bot_user)
    call.platform.changes.announce()
    return answer | {"channel": render.channel_object(channel, call.workspace)}


@method("conversations.history")
def history(call: Call) -> Json:
    """Messages outside threads, newest first."""
    channel = _readable(call)
    said = call.workspace.messages_in(channel.id)
    top = [each for each in said if each.thread_ts in (None, each.ts)]
    return _page(call, top[::-1])


@method("conversations.replies")
def replies(call: Call) -> Json:
    """A thread: its parent, then the replies."""
    channel = _readable(call)
    parent = call.workspace.message(channel.id, call.text("ts"))
    if parent is None:
        raise Refusal("thread_not_found")
    return _page(call, [parent, *call.workspace.replies(parent)])


def _readable(call: Call) -> Channel:
    channel = call.seen_channel(call.text("channel"))
    call.need_scope(_HISTORY[channel.kind])
    if not call.is_member(channel):
        raise Refusal("not_in_channel")
    return channel


def _page(call: Call, messages: Sequence[Message]) -> Json:
    wanted = [each for each in messages if not each.ephemeral_for and _is_within(call, each.ts)]
    start, limit = int(call.given("cursor") or 0), int(call.given("limit") or 100)
    shown = wanted[start : start + limit]
    has_more = len(wanted) > start + limit
    with_metadata = call.says("include_all_metadata")
    return {
        "messages": [render.past_message(each, call.workspace, with_metadata=with_metadata) for each in shown],
        "has_more": has_more,
        "response_metadata": {"next_cursor": str(start + limit) if has_more else ""},
    }


def _is_within(call: Call, ts: str) -> bool:
    oldest, latest = float(call.given("oldest") or 0), float(call.given("latest") or "inf")
    at = float(ts)
    return oldest <= at <= latest if call.says("inclusive") else oldest < at < latest
