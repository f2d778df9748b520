"""How interactions look on the wire: everything that discord.py and others need to respond."""

from doubles.discord.backstage import Backstage
from doubles.discord.state.interactions import Interaction
from doubles.discord.state.messages import Json
from doubles.discord.state.permissions import permissions_in
from doubles.discord.state.places import Guild
from doubles.discord.wire.payloads import interaction_channel_payload, member_payload, owners_payload, user_payload

IN_GUILD, IN_BOT_DM = 0, 1


def interaction_payload(stage: Backstage, interaction: Interaction) -> Json:
    """INTERACTION_CREATE. A component's message must come with its components, or the click is ignored silently."""
    channel, world = interaction.channel, stage.world
    payload: Json = {
        "id": str(interaction.id),
        "application_id": str(world.bot.id),
        "type": int(interaction.kind),
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": str(channel.id),
        "channel": interaction_channel_payload(interaction, world),
        "locale": interaction.locale,
        "app_permissions": str(int(permissions_in(channel, world.bot))),
        "entitlements": [],
        "authorizing_integration_owners": owners_payload(interaction),
        "context": IN_GUILD if channel.guild else IN_BOT_DM,
        "attachment_size_limit": interaction.attachment_size_limit,
    }
    if interaction.source is not None:
        payload["message"] = stage.wire.rest(interaction.source)
    return payload | (_in_guild(channel.guild, interaction) if channel.guild else _in_dm(interaction))


def _in_guild(guild: Guild, interaction: Interaction) -> Json:
    member = guild.members[interaction.user.id]
    permissions = permissions_in(interaction.channel, interaction.user)
    return {
        "guild_id": str(guild.id),
        "guild_locale": "en-US",
        "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
        "member": {**member_payload(member), "permissions": str(int(permissions))},
    }


def _in_dm(interaction: Interaction) -> Json:
    return {"user": user_payload(interaction.user)}
