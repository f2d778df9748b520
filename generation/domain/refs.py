"""Where a request comes from and where its clip goes, in terms that fit every chat."""

from dataclasses import dataclass
from enum import StrEnum


class Platform(StrEnum):
    """A chat, or the terminal."""

    DISCORD = "discord"
    SLACK = "slack"
    TERMINAL = "terminal"


@dataclass(frozen=True, slots=True)
class ServerRef:
    """A Discord guild, a Slack workspace, or this machine's terminal: what limits and budgets
    belong to."""

    platform: Platform
    id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> "ServerRef":
        """Read ``platform:id`` as an operator writes it. Raises ValueError for anything else."""
        platform, separator, server_id = text.strip().partition(":")
        if not separator or not server_id or platform not in set(Platform):
            raise ValueError(
                f"Name the server as platform:id, for example discord:1234567890, not {text!r}."
            )
        return cls(Platform(platform), server_id)


@dataclass(frozen=True, slots=True)
class ChannelRef:
    """A channel of a server, or a thread in it. ``thread`` is Slack's ``thread_ts``, or a Discord
    thread's id with its parent as ``id``, so that what admins allow in a channel holds in its
    threads."""

    server: ServerRef
    id: str
    thread: str | None = None

    def is_seen_from(self, place: "ChannelRef") -> bool:
        """Whether members in that place surely see this one. A thread of Discord may be private;
        one of Slack is seen by everybody in its channel."""
        if self.server != place.server:
            return False
        if self.server.platform is not Platform.DISCORD:
            return self.id == place.id
        # the client may know a thread without its parent: then its own id stands for the channel
        return (self.thread or self.id) in {place.thread or place.id, place.id}


@dataclass(frozen=True, slots=True)
class UserRef:
    """A member, by the platform's own id."""

    platform: Platform
    id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> "UserRef":
        """Read what :meth:`__str__` has written. Raises ValueError for anything else."""
        platform, _, user_id = text.partition(":")
        return cls(Platform(platform), user_id)


ITSELF = UserRef(Platform.TERMINAL, "flipbook")
"""Who has changed what no person has."""


@dataclass(frozen=True, slots=True)
class MessageRef:
    """One message: a Discord message id or Slack's ``ts``, in its channel (on Discord, a thread
    counts as one here)."""

    channel: ChannelRef
    id: str
