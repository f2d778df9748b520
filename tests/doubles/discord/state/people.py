"""Users, and their roles and membership in guilds."""

from dataclasses import dataclass, field

MIB = 1024 * 1024
DEFAULT_UPLOAD_LIMIT = 10 * MIB


@dataclass(eq=False)
class User:
    """An account: a person, our bot, or another bot."""

    id: int
    name: str
    bot: bool = False
    upload_limit: int = DEFAULT_UPLOAD_LIMIT
    """Bytes per file by the user's own subscription; counts only for what they invoke."""
    accepts_dms: bool = True
    blocks_bot: bool = False

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"


@dataclass(eq=False)
class Role:
    """A named set of permission bits in one guild."""

    id: int
    name: str
    permissions: int
    position: int = 1


@dataclass(eq=False)
class Member:
    """A user inside one guild."""

    user: User
    role_ids: list[int] = field(default_factory=list)
    nick: str | None = None
