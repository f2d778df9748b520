"""Slack's payloads as values of our own: commands, clicks, mentions and reactions.

Every act has a ``key`` made of its content. When Slack delivers an act again (after a lost ack,
under another event id, after a restart of the bot), its content and its key are the same. Two
different acts have different keys, because Slack gives each command its own trigger, each click its
own ``action_ts``, each message its own ``ts``, and each reaction its own ``event_ts``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.slack.models import Act
from adapters.slack.text.markup import without_mention


class UnreadablePayload(Exception):
    """A payload lacks fields that Slack always sends; the message names them."""


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command and the words after it, as Slack wrote them."""

    act: Act
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Click:
    """A button under a message of ours, or an entry of a menu there; ``trigger`` opens a form."""

    act: Act
    action_id: str
    value: str
    block_id: str = ""
    trigger: str = ""
    message_ts: str = ""
    message_text: str = ""


@dataclass(frozen=True, slots=True)
class Mention:
    """A message that names the bot: the words around its name, as Slack wrote them; ``is_first``:
    it begins with that name."""

    act: Act
    ts: str
    text: str
    is_of_bot: bool
    is_first: bool


@dataclass(frozen=True, slots=True)
class Reaction:
    """A reaction on a message: the emoji's name, the message, and the message's author."""

    act: Act
    name: str
    message_ts: str
    message_by: str | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody has come into a channel of the bot: a member, or the bot itself."""

    user: str
    channel: str


class Removal(StrEnum):
    """What a workspace has taken from the bot."""

    APP = "app"
    ACCESS = "access"


class Incoming(BaseModel):
    """A part of a payload."""

    # Slack adds fields to its payloads at any time
    model_config = ConfigDict(extra="ignore", frozen=True)


Read = TypeVar("Read", bound=Incoming)


class _Slash(Incoming):
    command: str
    channel_id: str
    user_id: str
    trigger_id: str
    text: str = ""
    response_url: str | None = None
    channel_name: str = ""
    user_name: str = ""


class Identified(Incoming):
    """A person or a channel."""

    id: str
    team_id: str | None = None
    username: str | None = None  # of a person, in some payloads
    name: str | None = None

    @property
    def called(self) -> str:
        """The name, where it is told."""
        return self.username or self.name or ""


class _Container(Incoming):
    message_ts: str | None = None
    channel_id: str | None = None
    thread_ts: str | None = None
    is_ephemeral: bool = False


class ChosenOption(Incoming):
    """An entry of a menu."""

    value: str = ""


class _Action(Incoming):
    action_id: str
    action_ts: str
    value: str = ""
    block_id: str = ""
    selected_option: ChosenOption = ChosenOption()


class ShownMessage(Incoming):
    """The message that was acted on."""

    ts: str = ""
    thread_ts: str | None = None
    text: str = ""


class _BlockActions(Incoming):
    user: Identified
    container: _Container = _Container()
    channel: Identified | None = None
    actions: tuple[_Action, ...] = Field(min_length=1)
    response_url: str | None = None
    trigger_id: str = ""
    message: ShownMessage = ShownMessage()


class _MentionEvent(Incoming):
    channel: str
    ts: str
    user: str = ""
    text: str = ""
    thread_ts: str | None = None
    bot_id: str | None = None
    user_team: str | None = None


class _MessageEvent(_MentionEvent):
    channel_type: str = ""
    subtype: str | None = None


class _ReactionItem(Incoming):
    type: str = "message"
    channel: str = ""
    ts: str = ""


class _ReactionEvent(Incoming):
    user: str
    reaction: str
    event_ts: str
    item: _ReactionItem
    item_user: str | None = None


class _RevokedTokens(Incoming):
    bot: tuple[str, ...] = ()


class _JoinedEvent(Incoming):
    user: str
    channel: str


class _RemovalEvent(Incoming):
    type: str
    tokens: _RevokedTokens = _RevokedTokens()


class _Envelope(Incoming):
    event: dict[str, object]
    is_ext_shared_channel: bool = False


def command_in(body: Mapping[str, object], team: str) -> Command:
    """A slash command. Raises UnreadablePayload."""
    slash = read(_Slash, body)
    act = Act(
        key=f"command:{slash.channel_id}:{slash.user_id}:{slash.trigger_id}",
        team=team,
        channel=slash.channel_id,
        user=slash.user_id,
        response_url=slash.response_url,
        typed=f"{slash.command} {slash.text}".strip() if slash.text.strip() else "",
        # Slack's names for a conversation of two, and of a few
        is_direct=slash.channel_name == "directmessage" or slash.channel_name.startswith("mpdm-"),
        trigger=slash.trigger_id,
        user_name=slash.user_name,
        channel_name=slash.channel_name,
    )
    return Command(act, slash.command, slash.text)


def click_in(body: Mapping[str, object], team: str) -> Click:
    """The first action of an interaction. Raises UnreadablePayload."""
    clicked = read(_BlockActions, body)
    # Slack sends one action with each click
    action = clicked.actions[0]
    channel = clicked.channel.id if clicked.channel else clicked.container.channel_id or ""
    act = Act(
        key=f"click:{channel}:{clicked.container.message_ts}:{clicked.user.id}:{action.action_ts}",
        team=team,
        channel=channel,
        user=clicked.user.id,
        thread=clicked.container.thread_ts,
        user_team=clicked.user.team_id,
        response_url=clicked.response_url,
        # what one member reads stands where they have typed a command: the bot may not be there
        is_inside=not clicked.container.is_ephemeral,
        trigger=clicked.trigger_id,
        user_name=clicked.user.called,
        channel_name=clicked.channel.called if clicked.channel else "",
    )
    return Click(
        act,
        action.action_id,
        action.value or action.selected_option.value,
        action.block_id,
        clicked.trigger_id,
        clicked.container.message_ts or "",
        clicked.message.text,
    )


def mention_in(body: Mapping[str, object], team: str, bot_user: str) -> Mention:
    """A mention of the bot. Raises UnreadablePayload."""
    envelope = read(_Envelope, body)
    event = read(_MentionEvent, envelope.event)
    act = Act(
        key=mention_key(event.channel, event.ts),
        team=team,
        channel=event.channel,
        user=event.user,
        thread=event.thread_ts,
        user_team=event.user_team,
        is_shared=envelope.is_ext_shared_channel,
        is_inside=True,
    )
    # a bot's message has its bot_id, and some have no user
    return Mention(
        act,
        event.ts,
        without_mention(event.text, bot_user),
        is_of_bot=bool(event.bot_id) or not event.user,
        is_first=event.text.lstrip().startswith((f"<@{bot_user}>", f"<@{bot_user}|")),
    )


def direct_message_in(body: Mapping[str, object], team: str, bot_user: str) -> Mention | None:
    """What a person writes to the bot in their own conversation with it; None for edits, for what
    bots say, and for every other conversation. Raises UnreadablePayload."""
    event = read(_MessageEvent, read(_Envelope, body).event)
    # a message with a file has words too; every other subtype is no new message of a person
    is_new = event.subtype in {None, "file_share"}
    if event.channel_type != "im" or not is_new:
        return None
    said = mention_in(body, team, bot_user)
    # nobody else is there to be meant
    return None if said.is_of_bot else replace(said, is_first=True)


def mention_key(channel: str, ts: str) -> str:
    """The key of a mention, by its message."""
    return f"mention:{channel}:{ts}"


def reaction_in(body: Mapping[str, object], team: str) -> Reaction:
    """A reaction that was added to a message. Raises UnreadablePayload."""
    envelope = read(_Envelope, body)
    event = read(_ReactionEvent, envelope.event)
    act = Act(
        key=f"reaction:{event.item.channel}:{event.item.ts}:{event.user}:{event.event_ts}",
        team=team,
        channel=event.item.channel,
        user=event.user,
        is_shared=envelope.is_ext_shared_channel,
        is_inside=True,
    )
    return Reaction(act, event.reaction, event.item.ts, event.item_user)


def arrival_in(body: Mapping[str, object]) -> Arrival:
    """Who has come into which channel. Raises UnreadablePayload."""
    event = read(_JoinedEvent, read(_Envelope, body).event)
    return Arrival(event.user, event.channel)


def removal_in(body: Mapping[str, object]) -> Removal | None:
    """What was taken from the bot; None when only tokens of people were revoked. Raises
    UnreadablePayload."""
    event = read(_RemovalEvent, read(_Envelope, body).event)
    if event.type == "app_uninstalled":
        return Removal.APP
    return Removal.ACCESS if event.tokens.bot else None


def read(model: type[Read], body: object) -> Read:
    """A part of a payload. Raises UnreadablePayload."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        # the log names fields, never their values: those are members' words
        wrong = sorted(
            {".".join(map(str, each["loc"])) for each in error.errors(include_input=False)}
        )
        raise UnreadablePayload(f"{model.__name__.strip('_')}: {', '.join(wrong)}") from None
