"""How Slack shows what it keeps: the objects inside its answers and deliveries."""

import mimetypes
from typing import Any

from doubles.slack.state.workspaces import Channel, File, Json, Message, OpenView, User, Workspace
from doubles.slack.world import APP_ID


def with_block_ids(blocks: list[Json]) -> list[Json]:
    """Blocks as Slack gives them back: each has a block_id."""
    return [{"block_id": f"block{index}", **block} for index, block in enumerate(blocks)]


def posted_message(message: Message) -> Json:
    """The message in an answer of chat.postMessage."""
    shown = updated_message(message) | {"ts": message.ts}
    shown.pop("files", None)
    shown.pop("edited", None)
    return shown | ({"thread_ts": message.thread_ts} if message.thread_ts else {})


def updated_message(message: Message, workspace: Workspace | None = None) -> Json:
    """The message in an answer of chat.update: without its ts."""
    shown: Json = {"type": "message", "user": message.user, "text": message.text, "team": message.team}
    if message.bot_id:
        shown |= {"bot_id": message.bot_id, "app_id": APP_ID}
    if message.blocks:
        shown["blocks"] = with_block_ids(message.blocks)
    if message.metadata:
        shown["metadata"] = message.metadata
    if message.edited_ts:
        shown["edited"] = {"user": message.user, "ts": message.edited_ts}
    if message.file_ids and workspace:
        shown["files"] = [file_object(workspace.files[each]) for each in message.file_ids]
    return shown


def past_message(message: Message, workspace: Workspace, *, with_metadata: bool) -> Json:
    """The message in an answer of conversations.history, conversations.replies and reactions.get."""
    shown = updated_message(message, workspace) | {"ts": message.ts}
    if not with_metadata:
        shown.pop("metadata", None)
    if message.attachments:
        shown["attachments"] = message.attachments
    if message.reactions:
        shown["reactions"] = [
            {"name": name, "users": users, "count": len(users)} for name, users in message.reactions.items()
        ]
    replies = workspace.replies(message)
    if replies:
        shown |= {"thread_ts": message.ts, "reply_count": len(replies), "latest_reply": replies[-1].ts}
    elif message.thread_ts:
        shown["thread_ts"] = message.thread_ts
    return shown


def file_object(file: File, *, is_ready: bool = True) -> Json:
    """A file; before Slack has looked at it, its mimetype is empty."""
    if file.deleted:
        return {"id": file.id, "mode": "tombstone"}
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    suffix = file.name.rpartition(".")[2]
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": kind if is_ready else "",
        "filetype": suffix if is_ready else "",
        "pretty_type": suffix.upper() if is_ready else "",
        "user": file.owner,
        "user_team": file.team,
        "size": file.length,
        "mode": "hosted",
        "editable": False,
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "has_rich_preview": False,
        "file_access": "visible",
        "media_display_type": "video" if kind.startswith("video/") else "unknown",
    } | ({"alt_txt": file.alt_text} if file.alt_text else {})


def file_links(file: File, url: str) -> Json:
    """Where a file's bytes are; both addresses need a token."""
    address = f"{url}/files-pri/{file.team}-{file.id}/{file.name}"
    return {"url_private": address, "url_private_download": f"{address}?download=1", "permalink": address}


def file_shares(file: File, workspace: Workspace) -> Json:
    """Which messages show a file, as files.info lists them."""
    shares: dict[str, dict[str, list[Json]]] = {}
    for channel_id, ts in file.shares:
        channel = workspace.channels[channel_id]
        side = "public" if channel.kind == "public" else "private"
        shares.setdefault(side, {}).setdefault(channel_id, []).append(
            {"ts": ts, "channel_name": channel.name, "team_id": file.team, "share_user_id": file.owner}
        )
    return {"shares": shares}


def channel_object(channel: Channel, workspace: Workspace) -> Json:
    """A channel as conversations.info and conversations.join show it."""
    shown: Json = {
        "id": channel.id,
        "created": channel.created,
        "is_im": channel.kind == "dm",
        "is_archived": channel.archived,
        "is_org_shared": False,
        "context_team_id": workspace.team,
    }
    if channel.kind == "dm":
        return shown
    return shown | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_mpim": False,
        "is_private": channel.kind == "private",
        "is_member": workspace.bot_user in channel.members,
        "is_general": channel.name == "general",
        "is_shared": bool(channel.partner_teams),
        "is_ext_shared": bool(channel.partner_teams),
        "shared_team_ids": [workspace.team, *channel.partner_teams],
    }


def user_object(user: User, workspace: Workspace) -> Json:
    """A person as users.info shows them; of a person from elsewhere only the team is known."""
    return {
        "id": user.id,
        "team_id": user.team,
        "name": user.name,
        "real_name": user.name.title(),
        "deleted": False,
        "is_admin": user.is_admin,
        "is_owner": user.is_owner,
        "is_primary_owner": user.is_owner,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "is_stranger": False,
        "tz": "Europe/Vienna",
        "tz_offset": 3600,
        "updated": 1_700_000_000,
        "profile": {"display_name": user.name, "real_name": user.name.title(), "team": user.team},
    } | ({} if user.team == workspace.team else {"is_admin": False, "is_owner": False})


def view_object(view: OpenView, workspace: Workspace, values: Json | None = None) -> Json:
    """A view with everything the bot did not say filled in."""
    body = view.body
    shown: dict[str, Any] = {
        "id": view.id,
        "team_id": view.team,
        "type": body["type"],
        "title": body.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
        "blocks": with_block_ids(body.get("blocks", [])),
        "private_metadata": body.get("private_metadata", ""),
        "callback_id": body.get("callback_id", ""),
        "external_id": body.get("external_id", ""),
        "state": {"values": values or {}},
        "hash": view.hash,
        "clear_on_close": bool(body.get("clear_on_close")),
        "notify_on_close": bool(body.get("notify_on_close")),
        "root_view_id": view.root_id,
        "app_id": APP_ID,
        "app_installed_team_id": view.team,
        "bot_id": workspace.bot_id,
    }
    return shown | {name: body[name] for name in ("submit", "close") if body.get(name)}
