"""What Slack keeps: workspaces with their people, channels, messages, files and views."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

ChannelKind = Literal["public", "private", "dm"]
Json = dict[str, Any]


@dataclass
class User:
    """A person (or the bot) as one workspace sees them; `team` is where they belong."""

    id: str
    name: str
    team: str
    is_admin: bool = False
    is_owner: bool = False
    is_bot: bool = False


@dataclass
class Channel:
    """A conversation. `partner_teams` are other organisations it is shared with; a gone channel is invisible."""

    id: str
    name: str
    kind: ChannelKind
    members: set[str]
    partner_teams: tuple[str, ...] = ()
    archived: bool = False
    gone: bool = False
    created: int = 1_700_000_000


@dataclass(frozen=True)
class Revision:
    """How a message looked at some time, newest last in `Message.revisions`."""

    at: float
    text: str
    blocks: tuple[Json, ...]
    file_ids: tuple[str, ...]


@dataclass
class Message:
    """One message. `ephemeral_for` names the only person who sees it; `bot_id` is set on what the bot posted."""

    team: str
    channel: str
    ts: str
    user: str
    text: str
    bot_id: str | None = None
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    file_ids: list[str] = field(default_factory=list)
    thread_ts: str | None = None
    ephemeral_for: str | None = None
    edited_ts: str | None = None
    deleted: bool = False
    reactions: dict[str, list[str]] = field(default_factory=dict)
    revisions: list[Revision] = field(default_factory=list)


@dataclass
class File:
    """A file, uploaded or not yet. `shares` are (channel, message ts) of messages that show it, oldest first."""

    id: str
    team: str
    owner: str
    name: str
    length: int
    created: int
    alt_text: str = ""
    title: str = ""
    content: bytes | None = None
    completed: bool = False
    deleted: bool = False
    uploads: int = 0
    completions: int = 0
    info_calls: int = 0
    shares: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class OpenView:
    """A modal or Home tab that a person sees, as the bot last sent it."""

    id: str
    hash: str
    team: str
    user: str
    body: Json
    root_id: str
    previous_id: str | None = None
    is_open: bool = True
    errors: dict[str, str] = field(default_factory=dict)


@dataclass
class Trigger:
    """Permission to open one view, once, within three seconds of a person's act."""

    id: str
    team: str
    user: str
    issued_at: float
    used: bool = False


@dataclass
class ResponseUrl:
    """An address for answers to one command or click: five uses, thirty minutes."""

    id: str
    team: str
    user: str
    channel: str
    issued_at: float
    message_ts: str | None = None
    uses: int = 0


@dataclass
class Tokens:
    """What one installation was granted. `error` is what a call with the token gets instead of an answer."""

    bot: str
    scopes: list[str]
    refresh: str | None = None
    expires_at: float | None = None
    error: str | None = None


@dataclass
class Workspace:
    """One team: everything is found inside it, so that nothing works by channel or user id alone.

    Messages are kept in the order of their timestamps.
    """

    team: str
    name: str
    domain: str
    bot_user: str
    bot_id: str
    default_user: str
    tokens: Tokens
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    messages: dict[tuple[str, str], Message] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    views: dict[str, OpenView] = field(default_factory=dict)
    homes: dict[str, OpenView] = field(default_factory=dict)

    def message(self, channel: str, ts: str) -> Message | None:
        """The message with that ts, unless it is deleted."""
        found = self.messages.get((channel, ts))
        return None if found is None or found.deleted else found

    def messages_in(self, channel: str) -> list[Message]:
        """The messages in a channel now, threads and ephemeral ones included, oldest first."""
        return [each for (posted_in, _), each in self.messages.items() if posted_in == channel and not each.deleted]

    def replies(self, parent: Message) -> list[Message]:
        """The replies in a thread, oldest first, without the parent."""
        thread = self.messages_in(parent.channel)
        return [each for each in thread if each.thread_ts == parent.ts != each.ts and not each.ephemeral_for]

    def dm_with(self, user: str) -> Channel | None:
        """The direct channel between the bot and a person, when it was ever opened."""
        both = {user, self.bot_user}
        return next((each for each in self.channels.values() if each.kind == "dm" and each.members == both), None)


@dataclass
class World:
    """Every workspace, and what is not part of any: the app-level token, triggers and response URLs."""

    workspaces: dict[str, Workspace]
    app_token: str
    triggers: dict[str, Trigger] = field(default_factory=dict)
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)
    last_ts: float = 0.0
    counter: int = 0
    codes: dict[str, str] = field(default_factory=dict)

    def by_token(self, token: str) -> Workspace | None:
        """The bot that this token belongs to."""
        return next((each for each in self.workspaces.values() if each.tokens.bot == token), None)

    def bot_messages(self) -> Iterator[Message]:
        """The bot's messages that are not deleted, oldest first in each workspace."""
        for workspace in self.workspaces.values():
            for message in workspace.messages.values():
                if message.bot_id and not message.deleted:
                    yield message

    def next_ts(self, now: float) -> str:
        """A message timestamp: microseconds, never given twice."""
        self.last_ts = max(now, self.last_ts + 0.000_002)
        return f"{self.last_ts:.6f}"

    def next_id(self, prefix: str) -> str:
        """A fresh id such as F00000012."""
        self.counter += 1
        return f"{prefix}{self.counter:08d}"
