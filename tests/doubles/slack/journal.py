"""What happened at the double: every exchange, what was judged, and what was wrong with it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from doubles.slack.clock import Changes, Clock
from judges.slack_validate import SlackJudge


@dataclass(frozen=True)
class Exchange:
    """One request, frame or delivery and its answer.

    `kind` is call, upload, download, response_url, delivery, ack, frame or stray; `name` the method, path or payload
    kind; `at` seconds on the double's clock.
    """

    at: float
    kind: str
    name: str
    request: Any
    answer: Any = None
    status: int | None = None


@dataclass
class Journal:
    """The log of one double, with the judge asked about everything in it (None: nothing is judged)."""

    clock: Clock
    changes: Changes
    judge: SlackJudge | None
    log: list[Exchange] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    judged: int = 0
    unjudged: Counter[str] = field(default_factory=Counter)
    rate_limited: int = 0

    def note(self, kind: str, name: str, request: Any, answer: Any = None, status: int | None = None) -> None:
        """Write one exchange down."""
        self.log.append(Exchange(self.clock.now(), kind, name, request, answer, status))
        self.changes.announce()

    def violate(self, complaint: str) -> None:
        """Write down something the bot (or the double itself) must not do."""
        self.violations.append(complaint)
        self.changes.announce()

    def judge_arguments(self, method: str, arguments: dict[str, Any]) -> list[str]:
        """Judge the arguments of a call; the complaints are violations."""
        if self.judge is None:
            return []
        return self._judged(method, self.judge.judges(method), self.judge.check_arguments(method, arguments))

    def judge_answer(self, method: str, answer: dict[str, Any]) -> None:
        """Judge what the double itself answers: a wrong double proves nothing."""
        if self.judge is not None:
            self._judged(method, self.judge.judges(method), self.judge.check_response(method, answer))

    def judge_blocks(self, where: str, blocks: list[Any]) -> list[str]:
        """Judge blocks that do not come in a Web API call."""
        if self.judge is None:
            return []
        return self._judged(where, True, [f"{where} blocks {each}" for each in self.judge.check_blocks(blocks)])

    def judge_view(self, where: str, view: dict[str, Any]) -> None:
        """Judge a view that does not come in a Web API call."""
        if self.judge is not None:
            self._judged(where, True, [f"{where} view {each}" for each in self.judge.check_view(view)])

    def judge_delivery(self, kind: str, payload: dict[str, Any]) -> None:
        """Judge what the double delivers; of an Events API payload both the envelope and the event."""
        if self.judge is None:
            return
        if payload.get("type") == "event_callback":
            self._judged("envelope", True, self.judge.check_inbound("envelope", payload))
            payload = payload["event"]
        found = self.judge.check_inbound(kind, payload)
        self._judged(kind, self.judge.judges_inbound(kind), found)

    def _judged(self, name: str, has_schema: bool, found: list[str]) -> list[str]:
        if has_schema:
            self.judged += 1
        else:
            self.unjudged[name] += 1
        for complaint in found:
            self.violate(complaint)
        return found
