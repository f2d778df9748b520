"""Between Discord's ids and the core's places. A thread's channel is its parent: what is allowed there holds in it."""

import discord

from generation.places import ChannelRef, MessageRef, Platform, ServerRef, UserRef


def server_ref(guild_id: int) -> ServerRef:
    """A guild."""
    return ServerRef(Platform.DISCORD, str(guild_id))


def user_ref(user_id: int) -> UserRef:
    """A member."""
    return UserRef(Platform.DISCORD, str(user_id))


def channel_ref(guild_id: int, channel_id: int, *, parent_id: int | None = None) -> ChannelRef:
    """A channel, or with ``parent_id`` a thread in that channel."""
    if parent_id is None:
        return ChannelRef(server_ref(guild_id), str(channel_id))
    return ChannelRef(server_ref(guild_id), str(parent_id), thread=str(channel_id))


def channel_of(guild_id: int, channel: object, channel_id: int) -> ChannelRef:
    """The place of something that happened in ``channel``, which may be unknown to the client."""
    parent_id = channel.parent_id if isinstance(channel, discord.Thread) else None
    return channel_ref(guild_id, channel_id, parent_id=parent_id)


def place_of(channel: ChannelRef) -> int:
    """The id of what messages are posted to: the thread, else the channel."""
    return int(channel.thread or channel.id)


def message_ref(guild_id: int, channel_id: int, message_id: int) -> MessageRef:
    """A message, named by the thread or channel that it stands in: reactions do not name a parent."""
    return MessageRef(channel_ref(guild_id, channel_id), str(message_id))
