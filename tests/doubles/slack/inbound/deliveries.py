"""What Slack hands to the bot: each payload, the times it was tried, and its acknowledgement."""

from dataclasses import dataclass, field
from typing import Any, Literal

from doubles.slack.state.workspaces import Json

Envelope = Literal["slash_commands", "interactive", "events_api"]


@dataclass(frozen=True)
class Ack:
    """The bot's acknowledgement: `delay` in seconds on the double's clock, `payload` what came with it."""

    at: float
    delay: float
    payload: Any


@dataclass
class Attempt:
    """One time something was handed over. `lost`: the connection died first; `status`: of a refusal over HTTP.

    `forged` says why the bot must refuse it (HTTP mode only); `excused` that a late ack was already complained about.
    """

    id: str
    sent_at: float
    retry: int = 0
    ack: Ack | None = None
    lost: bool = False
    status: int | None = None
    forged: str | None = None
    excused: bool = False

    @property
    def settled(self) -> bool:
        """Nothing more comes of it."""
        return self.ack is not None or self.lost or self.status is not None


@dataclass
class Delivery:
    """One payload for the bot. `kind` is what the judge calls it: slash, block_actions, reaction_added, …"""

    envelope: Envelope
    kind: str
    payload: Json
    team: str
    attempts: list[Attempt] = field(default_factory=list)
    handed_over: bool = False

    @property
    def ack(self) -> Ack | None:
        """The first acknowledgement."""
        return next((each.ack for each in self.attempts if each.ack), None)

    @property
    def status(self) -> int | None:
        """The HTTP status of the last refusal."""
        return next((each.status for each in reversed(self.attempts) if each.status is not None), None)
