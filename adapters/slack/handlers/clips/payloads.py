"""Slack's payloads of forms and of the menu of a message, as values of our own."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field, ValidationError

from adapters.slack.handlers.payloads import (
    ChosenOption,
    Identified,
    Incoming,
    ShownMessage,
    read,
)
from adapters.slack.models import Act


@dataclass(frozen=True, slots=True)
class Shortcut:
    """An entry of the menu of a message."""

    act: Act
    trigger: str
    message_ts: str


@dataclass(frozen=True, slots=True)
class Submission:
    """A form that was sent off: the job it is about, and what was filled in, by field."""

    act: Act
    job_id: str
    values: Mapping[str, str]


class _MessageAction(Incoming):
    user: Identified
    channel: Identified
    message: ShownMessage
    action_ts: str
    trigger_id: str = ""
    response_url: str | None = None


class _Field(Incoming):
    value: str | None = None
    selected_option: ChosenOption | None = None

    @property
    def filled(self) -> str:
        """What was typed or chosen."""
        return self.selected_option.value if self.selected_option else self.value or ""


class _State(Incoming):
    values: Mapping[str, Mapping[str, _Field]] = Field(default={}, max_length=40)


class _View(Incoming):
    id: str
    private_metadata: str = Field(default="", max_length=3000)
    state: _State = _State()


class _ViewSubmission(Incoming):
    user: Identified
    view: _View


class _Metadata(Incoming):
    """What a form carries along; Slack gives it back as it was, but anything may be in it."""

    job: str = ""
    channel: str = ""
    thread: str | None = None


def shortcut_in(body: Mapping[str, object], team: str) -> Shortcut:
    """A shortcut of a message. Raises UnreadablePayload."""
    chosen = read(_MessageAction, body)
    act = Act(
        key=f"shortcut:{chosen.channel.id}:{chosen.message.ts}:{chosen.user.id}:{chosen.action_ts}",
        team=team,
        channel=chosen.channel.id,
        user=chosen.user.id,
        thread=chosen.message.thread_ts,
        user_team=chosen.user.team_id,
        response_url=chosen.response_url,
        user_name=chosen.user.called,
        channel_name=chosen.channel.called,
    )
    return Shortcut(act, chosen.trigger_id, chosen.message.ts)


def submission_in(body: Mapping[str, object], team: str) -> Submission:
    """A form that was sent off. Raises UnreadablePayload."""
    sent = read(_ViewSubmission, body)
    try:
        about = _Metadata.model_validate_json(sent.view.private_metadata or "{}")
    except ValidationError:
        about = _Metadata()
    fields = sent.view.state.values.values()
    values = {name: field.filled for block in fields for name, field in block.items()}
    act = Act(
        # a form opens once, so it is sent off once
        key=f"view:{sent.view.id}",
        team=team,
        channel=about.channel,
        user=sent.user.id,
        thread=about.thread,
        user_team=sent.user.team_id,
        is_inside=True,
        user_name=sent.user.called,
    )
    return Submission(act, about.job, values)
