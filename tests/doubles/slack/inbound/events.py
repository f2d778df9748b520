"""The Events API: what the bot subscribed to, may see, and receives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubles.slack.inbound.deliveries import Delivery
from doubles.slack.state import render
from doubles.slack.state.workspaces import Channel, File, Json, Message, Workspace
from doubles.slack.world import APP_ID, VERIFICATION_TOKEN

if TYPE_CHECKING:
    from doubles.slack.platform import Platform

SCOPE_OF = {
    "member_joined_channel": "channels:read",
    "app_mention": "app_mentions:read",
    "file_shared": "files:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
}
_MESSAGES = {"public": "message.channels", "private": "message.groups", "dm": "message.im"}
_CHANNEL_TYPE = {"public": "channel", "private": "group", "dm": "im"}


def about(platform: Platform, workspace: Workspace, channel: Channel | None, event: Json) -> Delivery | None:
    """The delivery of an event, or None when the bot did not ask for it, may not know, or is not there."""
    name = _MESSAGES[channel.kind] if event["type"] == "message" and channel else event["type"]
    scope = SCOPE_OF.get(name)
    if name not in platform.events or (scope and scope not in workspace.tokens.scopes):
        return None
    if channel and (channel.gone or workspace.bot_user not in channel.members):
        return None
    return _delivery(platform, workspace, channel, event)


def message_posted(platform: Platform, workspace: Workspace, channel: Channel, message: Message) -> None:
    """The event for a new message."""
    event = as_told(message) | _at(message) | {"channel_type": _CHANNEL_TYPE[channel.kind], "event_ts": message.ts}
    _dispatch(platform, about(platform, workspace, channel, event))


def message_changed(platform: Platform, workspace: Workspace, message: Message, before: Json) -> None:
    """The event for an edit."""
    channel = workspace.channels[message.channel]
    event = _hidden(channel, "message_changed", message.edited_ts or message.ts)
    event |= {"message": as_told(message), "previous_message": before}
    _dispatch(platform, about(platform, workspace, channel, event))


def message_deleted(platform: Platform, workspace: Workspace, message: Message) -> None:
    """The event for a deletion."""
    channel = workspace.channels[message.channel]
    event = _hidden(channel, "message_deleted", platform.world.next_ts(platform.clock.now()))
    event |= {"deleted_ts": message.ts, "previous_message": as_told(message)}
    _dispatch(platform, about(platform, workspace, channel, event))


def file_shared(platform: Platform, workspace: Workspace, file: File, message: Message) -> None:
    """The event for a file that appeared in a channel."""
    event = {
        "type": "file_shared",
        "file_id": file.id,
        "user_id": file.owner,
        "file": {"id": file.id},
        "channel_id": message.channel,
        "event_ts": platform.world.next_ts(platform.clock.now()),
    }
    _dispatch(platform, about(platform, workspace, workspace.channels[message.channel], event))


def reaction(
    platform: Platform, message: Message, name: str, user: str, kind: str = "reaction_added"
) -> Delivery | None:
    """The event for a reaction; the bot gets its own ones as well."""
    workspace = platform.world.workspaces[message.team]
    event = {
        "type": kind,
        "user": user,
        "reaction": name,
        "item": {"type": "message"} | _at(message),
        "item_user": message.user,
        "event_ts": platform.world.next_ts(platform.clock.now()),
    }
    return about(platform, workspace, workspace.channels[message.channel], event)


def mention(platform: Platform, workspace: Workspace, channel: Channel, message: Message) -> Delivery | None:
    """The event for a message that names the bot."""
    event = as_told(message) | _at(message) | {"type": "app_mention", "event_ts": message.ts}
    return about(platform, workspace, channel, event)


def joined(platform: Platform, workspace: Workspace, channel: Channel, user: str, inviter: str) -> Delivery | None:
    """The event for somebody who came into a channel: for the bot too, once it is inside."""
    event = {
        "type": "member_joined_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": {"public": "C", "private": "G"}[channel.kind],
        "team": workspace.team,
        "inviter": inviter,
        "event_ts": platform.world.next_ts(platform.clock.now()),
    }
    return about(platform, workspace, channel, event)


def as_told(message: Message) -> Json:
    """A message as events show it."""
    told: Json = {
        "type": "message",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": message.team,
    }
    if message.blocks:
        told["blocks"] = render.with_block_ids(message.blocks)
    if message.thread_ts:
        told["thread_ts"] = message.thread_ts
    if message.bot_id:
        told["bot_id"] = message.bot_id
    return told


def _at(message: Message) -> Json:
    return {"channel": message.channel, "ts": message.ts}


def _hidden(channel: Channel, subtype: str, ts: str) -> Json:
    kind = {"channel": channel.id, "channel_type": _CHANNEL_TYPE[channel.kind]}
    return {"type": "message", "subtype": subtype, "hidden": True, "ts": ts, "event_ts": ts} | kind


def _dispatch(platform: Platform, delivery: Delivery | None) -> None:
    if delivery is not None:
        platform.courier.dispatch(delivery)


def _delivery(platform: Platform, workspace: Workspace, channel: Channel | None, event: Json) -> Delivery:
    payload = {
        "token": VERIFICATION_TOKEN,
        "team_id": workspace.team,
        "context_team_id": workspace.team,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": platform.world.next_id("Ev"),
        "event_time": int(platform.clock.now()),
        "authorizations": [_authorization(workspace)],
        "is_ext_shared_channel": bool(channel and channel.partner_teams),
        "event_context": platform.world.next_id("EC"),
    }
    return Delivery("events_api", str(event.get("subtype") or event["type"]), payload, workspace.team)


def _authorization(workspace: Workspace) -> Json:
    return {
        "enterprise_id": None,
        "team_id": workspace.team,
        "user_id": workspace.bot_user,
        "is_bot": True,
        "is_enterprise_install": False,
    }
