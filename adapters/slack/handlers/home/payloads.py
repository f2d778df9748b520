"""Slack's payloads of the Home tab as values of our own, read as the other payloads are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from pydantic import Field

from adapters.slack.handlers.payloads import Identified, Incoming, read
from adapters.slack.models import Act


@dataclass(frozen=True, slots=True)
class HomeOpened:
    """A member has opened the bot's page; ``is_home``: its Home tab, and not its messages."""

    act: Act
    is_home: bool


@dataclass(frozen=True, slots=True)
class LimitsSubmission:
    """The form for limits, as it was sent off, and what it has carried along."""

    act: Act
    metadata: str
    state: Mapping[str, Mapping[str, Mapping[str, Any]]]


class _Opened(Incoming):
    user: str
    tab: str = ""
    event_ts: str = ""


class _Envelope(Incoming):
    event: dict[str, object]


class _State(Incoming):
    values: dict[str, dict[str, dict[str, Any]]] = Field(default={}, max_length=40)


class _View(Incoming):
    id: str
    private_metadata: str = Field(default="", max_length=3000)
    state: _State = _State()


class _ViewSubmission(Incoming):
    user: Identified
    view: _View


def home_opened_in(body: Mapping[str, object], team: str) -> HomeOpened:
    """A page that was opened. Raises UnreadablePayload."""
    event = read(_Opened, read(_Envelope, body).event)
    act = Act(key=f"home:{event.user}:{event.event_ts}", team=team, channel="", user=event.user)
    return HomeOpened(act, event.tab == "home")


def limits_submission_in(body: Mapping[str, object], team: str) -> LimitsSubmission:
    """A form for limits. Raises UnreadablePayload."""
    sent = read(_ViewSubmission, body)
    view = sent.view
    # a form that was corrected is another act, and gets an answer of its own
    digest = sha256(json.dumps(view.state.values, sort_keys=True).encode()).hexdigest()[:16]
    act = Act(
        key=f"view:{view.id}:{digest}",
        team=team,
        channel="",
        user=sent.user.id,
        user_team=sent.user.team_id,
    )
    return LimitsSubmission(act, view.private_metadata, view.state.values)
