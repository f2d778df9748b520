"""Messages come, change and go, by people and bots; the events about it go out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doubles.slack.inbound import events
from doubles.slack.state.workspaces import Channel, File, Json, Message, Revision, Workspace

if TYPE_CHECKING:
    from doubles.slack.platform import Platform


def post(
    platform: Platform, workspace: Workspace, channel: Channel, user: str, *, text: str = "", **content: Any
) -> Message:
    """Put a new message into a channel; `content` are further fields of Message."""
    message = Message(
        team=workspace.team,
        channel=channel.id,
        ts=platform.world.next_ts(platform.clock.now()),
        user=user,
        text=text,
        bot_id=workspace.bot_id if user == workspace.bot_user else None,
        **content,
    )
    workspace.messages[message.channel, message.ts] = message
    _remember(platform, message)
    if not message.ephemeral_for:
        events.message_posted(platform, workspace, channel, message)
    return message


def edit(platform: Platform, message: Message, changes: Json) -> None:
    """Replace those fields of a message; those that are missing stay as they are."""
    workspace = platform.world.workspaces[message.team]
    before = events.as_told(message)
    for name, value in changes.items():
        setattr(message, name, value)
    message.edited_ts = platform.world.next_ts(platform.clock.now())
    _remember(platform, message)
    if not message.ephemeral_for:
        events.message_changed(platform, workspace, message, before)


def remove(platform: Platform, message: Message) -> None:
    """Delete a message."""
    message.deleted = True
    platform.changes.announce()
    if not message.ephemeral_for:
        events.message_deleted(platform, platform.world.workspaces[message.team], message)


def share(platform: Platform, file: File, message: Message) -> None:
    """Note that a message shows a file."""
    shared_in = (message.channel, message.ts)
    if shared_in not in file.shares:
        file.shares.append(shared_in)
        events.file_shared(platform, platform.world.workspaces[message.team], file, message)
    platform.changes.announce()


def direct_channel(platform: Platform, workspace: Workspace, user: str) -> Channel:
    """The direct channel between the bot and a person, opened if it never was."""
    existing = workspace.dm_with(user)
    if existing is not None:
        return existing
    channel = Channel(platform.world.next_id("D"), "", "dm", {user, workspace.bot_user})
    workspace.channels[channel.id] = channel
    return channel


def _remember(platform: Platform, message: Message) -> None:
    revision = Revision(platform.clock.now(), message.text, tuple(message.blocks), tuple(message.file_ids))
    message.revisions.append(revision)
    platform.changes.announce()
