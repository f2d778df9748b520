"""Guilds, channels, threads and DMs, with their permission overwrites."""

from dataclasses import dataclass, field
from enum import IntEnum

from doubles.discord.state.messages import Message
from doubles.discord.state.people import DEFAULT_UPLOAD_LIMIT, MIB, Member, Role, User

UPLOAD_LIMIT_BY_TIER = {0: DEFAULT_UPLOAD_LIMIT, 1: DEFAULT_UPLOAD_LIMIT, 2: 50 * MIB, 3: 100 * MIB}
"""Bytes per file by the guild's boost tier."""


class ChannelKind(IntEnum):
    """Discord's channel types, as far as the double has them."""

    TEXT = 0
    DM = 1
    PUBLIC_THREAD = 11


@dataclass(eq=False)
class Overwrite:
    """What a channel allows or denies one role (kind 0; the guild's id means everyone) or member (kind 1)."""

    target_id: int
    kind: int
    allow: int = 0
    deny: int = 0


@dataclass(eq=False)
class Guild:
    """A Discord server."""

    id: int
    name: str
    owner: User
    boost_tier: int = 0
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, "Channel"] = field(default_factory=dict)
    bot_is_member: bool = True
    bot_added_at: float | None = None
    """When, and by whom; None: long ago."""
    bot_added_by: User | None = None
    system_channel: "Channel | None" = None
    commands_created_today: int = 0

    @property
    def everyone(self) -> Role:
        return self.roles[self.id]

    @property
    def upload_limit(self) -> int:
        """Bytes per file for anyone without a subscription of their own, the bot included."""
        return UPLOAD_LIMIT_BY_TIER[self.boost_tier]


@dataclass(eq=False)
class Channel:
    """A text channel, a thread, or the DM between the bot and one person."""

    id: int
    name: str
    kind: ChannelKind
    guild: Guild | None = None
    parent: "Channel | None" = None
    age_restricted: bool = False
    overwrites: list[Overwrite] = field(default_factory=list)
    archived: bool = False
    locked: bool = False
    recipient: User | None = None
    messages: dict[int, Message] = field(default_factory=dict)
    real_upload_limit: int | None = None
    """The limit in bytes that is enforced here, where it differs from the advertised one."""

    @property
    def is_thread(self) -> bool:
        return self.kind is ChannelKind.PUBLIC_THREAD

    @property
    def upload_limit(self) -> int:
        """Bytes per file that the bot itself may post here, as advertised."""
        return self.guild.upload_limit if self.guild else DEFAULT_UPLOAD_LIMIT

    @property
    def under_age_restriction(self) -> bool:
        """Threads have no flag of their own: they inherit it."""
        return self.parent.age_restricted if self.parent else self.age_restricted
