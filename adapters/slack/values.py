"""What is said to Slack and what it says, as values: places, messages, and facts about people, channels and files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Block = dict[str, Any]
"""One Block Kit block, as it travels."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose the bot token is, and what it was granted; ``told_at`` is the ``Date`` of Slack's answer."""

    team: str
    bot_user: str
    bot_id: str | None
    scopes: frozenset[str]
    team_name: str = ""
    user_name: str = ""
    told_at: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message goes: a conversation, and the thread in it."""

    channel: str
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """A message: its text (what notifications show), and blocks where it has more to show.

    ``thread`` is where one member is told it; None: where they acted.
    """

    text: str
    blocks: Sequence[Block] = ()
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """What a message carries unseen so that it can be found again: whose it is, and which of the job's messages."""

    job_id: str
    part: str = "status"


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """What matters of a conversation."""

    is_inside: bool
    is_archived: bool
    is_shared: bool


@dataclass(frozen=True, slots=True)
class UserFacts:
    """What matters of a person."""

    team: str
    is_admin: bool
    is_bot: bool


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Where a completed file stands: message ``ts`` by channel; empty while Slack has not said so yet."""

    shares: Mapping[str, str] = field(default_factory=dict)
