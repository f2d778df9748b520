"""Messages, with their files, reactions and flags."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntFlag
from typing import TYPE_CHECKING, Any

from doubles.discord.state.people import User

if TYPE_CHECKING:
    from doubles.discord.state.interactions import Interaction
    from doubles.discord.state.places import Channel

Json = dict[str, Any]


class MessageFlag(IntFlag):
    """The message flags that change what the double does."""

    SUPPRESS_EMBEDS = 1 << 2
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    COMPONENTS_V2 = 1 << 15


@dataclass(eq=False)
class Attachment:
    """A stored file, byte for byte."""

    id: int
    channel_id: int
    filename: str
    content_type: str
    data: bytes = field(repr=False)
    description: str | None = None
    ephemeral: bool = False


@dataclass(frozen=True)
class Edit:
    """One edit of a message: when (the double's clock) and whether it had files."""

    at: float
    with_files: bool


@dataclass(eq=False)
class Message:
    """One message as the double keeps it."""

    id: int
    channel: "Channel"
    author: User
    created_at: float
    content: str = ""
    kind: int = 0
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    nonce: str | int | None = None
    edited_at: float | None = None
    replies_to: "Message | None" = None
    interaction: "Interaction | None" = None
    mentions_everyone: bool = False
    pinged: frozenset[str] = frozenset()
    """The ids of those whom it notified when it was posted."""
    reactions: dict[str, list[User]] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    deleted: bool = False

    def has(self, flag: MessageFlag) -> bool:
        return bool(self.flags & flag)

    @property
    def ephemeral(self) -> bool:
        """Seen by one person only, and reachable only with the interaction's token."""
        return self.has(MessageFlag.EPHEMERAL)

    @property
    def loading(self) -> bool:
        """A deferred answer that still says the bot is thinking."""
        return self.has(MessageFlag.LOADING)

    @property
    def files(self) -> list[str]:
        """The names of the attached files."""
        return [attachment.filename for attachment in self.attachments]

    @property
    def custom_ids(self) -> list[str]:
        """The custom ids of everything that can be clicked or chosen."""
        return [item["custom_id"] for item in walk_components(self.components) if "custom_id" in item]


def walk_components(components: list[Json]) -> Iterator[Json]:
    """Every component of a layout, the nested ones too."""
    for component in components:
        yield component
        yield from walk_components(component.get("components", []))
        for key in ("accessory", "component"):
            if key in component:
                yield from walk_components([component[key]])
