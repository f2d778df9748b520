"""May this be done here? Checked before anything is spent: servers only, admin commands for
admins, and a channel that the bot may post clips to."""

from typing import Any

import discord

from adapters.discord.refs import channel_of
from adapters.discord.setup.permissions import missing_permissions, missing_sentence
from adapters.discord.text import render
from generation.domain.refs import ChannelRef

Interaction = discord.Interaction[Any]
_LABELLED = (
    discord.TextChannel,
    discord.VoiceChannel,
    discord.StageChannel,
    discord.ForumChannel,
)


class AccessDenied(Exception):
    """Something may not be done here; ``sentence`` tells the member why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def channel_in_server(interaction: Interaction) -> ChannelRef:
    """The channel of an interaction. Raises AccessDenied outside of servers."""
    if interaction.guild_id is None or interaction.channel_id is None:
        raise AccessDenied(render.ONLY_IN_SERVERS)
    return channel_of(interaction.guild_id, interaction.channel, interaction.channel_id)


def roles_of(member: object) -> frozenset[str]:
    """The ids of a member's roles; none where Discord has not named them."""
    if not isinstance(member, discord.Member):
        return frozenset()
    return frozenset(str(role.id) for role in member.roles)


def is_age_restricted(channel: object) -> bool:
    """Whether a channel is labelled so, or the parent of a thread; one that the client does not
    know is not."""
    place = channel.parent if isinstance(channel, discord.Thread) else channel
    return isinstance(place, _LABELLED) and place.is_nsfw()


def is_admin(interaction: Interaction) -> bool:
    """Whether the member manages the server, by the permissions in the interaction itself."""
    granted = interaction.permissions
    return granted.manage_guild or granted.administrator


def require_admin(interaction: Interaction) -> None:
    """Raise AccessDenied for a member who does not manage the server: Discord hides admin commands
    from others, but a server can change that."""
    if not is_admin(interaction):
        raise AccessDenied(render.ADMINS_ONLY)


def require_permissions(interaction: Interaction) -> None:
    """Raise AccessDenied where the bot lacks a permission that it needs to deliver a clip."""
    # Discord computes app_permissions for this interaction; the client's cache may be behind
    in_thread = isinstance(interaction.channel, discord.Thread)
    _require(interaction.app_permissions, in_thread=in_thread)


def require_permissions_for_reaction(
    event: discord.RawReactionActionEvent, client: discord.Client
) -> None:
    """As :func:`require_permissions`, as far as the gateway has reported; a channel that the client
    does not know passes."""
    guild = client.get_guild(event.guild_id or 0)
    channel = guild.get_channel_or_thread(event.channel_id) if guild is not None else None
    # unknown here: trying to post shows it
    if guild is None or channel is None or guild.me is None:
        return
    try:
        granted = channel.permissions_for(guild.me)
    except discord.ClientException:  # a thread whose parent the client does not know
        return
    _require(granted, in_thread=isinstance(channel, discord.Thread))


def _require(granted: discord.Permissions, *, in_thread: bool) -> None:
    missing = missing_permissions(granted, in_thread=in_thread)
    if missing:
        raise AccessDenied(missing_sentence(missing))
