"""Planned faults: answers that the next matching REST calls get instead of their own."""

import re
from dataclasses import dataclass, field

from doubles.discord.rest.call import Answer

HAMMERING = 10
HAMMERING_SECONDS = 60.0


@dataclass(eq=False)
class Planned:
    """One planned answer: for which routes, how often, and whether the request is run nevertheless."""

    route: re.Pattern[str]
    answer: Answer
    times: int = 1
    after_storing: bool = False


@dataclass
class PlannedAnswers:
    """The planned answers in the order they were planned."""

    _waiting: list[Planned] = field(default_factory=list)

    def plan(self, planned: Planned) -> None:
        """Add one."""
        self._waiting.append(planned)

    def clear(self) -> None:
        """Forget those that have not been given."""
        self._waiting.clear()

    def take(self, name: str, *, after_storing: bool) -> Answer | None:
        """The answer planned for `PATCH /channels/…`, used up by this call; None: its own."""
        for planned in self._waiting:
            if planned.after_storing == after_storing and planned.route.search(name):
                planned.times -= 1
                if planned.times == 0:
                    self._waiting.remove(planned)
                return planned.answer
        return None


@dataclass
class InvalidRequests:
    """Counts refused requests (401, 403, 429) by route: thousands of them get a bot's address banned."""

    _seen: dict[str, list[float]] = field(default_factory=dict)

    def hammering(self, name: str, status: int, now: float) -> bool:
        """Whether this refusal is one too many of its kind within a minute; true once per burst."""
        if status not in {401, 403, 429}:
            self._seen.pop(name, None)
            return False
        recent = [at for at in self._seen.get(name, []) if now - at < HAMMERING_SECONDS] + [now]
        self._seen[name] = recent
        return len(recent) == HAMMERING + 1
