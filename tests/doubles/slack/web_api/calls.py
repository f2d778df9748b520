"""One Web API call, how a method is declared, and which channels a call may see or write to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from doubles.slack.platform import Platform
from doubles.slack.state.workspaces import Channel, Json, Message, Workspace

Holder = Literal["bot", "app", "nobody"]


class Refusal(Exception):
    """A call answered with ok: false. `extra` goes into the answer beside the error."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra


@dataclass
class Call:
    """A call that passed authentication, with its arguments decoded."""

    platform: Platform
    method: str
    arguments: Json
    workspace: Workspace
    client: tuple[str, str] | None = None

    def text(self, name: str) -> str:
        """An argument that must be there."""
        value = self.arguments.get(name)
        if value in (None, ""):
            raise Refusal("invalid_arguments", response_metadata={"messages": [f"[ERROR] missing: {name}"]})
        return str(value)

    def given(self, name: str) -> str | None:
        """An argument that may be there."""
        value = self.arguments.get(name)
        return None if value in (None, "") else str(value)

    def says(self, name: str) -> bool:
        """An argument that is a boolean, in any form that Slack takes."""
        return self.arguments.get(name) in (True, "1", "true", "True")

    def need_scope(self, *any_of: str) -> None:
        """Refuse a token that has none of these scopes."""
        granted = self.workspace.tokens.scopes
        if any_of and not set(any_of) & set(granted):
            raise Refusal("missing_scope", needed=",".join(any_of), provided=",".join(granted))

    def is_member(self, channel: Channel) -> bool:
        """Whether the bot is in a channel."""
        return self.workspace.bot_user in channel.members

    def seen_channel(self, channel_id: str) -> Channel:
        """A channel the bot can see: private ones are hidden from bots outside."""
        channel = self.workspace.channels.get(channel_id)
        if channel is None or channel.gone or (channel.kind != "public" and not self.is_member(channel)):
            raise Refusal("channel_not_found")
        return channel

    def joined_channel(self, channel_id: str) -> Channel:
        """A channel the bot is in, and which still takes messages."""
        channel = self.seen_channel(channel_id)
        if not self.is_member(channel):
            raise Refusal("not_in_channel")
        if channel.archived:
            raise Refusal("is_archived")
        return channel

    def message(self, channel: Channel, ts: str) -> Message:
        """A message that all members of the channel see."""
        if ts.count(".") != 1 or not ts.replace(".", "").isdigit():
            raise Refusal("bad_timestamp")
        found = self.workspace.message(channel.id, ts)
        if found is None or found.ephemeral_for:
            raise Refusal("message_not_found")
        return found

    def thread(self, channel: Channel) -> str | None:
        """The parent named by thread_ts."""
        ts = self.given("thread_ts")
        if ts is None:
            return None
        parent = self.workspace.message(channel.id, ts)
        if parent is None or parent.ephemeral_for:
            raise Refusal("thread_not_found")
        if parent.thread_ts not in (None, parent.ts):
            self.violate("thread_ts is that of a reply, not of the thread's parent")
            return parent.thread_ts
        return ts

    def violate(self, complaint: str) -> None:
        """Write down that the bot must not call like this."""
        self.platform.journal.violate(f"{self.method}: {complaint}")


Handler = Callable[[Call], Json]


@dataclass(frozen=True)
class Method:
    """A Web API method: who may call it, with one of which scopes, and what it does."""

    name: str
    holder: Holder
    scopes: tuple[str, ...]
    handler: Handler


METHODS: dict[str, Method] = {}


def method(name: str, *scopes: str, holder: Holder = "bot") -> Callable[[Handler], Handler]:
    """Declare the function below as a Web API method."""

    def declare(handler: Handler) -> Handler:
        METHODS[name] = Method(name, holder, scopes, handler)
        return handler

    return declare
