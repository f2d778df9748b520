"""The order in which requests are rendered: keys share the engine, and in a key those that it
names; low priority comes after the others."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from generation.protocol.fairness import FairQueue, Lanes
from generation.protocol.progress import MOST_AHEAD
from generation.protocol.work import absolute_work, rank_of
from worker.records import Request

MAX_LOW_PRIORITY_WAIT: Final = timedelta(minutes=10)
"""After this wait a request of low priority ranks like any other."""


class FairOrder:
    """Start-time fair queueing over keys, in a key over the servers that its caller names, and in a
    server over members; by the work of their clips.

    A key's requests of low priority have a lane of their own: they use up nothing of its others'.
    """

    def __init__(self) -> None:
        self._line = FairQueue()
        self._low = FairQueue()
        # those in self._low, each with its age
        self._low_requests: dict[str, tuple[Request, int]] = {}
        self._arrivals = 0

    def add(self, request: Request) -> None:
        """One more waits."""
        if request.options.low_priority:
            self._low_requests[request.id] = request, self._arrivals
            _add(self._low, request, self._arrivals)
        else:
            _add(self._line, request, self._arrivals)
        self._arrivals += 1

    def remove(self, request_id: str) -> None:
        """It no longer waits, and was not rendered."""
        self._line.remove(request_id)
        self._low.remove(request_id)
        self._low_requests.pop(request_id, None)

    def started(self, request: Request) -> None:
        """The render of a request starts, whether it has waited or not."""
        line = self._low if request.id in self._low else self._line
        if request.id in line:
            line.start(request.id)
            self._low_requests.pop(request.id, None)
        else:
            line.charge(_lanes(request), _work(request))

    def raise_patient(self, now: datetime) -> bool:
        """Let those of low priority that have waited long enough rank like the others from now on;
        whether there were any."""
        patient = [
            (request, age)
            for request, age in self._low_requests.values()
            # a clock that was set back makes nobody wait longer than from its own start
            if not timedelta() <= now - request.created_at < MAX_LOW_PRIORITY_WAIT
        ]
        for request, age in patient:
            self._low.remove(request.id)
            del self._low_requests[request.id]
            _add(self._line, request, age)
        return bool(patient)

    def first(self) -> str | None:
        """The one that is rendered next."""
        return self._line.first() or self._low.first()

    def first_ones(self) -> tuple[str, ...]:
        """The next :data:`~generation.protocol.progress.MOST_AHEAD` in order."""
        return (*self._line.first_ones(), *self._low.first_ones())[:MOST_AHEAD]

    def position(self, request_id: str) -> int:
        """How many are rendered before it, counted up to
        :data:`~generation.protocol.progress.MOST_AHEAD`; 0 for one that does not wait."""
        ahead = self._line.position(request_id)
        if ahead is None and (among_low := self._low.position(request_id)) is not None:
            ahead = len(self._line) + among_low
        return min(ahead or 0, MOST_AHEAD)


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


def _add(line: FairQueue, request: Request, age: int) -> None:
    rank = 0 if request.input is None else rank_of(request.input)
    line.add(request.id, _lanes(request), work=_work(request), rank=rank, age=age)


def _lanes(request: Request) -> Lanes:
    """A key's requests of low priority are a lane beside its others."""
    key = f"{request.owner} low" if request.options.low_priority else request.owner
    return key, *request.options.share


def _work(request: Request) -> float:
    return 1.0 if request.input is None else absolute_work(request.input)
