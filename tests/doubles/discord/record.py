"""The log of requests and frames, and the violations that the judges and rules have found."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from doubles.discord.changes import Changes
from judges.discord_spec import DiscordSpec, discord_spec
from judges.gateway_spec import GatewaySpec, gateway_spec, is_judged


@dataclass(frozen=True)
class Exchange:
    """One request with its answer, or one gateway frame."""

    at: float
    kind: Literal["rest", "file", "to bot", "from bot"]
    name: str
    """`PATCH /channels/1/messages/2`, or the event or opcode of a frame."""
    sent: object = None
    """The decoded request, or the frame's payload."""
    files: dict[str, int] = field(default_factory=dict)
    """Names and sizes of the files in a request."""
    status: int | None = None
    code: int | None = None
    """Discord's own error code, when the answer is an error."""
    answer: object = None


@dataclass
class Record:
    """The log and the list of violations; judges everything when it was given the official descriptions."""

    rest_spec: DiscordSpec | None = None
    gateway_spec: GatewaySpec | None = None
    log: list[Exchange] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)
    judged: int = 0
    unjudged: Counter[str] = field(default_factory=Counter)
    """What went by without a schema, by name."""

    @classmethod
    def judged_by(cls, folder: Path | None) -> "Record":
        """A record whose judges read the descriptions in `folder`; None switches the judges off."""
        return cls(discord_spec(folder), gateway_spec(folder)) if folder else cls()

    def note(self, exchange: Exchange) -> None:
        """Keep an exchange and wake those who wait; what it leads to at once they will see as well."""
        self.log.append(exchange)
        self.changes.announce()

    def judge_request(self, method: str, path: str, content_type: str, body: object) -> None:
        """Every REST request passes here as it arrives."""
        if self.rest_spec:
            self._count(self.rest_spec.request(method, path, content_type, body))

    def judge_answer(self, method: str, path: str, status: int, body: object) -> None:
        """Every answer of the double is checked here, so that it answers as Discord does."""
        if self.rest_spec is None:
            return
        if status >= 500 or isinstance(body, str):
            self.unjudged[f"injected {status}"] += 1
        else:
            self._count(self.rest_spec.response(method, path, status, body))

    def judge_frame(self, event: str, data: object) -> None:
        """Every gateway payload the double sends, and IDENTIFY as it arrives."""
        if self.gateway_spec is None:
            return
        complaints = self.gateway_spec.payload(event, data)
        if is_judged(event):
            self._count(complaints)
        else:
            self.unjudged[event] += 1
            self.violations += complaints

    def _count(self, complaints: list[str]) -> None:
        self.judged += 1
        self.violations += complaints
