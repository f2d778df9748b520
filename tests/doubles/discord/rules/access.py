"""Whether the bot may view, post, attach or react in a channel, and the refusal when it may not."""

from doubles.discord.rules.refusals import Refusal
from doubles.discord.state.messages import Message
from doubles.discord.state.permissions import Permission, permissions_in
from doubles.discord.state.places import Channel
from doubles.discord.state.world import World


def require_channel(world: World, channel_id: int) -> Channel:
    """The channel, when it exists and the bot can see it."""
    channel = world.channels.get(channel_id)
    if channel is None:
        raise Refusal(10003)
    require(world, channel, Permission.VIEW_CHANNEL, code=50001)
    return channel


def require_message(world: World, channel_id: int, message_id: int) -> Message:
    """The message, as the bot's token reaches it: never an ephemeral one."""
    channel = require_channel(world, channel_id)
    message = channel.messages.get(message_id)
    if message is None:
        raise Refusal(10008)
    if message.ephemeral:
        raise Refusal(10008, violation="an ephemeral message was asked for with the bot's token")
    return message


def require(world: World, channel: Channel, wanted: Permission, *, code: int = 50013) -> None:
    """Refuse when the bot lacks one of these permissions; DMs know none."""
    if channel.guild is not None and wanted & ~permissions_in(channel, world.bot):
        raise Refusal(code)


def require_posting(world: World, channel: Channel) -> None:
    """Refuse when the bot cannot put a new message here with its own token."""
    require_open(channel)
    if channel.recipient is not None and (not channel.recipient.accepts_dms or channel.recipient.bot):
        raise Refusal(50007)
    sending = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
    require(world, channel, sending)


def require_open(channel: Channel) -> None:
    """Refuse in an archived or locked thread."""
    if channel.locked:
        raise Refusal(160005)
    if channel.archived:
        raise Refusal(50083)
