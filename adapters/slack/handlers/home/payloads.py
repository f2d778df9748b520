"""Slack's payloads of the Home tab as values of our own, read as the other payloads are."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.slack.handlers.payloads import Incoming, read
from adapters.slack.handlers.sent_views import SentView
from adapters.slack.models import Act


@dataclass(frozen=True, slots=True)
class HomeOpened:
    """A member has opened the bot's page; ``is_home``: its Home tab, and not its messages."""

    act: Act
    is_home: bool


@dataclass(frozen=True, slots=True)
class HomeSubmission:
    """A form over the tab, as it was sent off, and what it has carried along."""

    act: Act
    metadata: str
    state: Mapping[str, Mapping[str, Mapping[str, Any]]]


class _Opened(Incoming):
    user: str
    tab: str = ""
    event_ts: str = ""


class _Envelope(Incoming):
    event: dict[str, object]


def home_opened_in(body: Mapping[str, object], team: str) -> HomeOpened:
    """A page that was opened. Raises UnreadablePayload."""
    event = read(_Opened, read(_Envelope, body).event)
    act = Act(key=f"home:{event.user}:{event.event_ts}", team=team, channel="", user=event.user)
    return HomeOpened(act, event.tab == "home")


def home_submission_in(body: Mapping[str, object], team: str) -> HomeSubmission:
    """A form over the tab. Raises UnreadablePayload."""
    sent = read(SentView, body)
    view = sent.view
    act = Act(
        key=sent.key,
        team=team,
        channel="",
        user=sent.user.id,
        user_team=sent.user.team_id,
    )
    return HomeSubmission(act, view.private_metadata, view.state.values)
