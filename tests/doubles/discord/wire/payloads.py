"""How users, channels and guilds look on the wire, in the form that both judges accept."""

from doubles.discord.state.interactions import Interaction, InteractionKind
from doubles.discord.state.messages import Json
from doubles.discord.state.people import Member, Role, User
from doubles.discord.state.permissions import permissions_in, permissions_of
from doubles.discord.state.places import Channel, Guild, Overwrite
from doubles.discord.state.world import World

LONG_AGO = "2020-02-02T02:02:02.000000+00:00"


def user_payload(user: User) -> Json:
    """A user object, as it stands in messages and members."""
    return {
        "id": str(user.id),
        "username": user.name,
        "global_name": None if user.bot else user.name.title(),
        "discriminator": "0001" if user.bot else "0",
        "avatar": None,
        "bot": user.bot,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }


def own_user_payload(user: User) -> Json:
    """The bot's view of itself: `/users/@me` and READY."""
    return {**user_payload(user), "mfa_enabled": True, "locale": "en-US", "verified": True, "email": None}


def partial_member_payload(member: Member) -> Json:
    """A member without its user, as messages carry it. Roles are ids here, never objects."""
    return {
        "roles": [str(role_id) for role_id in member.role_ids],
        "nick": member.nick,
        "avatar": None,
        "banner": None,
        "joined_at": LONG_AGO,
        "premium_since": None,
        "communication_disabled_until": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
    }


def member_payload(member: Member) -> Json:
    """A member with its user."""
    return {**partial_member_payload(member), "user": user_payload(member.user)}


def role_payload(role: Role) -> Json:
    """A role of a guild."""
    return {
        "id": str(role.id),
        "name": role.name,
        "description": None,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": role.position,
        "permissions": str(int(role.permissions)),
        "managed": False,
        "mentionable": False,
        "flags": 0,
    }


def overwrite_payload(overwrite: Overwrite) -> Json:
    """A permission overwrite of a channel."""
    return {
        "id": str(overwrite.target_id),
        "type": overwrite.kind,
        "allow": str(int(overwrite.allow)),
        "deny": str(int(overwrite.deny)),
    }


def channel_payload(channel: Channel, world: World) -> Json:
    """A whole channel, for REST and GUILD_CREATE."""
    common: Json = {"id": str(channel.id), "type": int(channel.kind), "flags": 0, "last_message_id": None}
    if channel.recipient is not None:
        return {**common, "recipients": [user_payload(channel.recipient)]}
    guild = _guild_of(channel)
    common |= {"guild_id": str(guild.id), "name": channel.name, "rate_limit_per_user": 0}
    return common | (_thread_fields(channel, world) if channel.is_thread else _text_fields(channel))


def _text_fields(channel: Channel) -> Json:
    return {
        "position": 0,
        "topic": None,
        "nsfw": channel.age_restricted,
        "parent_id": None,
        "permission_overwrites": [overwrite_payload(item) for item in channel.overwrites],
    }


def _thread_fields(channel: Channel, world: World) -> Json:
    assert channel.parent is not None
    return {
        "parent_id": str(channel.parent.id),
        "owner_id": str(world.people.owner.id),
        "message_count": len(channel.messages),
        "member_count": 2,
        "total_message_sent": len(channel.messages),
        "thread_metadata": {
            "archived": channel.archived,
            "archive_timestamp": LONG_AGO,
            "auto_archive_duration": 1440,
            "locked": channel.locked,
            "create_timestamp": LONG_AGO,
        },
    }


def interaction_channel_payload(interaction: Interaction, world: World) -> Json:
    """The partial channel of an interaction, with the invoker's own permissions."""
    channel = interaction.channel
    payload = channel_payload(channel, world)
    if channel.guild is not None:
        payload["permissions"] = str(int(permissions_in(channel, interaction.user)))
    return payload


def own_guild_payload(guild: Guild, user: User) -> Json:
    """A guild in a user's own list: a few fields, and the permissions before channels narrow them."""
    return {
        "id": str(guild.id),
        "name": guild.name,
        "icon": None,
        "banner": None,
        "owner": guild.owner is user,
        "permissions": str(int(permissions_of(guild, user))),
        "features": [],
    }


def guild_payload(guild: Guild, world: World) -> Json:
    """GUILD_CREATE: everything about one guild. Archived threads are not in it."""
    channels = guild.channels.values()
    return {
        **_guild_settings(guild),
        "roles": [role_payload(role) for role in guild.roles.values()],
        "members": [_joined(member_payload(member), guild, world) for member in guild.members.values()],
        "member_count": len(guild.members),
        "channels": [channel_payload(channel, world) for channel in channels if not channel.is_thread],
        "threads": [
            channel_payload(channel, world) for channel in channels if channel.is_thread and not channel.archived
        ],
    }


def _joined(member: Json, guild: Guild, world: World) -> Json:
    """When the bot was added, in its own membership."""
    is_bot = member["user"]["id"] == str(world.bot.id)
    return member | ({"joined_at": world.clock.iso(guild.bot_added_at)} if is_bot and guild.bot_added_at else {})


def _guild_settings(guild: Guild) -> Json:
    empty = ("features", "emojis", "stickers", "voice_states", "presences", "stage_instances")
    nothing = ("icon", "splash", "discovery_splash", "banner", "description", "vanity_url_code", "afk_channel_id")
    nowhere = ("application_id", "rules_channel_id", "public_updates_channel_id")
    return {
        **{key: [] for key in (*empty, "guild_scheduled_events", "soundboard_sounds")},
        **dict.fromkeys((*nothing, *nowhere, "safety_alerts_channel_id", "incidents_data", "hub_type")),
        "id": str(guild.id),
        "name": guild.name,
        "system_channel_id": str(guild.system_channel.id) if guild.system_channel else None,
        "owner_id": str(guild.owner.id),
        "afk_timeout": 300,
        "verification_level": 0,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "system_channel_flags": 0,
        "premium_tier": guild.boost_tier,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "nsfw_level": 0,
        "premium_progress_bar_enabled": False,
        "max_members": 500_000,
        "joined_at": LONG_AGO,
        "large": False,
        "unavailable": False,
    }


def owners_payload(interaction: Interaction) -> Json:
    """Who installed the app where this was invoked: the guild, or "0" in the bot's own DM."""
    guild = interaction.channel.guild
    return {"0": str(guild.id) if guild else "0"}


def metadata_payload(interaction: Interaction) -> Json:
    """`interaction_metadata` of a message that answers an interaction."""
    payload: Json = {
        "id": str(interaction.id),
        "type": int(interaction.kind),
        "user": user_payload(interaction.user),
        "authorizing_integration_owners": owners_payload(interaction),
    }
    if interaction.kind is InteractionKind.COMPONENT and interaction.source:
        payload["interacted_message_id"] = str(interaction.source.id)
    if interaction.kind is InteractionKind.MODAL and interaction.opened_by:
        payload["triggering_interaction_metadata"] = metadata_payload(interaction.opened_by)
    return payload


def _guild_of(channel: Channel) -> Guild:
    if channel.guild is None:
        raise LookupError(f"{channel.name} is in no guild")
    return channel.guild
