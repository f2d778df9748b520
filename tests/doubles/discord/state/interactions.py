"""Interactions: a command, a click, a modal or an autocomplete that the bot must respond to."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from doubles.discord.state.messages import Json, Message
from doubles.discord.state.people import User
from doubles.discord.state.places import Channel

FIRST_RESPONSE_SECONDS = 3.0
TOKEN_SECONDS = 15 * 60.0


class InteractionKind(IntEnum):
    """What the person did."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Callback(IntEnum):
    """How a first response can look."""

    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


@dataclass(eq=False)
class Interaction:
    """An interaction and everything the bot did with its token."""

    id: int
    token: str
    kind: InteractionKind
    user: User
    channel: Channel
    created_at: float
    clock_moved: float
    """How far tests had moved the clock when this was sent."""
    data: Json
    attachment_size_limit: int
    locale: str = "en-US"
    source: Message | None = None
    """The message whose button was pressed, also for a modal opened from there."""
    opened_by: "Interaction | None" = None
    """For a modal: the interaction that it answered."""
    answered_with: Callback | None = None
    original: Message | None = None
    modal: Json | None = None
    choices: list[Json] = field(default_factory=list)
    followups: list[Message] = field(default_factory=list)
    refuses_as: int | None = None
    """A fault: the first response is refused with this code (10062 or 40060)."""

    @property
    def answered(self) -> bool:
        return self.answered_with is not None

    @property
    def shown(self) -> Message | None:
        """What the person sees as the answer, once it says something; None while the bot is thinking."""
        return self.original if self.original and not self.original.loading else None

    def option(self, name: str) -> Any:
        """The value the person gave for an option of the command."""
        return next(item["value"] for item in leaf_options(self.data) if item["name"] == name)


def leaf_options(data: Json) -> list[Json]:
    """The options of a command's data, below groups and sub-commands."""
    options: list[Json] = data.get("options", [])
    while options and options[0]["type"] in {1, 2}:
        options = options[0].get("options", [])
    return options
