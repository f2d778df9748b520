"""What the bot says to Slack and what Slack says to it, as values: messages and where they go, and
facts about people, channels and files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from generation.domain.refs import MessageRef

Block = dict[str, Any]
"""One Block Kit block, as it is sent."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The workspace, app and bot that a bot token belongs to, and its scopes; ``answered_at`` is
    the ``Date`` of Slack's answer, ``enterprise`` the organisation of an Enterprise Grid,
    ``url`` the workspace's own address."""

    team: str
    bot_user: str
    bot_id: str | None
    scopes: frozenset[str]
    team_name: str = ""
    user_name: str = ""
    answered_at: str = ""
    enterprise: str | None = None
    url: str = ""

    def link_to(self, message: MessageRef | None) -> str | None:
        """The address of a message of this workspace for people; None where it is not known."""
        if message is None or not self.url:
            return None
        return f"{self.url}archives/{message.channel.id}/p{message.id.replace('.', '')}"


@dataclass(frozen=True, slots=True)
class PostTarget:
    """Where a message goes: a conversation, and the thread in it."""

    channel: str
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class SlackContent:
    """A message: its text (which notifications show), and its blocks.

    ``thread`` is the thread in which one member reads it; None: where they acted. ``replaces``: it
    takes the place of the private message that was clicked in.
    """

    text: str
    blocks: Sequence[Block] = ()
    thread: str | None = None
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class OpenedView:
    """A view that a person sees, and the hash of what it shows."""

    id: str
    hash: str


@dataclass(frozen=True, slots=True)
class MessageMetadata:
    """Slack's hidden metadata of a message, by which the bot finds it again: its job, and which of
    the job's messages it is."""

    job_id: str
    part: str = "status"


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """What the bot needs to know of a conversation; ``is_inside``: the bot is a member;
    ``is_closed``: only its members see it."""

    is_inside: bool
    is_archived: bool
    is_shared: bool
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class UserFacts:
    """What the bot needs to know of a person; ``is_stranger``: of no workspace that Slack tells us
    of."""

    team: str
    is_admin: bool
    is_bot: bool
    enterprise: str | None = None
    is_stranger: bool = False

    def is_outside(self, identity: Identity) -> bool:
        """Whether the person belongs to another organisation than the bot; colleagues on an
        Enterprise Grid have other workspaces of the same one."""
        if self.is_stranger:
            return True
        is_colleague = identity.enterprise is not None and self.enterprise == identity.enterprise
        return self.team != identity.team and not is_colleague


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A completed file: the messages that show it, as each channel's ``ts``; empty until Slack
    lists them. ``is_processed``: Slack has looked at its content."""

    shares: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_processed: bool = True


@dataclass(frozen=True, slots=True)
class Act:
    """Something a person did: who, where, and its key.

    ``team`` is the workspace of the bot's installation, ``user_team`` the person's own where Slack
    names it. ``is_shared``: the channel is shared with another organisation (None: unknown).
    ``is_inside``: the bot is surely in the channel, because Slack delivers such acts to its members
    only. ``is_direct``: people talk to each other there, in no channel that anybody could invite
    the bot into. ``typed`` is what the person typed, where Slack keeps no copy of it.
    """

    key: str
    team: str
    channel: str
    user: str
    thread: str | None = None
    user_team: str | None = None
    response_url: str | None = None
    is_shared: bool | None = None
    is_inside: bool = False
    is_direct: bool = False
    typed: str = ""
    trigger: str = ""
    """Lets one view be opened, once, within three seconds."""
    user_name: str = ""
    channel_name: str = ""
    """What both are called, where Slack tells."""
