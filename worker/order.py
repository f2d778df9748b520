"""Whose request is rendered next: every key gets its turn, patient requests before hurried keys, then by age."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from worker.records import Request

PATIENCE: Final = timedelta(minutes=10)
"""How long a request of low priority lets others pass."""


class Turns:
    """Counts the turns that keys have had: the next one goes to whoever had the fewest since they came.

    A key that was away starts at the present turn; nobody saves up turns for a rainy day.
    """

    def __init__(self) -> None:
        self._present = 0
        self._last: dict[str, int] = {}

    def in_order(self, waiting: Iterable[Request], now: datetime) -> list[Request]:
        """The waiting requests, given oldest first, in the order in which they will be rendered."""
        coming: dict[str, int] = {}
        ranked: list[tuple[bool, int, int, Request]] = []
        for age, request in enumerate(waiting):
            lane = _lane(request)
            turn = coming[lane] if lane in coming else self._next(lane)
            coming[lane] = turn + 1
            low = request.wishes.low_priority and now - request.created_at < PATIENCE
            ranked.append((low, turn, age, request))
        ranked.sort()  # no two are of the same age, so requests themselves are never compared
        return [request for *_, request in ranked]

    def had(self, request: Request) -> None:
        """That request's key had its turn."""
        lane = _lane(request)
        self._present = self._last[lane] = self._next(lane)
        self._last = {lane: turn for lane, turn in self._last.items() if turn >= self._present}

    def _next(self, lane: str) -> int:
        return max(self._present, self._last.get(lane, -1) + 1)


def may_join(candidate: Request, active: Iterable[Request]) -> bool:
    """True when the candidate may be rendered beside those under way.

    What was under way when the worker died runs alone: if it takes the worker down again, it takes nobody with it.
    """
    under_way = list(active)
    return not under_way or (candidate.attempts == 0 and all(request.attempts <= 1 for request in under_way))


def _lane(request: Request) -> str:
    """A key's patient requests do not use up the turns of its others."""
    return f"{request.owner} low" if request.wishes.low_priority else request.owner
