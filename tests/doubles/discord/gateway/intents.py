"""Which events a session gets, and how much of a message, by the intents it identified with."""

from enum import IntFlag

from doubles.discord.state.messages import Json
from doubles.discord.state.people import User
from doubles.discord.state.places import Channel


class Intent(IntFlag):
    """The intents this double knows; the names are Discord's."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT
MESSAGES = frozenset({"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"})
REACTIONS = frozenset({"MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE"})


def wanted_intent(event: str, channel: Channel | None) -> Intent | None:
    """The intent that an event needs; None for events that every session gets."""
    direct = channel is not None and channel.guild is None
    if event in MESSAGES:
        return Intent.DIRECT_MESSAGES if direct else Intent.GUILD_MESSAGES
    if event in REACTIONS:
        return Intent.DIRECT_MESSAGE_REACTIONS if direct else Intent.GUILD_MESSAGE_REACTIONS
    return Intent.GUILDS if event.startswith(("GUILD_", "CHANNEL_", "THREAD_")) else None


def seen_by(intents: int, event: str, data: Json, bot: User) -> Json:
    """The payload without what the privileged message-content intent would show."""
    if event not in {"MESSAGE_CREATE", "MESSAGE_UPDATE"} or intents & Intent.MESSAGE_CONTENT:
        return data
    own = data["author"]["id"] == str(bot.id)
    mentioned = any(user["id"] == str(bot.id) for user in data["mentions"])
    if own or mentioned or "guild_id" not in data:
        return data
    return {**data, "content": "", "embeds": [], "attachments": [], "components": []}
