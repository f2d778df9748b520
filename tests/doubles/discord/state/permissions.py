"""Discord's permission bits and how roles and channel overwrites make up a user's permissions in a channel."""

from enum import IntFlag

from doubles.discord.state.people import User
from doubles.discord.state.places import Channel, Guild, Overwrite


class Permission(IntFlag):
    """The bits this double knows; the names are Discord's."""

    ADMINISTRATOR = 1 << 3
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    USE_APPLICATION_COMMANDS = 1 << 31
    SEND_MESSAGES_IN_THREADS = 1 << 38


P = Permission
EVERYTHING = P(sum(P))
ORDINARY = EVERYTHING & ~(P.ADMINISTRATOR | P.MANAGE_GUILD | P.VIEW_AUDIT_LOG | P.MANAGE_MESSAGES | P.MENTION_EVERYONE)
BOT = ORDINARY
"""What the bot's invite asked for: nothing of a moderator's."""
IN_A_DM = P.ATTACH_FILES | P.EMBED_LINKS | P.MENTION_EVERYONE | P.USE_EXTERNAL_EMOJIS
"""`app_permissions` in the bot's own DM: Discord names only these four there."""


def permissions_in(channel: Channel, user: User) -> Permission:
    """What this user may do in this channel; a thread is governed by its parent. Zero for strangers."""
    guild = channel.guild
    if guild is None:
        return IN_A_DM if user.bot else ORDINARY
    place = channel.parent if channel.is_thread and channel.parent else channel
    base = permissions_of(guild, user)
    if base & P.ADMINISTRATOR or user.id not in guild.members:
        return base
    return _overwritten(base, place, user)


def permissions_of(guild: Guild, user: User) -> Permission:
    """What this user may do in a guild before channels narrow it."""
    member = guild.members.get(user.id)
    if member is None or not guild.bot_is_member:
        return P(0)
    if guild.owner is user:
        return EVERYTHING
    granted = P(guild.everyone.permissions)
    for role_id in member.role_ids:
        granted |= P(guild.roles[role_id].permissions)
    return EVERYTHING if granted & P.ADMINISTRATOR else granted


def _overwritten(granted: Permission, channel: Channel, user: User) -> Permission:
    guild = channel.guild
    assert guild is not None
    roles = guild.members[user.id].role_ids
    layers = [
        [item for item in channel.overwrites if item.target_id == guild.id],
        [item for item in channel.overwrites if item.target_id in roles],
        [item for item in channel.overwrites if item.target_id == user.id],
    ]
    for layer in layers:
        granted = _apply(granted, layer)
    return granted


def _apply(granted: Permission, layer: list[Overwrite]) -> Permission:
    for item in layer:
        granted &= ~P(item.deny)
    for item in layer:
        granted |= P(item.allow)
    return granted
