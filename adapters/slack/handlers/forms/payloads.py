"""Shortcuts and submitted forms as values of our own, read as the other payloads are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.slack.handlers.payloads import Identified, Incoming, UnreadablePayload, read
from adapters.slack.handlers.sent_views import SentView
from adapters.slack.ids import WHERE
from adapters.slack.models import Act
from adapters.slack.text.form import FormPlace


@dataclass(frozen=True, slots=True)
class MenuShortcut:
    """A shortcut, from a message's menu with that message, or from anywhere."""

    act: Act
    text: str = ""
    message_ts: str = ""
    is_of_bot: bool = False


@dataclass(frozen=True, slots=True)
class FormSubmission:
    """A form that was sent off: its values, by block and action, and the clip that it edits."""

    act: Act
    view_id: str
    state: Mapping[str, Mapping[str, Mapping[str, Any]]]
    parent: str | None


class _ShortcutMessage(Incoming):
    ts: str = ""
    text: str = ""
    thread_ts: str | None = None
    bot_id: str | None = None


class _Shortcut(Incoming):
    user: Identified
    trigger_id: str
    action_ts: str = ""
    channel: Identified | None = None
    message: _ShortcutMessage = _ShortcutMessage()
    response_url: str | None = None


def menu_shortcut_in(body: Mapping[str, object], team: str) -> MenuShortcut:
    """A shortcut of either kind. Raises UnreadablePayload."""
    chosen = read(_Shortcut, body)
    channel, message = chosen.channel.id if chosen.channel else "", chosen.message
    act = Act(
        key=f"shortcut:{channel}:{chosen.user.id}:{chosen.trigger_id}",
        team=team,
        channel=channel,
        user=chosen.user.id,
        thread=message.thread_ts,
        user_team=chosen.user.team_id,
        response_url=chosen.response_url,
        trigger=chosen.trigger_id,
        user_name=chosen.user.called,
        channel_name=chosen.channel.called if chosen.channel else "",
    )
    return MenuShortcut(act, message.text, message.ts, is_of_bot=message.bot_id is not None)


def form_submission_in(body: Mapping[str, object], team: str) -> FormSubmission:
    """A form that was sent off. Raises UnreadablePayload."""
    sent = read(SentView, body)
    view, place = sent.view, FormPlace.parse(sent.view.private_metadata)
    if place is None:
        raise UnreadablePayload("private_metadata")
    where = view.state.values.get(WHERE, {}).get(WHERE, {}).get("selected_conversation")
    act = Act(
        key=sent.key,
        team=team,
        channel=place.channel or str(where or ""),
        user=sent.user.id,
        thread=place.thread,
        user_team=sent.user.team_id,
        response_url=place.answers,
        is_direct=place.direct,
        user_name=sent.user.called,
    )
    return FormSubmission(act, view.id, view.state.values, place.parent)
