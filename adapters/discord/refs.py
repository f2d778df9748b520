"""Discord's ids as the core's references, and back. A thread's channel is its parent: a rule for
the parent covers the thread. And what they are called."""

import discord

from generation.domain.job import Job
from generation.domain.names import NameBook
from generation.domain.refs import ChannelRef, MessageRef, Platform, ServerRef, UserRef


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
    """The reference for ``channel``, or for ``channel_id`` alone where the client does not know the
    channel."""
    parent_id = channel.parent_id if isinstance(channel, discord.Thread) else None
    return channel_ref(guild_id, channel_id, parent_id=parent_id)


def posting_id(channel: ChannelRef) -> int:
    """The id to post messages to: the thread's, else the channel's."""
    # at Discord a thread is a channel of its own
    return int(channel.thread or channel.id)


def message_ref(guild_id: int, channel_id: int, message_id: int) -> MessageRef:
    """A message in a channel or thread, without the thread's parent: reactions do not name it."""
    return MessageRef(channel_ref(guild_id, channel_id), str(message_id))


def is_answer_to_one(job: Job, message: MessageRef) -> bool:
    """Whether a job's message is the answer that its asker alone sees, and not a direct message."""
    return job.is_private and int(message.channel.id) == posting_id(job.channel)


def interaction_origin(interaction_id: int) -> str:
    """The origin of a job that an interaction caused: the same for a second delivery of it."""
    return f"discord:interaction:{interaction_id}"


def note_names(names: NameBook, interaction: discord.Interaction) -> None:
    """What the member, the channel and the server are called, as far as Discord tells."""
    names.note(user_ref(interaction.user.id), interaction.user.display_name)
    guild, channel = interaction.guild, interaction.channel
    if guild is not None:
        names.note(server_ref(guild.id), guild.name)
    # a direct conversation has no name
    name = getattr(channel, "name", None)
    if interaction.guild_id is not None and channel is not None and isinstance(name, str):
        names.note(channel_of(interaction.guild_id, channel, channel.id), name)
