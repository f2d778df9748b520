"""The order in which requests are rendered: round robin over keys, low priority after the others,
then by age."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from worker.records import Request

MAX_LOW_PRIORITY_WAIT: Final = timedelta(minutes=10)
"""After this wait a request of low priority ranks like any other."""


class FairOrder:
    """Round robin over lanes: the next request comes from the lane that had the fewest rounds.

    A lane is a key, or a key's requests of low priority. A lane that was empty for a while joins in
    the current round: it has saved up nothing.
    """

    def __init__(self) -> None:
        self._current = 0
        self._last: dict[str, int] = {}

    def in_order(self, waiting: Iterable[Request], now: datetime) -> list[Request]:
        """The waiting requests, given oldest first, in the order in which they will be rendered."""
        upcoming: dict[str, int] = {}
        ranked: list[tuple[bool, int, int, Request]] = []
        for age, request in enumerate(waiting):
            lane = _lane(request)
            # a lane's second request comes one round after its first
            round_ = upcoming[lane] if lane in upcoming else self._next_round(lane)
            upcoming[lane] = round_ + 1
            # low sorts after the others whatever its round
            low = request.options.low_priority and now - request.created_at < MAX_LOW_PRIORITY_WAIT
            ranked.append((low, round_, age, request))
        ranked.sort()  # no two are of the same age, so requests themselves are never compared
        return [request for *_, request in ranked]

    def started(self, request: Request) -> None:
        """Count the round of a request whose render starts."""
        lane = _lane(request)
        self._current = self._last[lane] = self._next_round(lane)
        # a lane behind the current round is treated like one that was never there
        self._last = {name: last for name, last in self._last.items() if last >= self._current}

    def _next_round(self, lane: str) -> int:
        return max(self._current, self._last.get(lane, -1) + 1)


def may_run_beside(candidate: Request, active: Iterable[Request]) -> bool:
    """True when the candidate may be rendered together with the active requests.

    A request that was active when the worker died runs alone: if it ends the worker again, no other
    request loses an attempt.
    """
    others = list(active)
    return not others or (
        # attempts counts this run too, so 1 is a first attempt
        candidate.attempts == 0 and all(request.attempts <= 1 for request in others)
    )


def _lane(request: Request) -> str:
    """A key's requests of low priority do not use up the rounds of its others."""
    return f"{request.owner} low" if request.options.low_priority else request.owner
