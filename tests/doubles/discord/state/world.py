"""The double's state: users, guilds, channels, messages, registered commands and interactions."""

import base64
from dataclasses import dataclass, field

from doubles.discord.clock import DoubleClock, Snowflakes
from doubles.discord.state.interactions import Interaction
from doubles.discord.state.messages import Attachment, Json, Message
from doubles.discord.state.people import Member, Role, User
from doubles.discord.state.permissions import BOT, ORDINARY, P
from doubles.discord.state.places import Channel, ChannelKind, Guild, Overwrite

FIRST_ID = 1_290_000_000_000_000_000
"""Ids of the usual people count up from here: fixed, and beyond what a double-precision number can hold."""


@dataclass(frozen=True)
class People:
    """The usual people."""

    bot: User
    owner: User
    moderator: User
    member: User
    other_member: User
    other_bot: User


@dataclass(frozen=True)
class Guilds:
    """Two guilds, so that nothing can be keyed by channel or user alone."""

    studio: Guild
    elsewhere: Guild


@dataclass(frozen=True)
class Places:
    """One channel for each case that matters; all in the studio, except `elsewhere` and `dm`."""

    text: Channel
    age_restricted: Channel
    thread: Channel
    age_restricted_thread: Channel
    archived_thread: Channel
    no_files: Channel
    no_sending: Channel
    elsewhere: Channel
    dm: Channel


@dataclass
class World:
    """The double's state. Ids are integers here and strings on the wire."""

    clock: DoubleClock
    snowflake: Snowflakes
    people: People
    guilds: Guilds
    places: Places
    users: dict[int, User]
    channels: dict[int, Channel]
    attachments: dict[int, Attachment] = field(default_factory=dict)
    more_guilds: list[Guild] = field(default_factory=list)
    """Those of :func:`add_guild`."""
    interactions: dict[str, Interaction] = field(default_factory=dict)
    """By token."""
    commands: dict[int | None, list[Json]] = field(default_factory=dict)
    """Registered commands by guild id; None holds the global ones."""
    application_settings: Json = field(default_factory=dict)
    """What its owner has set differently on the application's pages."""

    @property
    def bot(self) -> User:
        return self.people.bot

    @property
    def all_guilds(self) -> tuple[Guild, ...]:
        return (self.guilds.studio, self.guilds.elsewhere, *self.more_guilds)

    @property
    def token(self) -> str:
        """The bot's token, in the form clients expect: its id comes first."""
        return f"{base64.b64encode(str(self.bot.id).encode()).decode().rstrip('=')}.double.not-a-secret"

    def messages(self) -> list[Message]:
        """Every message that exists, in the order they were made; ephemeral ones too."""
        found = [message for channel in self.channels.values() for message in channel.messages.values()]
        return sorted(found, key=lambda message: message.id)

    def dm_with(self, user: User) -> Channel:
        """The DM channel between the bot and a person, made when it does not exist yet."""
        for channel in self.channels.values():
            if channel.recipient is user:
                return channel
        channel = Channel(self.snowflake(), f"dm-{user.name}", ChannelKind.DM, recipient=user)
        self.channels[channel.id] = channel
        return channel

    def add(self, message: Message) -> Message:
        """Keep a message and its files."""
        message.channel.messages[message.id] = message
        self.attachments.update({attachment.id: attachment for attachment in message.attachments})
        return message

    def remove(self, message: Message) -> None:
        """Remove a message and its files, and mark the object as deleted."""
        message.channel.messages.pop(message.id, None)
        message.deleted = True
        for attachment in message.attachments:
            self.attachments.pop(attachment.id, None)


def new_world(clock: DoubleClock) -> World:
    """The usual people, guilds and channels, without messages."""
    names = ("flipbook", "olga", "mona", "mira", "nils", "hoot")
    users = [User(FIRST_ID + n, name, bot=name in {"flipbook", "hoot"}) for n, name in enumerate(names, 1)]
    people = People(*users)
    guilds = Guilds(
        _guild(FIRST_ID + 100, "studio", people.owner, people),
        _guild(FIRST_ID + 200, "elsewhere", people.other_member, people),
    )
    places = _places(guilds, people)
    channels = {
        channel.id: channel for guild in (guilds.studio, guilds.elsewhere) for channel in guild.channels.values()
    }
    channels[places.dm.id] = places.dm
    return World(
        clock, Snowflakes(clock), people, guilds, places, users={user.id: user for user in users}, channels=channels
    )


def add_guild(world: World, *, channels: int, members: int = 0) -> Guild:
    """Add a guild before the bot connects, with more channels, and members beside the usual people."""
    number = len(world.more_guilds)
    guild = _guild(FIRST_ID + 100_000 * (number + 1), f"crowd-{number}", world.people.owner, world.people)
    for offset in range(channels):
        channel = _text(guild, 11 + offset, f"clips-{offset}")
        world.channels[channel.id] = channel
    for offset in range(members):
        user = User(guild.id + 50_000 + offset, f"member-{number}-{offset}")
        world.users[user.id] = user
        guild.members[user.id] = Member(user, [])
    world.more_guilds.append(guild)
    return guild


def _guild(guild_id: int, name: str, owner: User, people: People) -> Guild:
    guild = Guild(guild_id, name, owner)
    everyone = Role(guild_id, "@everyone", ORDINARY, position=0)
    moderators = Role(guild_id + 1, "moderators", P.MANAGE_GUILD | P.MANAGE_MESSAGES)
    bot = Role(guild_id + 2, "flipbook", BOT)
    guild.roles = {role.id: role for role in (everyone, moderators, bot)}
    roles = {people.moderator: [moderators.id], people.bot: [bot.id]}
    everybody = (people.bot, people.owner, people.moderator, people.member, people.other_member, people.other_bot)
    guild.members = {user.id: Member(user, roles.get(user, [])) for user in everybody}
    return guild


def _places(guilds: Guilds, people: People) -> Places:
    studio, elsewhere = guilds.studio, guilds.elsewhere
    text = _text(studio, 11, "clips")
    night = _text(studio, 12, "after-dark", age_restricted=True)
    return Places(
        text=text,
        age_restricted=night,
        thread=_thread(text, 13, "storyboards"),
        age_restricted_thread=_thread(night, 14, "after-dark-storyboards"),
        archived_thread=_thread(text, 15, "last-season", archived=True),
        no_files=_text(studio, 16, "words-only", denied=P.ATTACH_FILES, bot=people.bot),
        no_sending=_text(studio, 17, "announcements", denied=P.SEND_MESSAGES, bot=people.bot),
        elsewhere=_text(elsewhere, 11, "lobby"),
        dm=Channel(FIRST_ID + 301, f"dm-{people.member.name}", ChannelKind.DM, recipient=people.member),
    )


def _text(
    guild: Guild, offset: int, name: str, *, age_restricted: bool = False, denied: int = 0, bot: User | None = None
) -> Channel:
    overwrites = [Overwrite(bot.id, kind=1, deny=denied)] if bot else []
    channel = Channel(
        guild.id + offset, name, ChannelKind.TEXT, guild, age_restricted=age_restricted, overwrites=overwrites
    )
    guild.channels[channel.id] = channel
    return channel


def _thread(parent: Channel, offset: int, name: str, *, archived: bool = False) -> Channel:
    guild = parent.guild
    assert guild is not None
    thread = Channel(guild.id + offset, name, ChannelKind.PUBLIC_THREAD, guild, parent, archived=archived)
    guild.channels[thread.id] = thread
    return thread
