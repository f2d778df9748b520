"""The queue in which requests wait for the engine."""

import heapq
from collections.abc import Iterator
from datetime import datetime

from generation.protocol.clock import Clock
from worker.records import Request
from worker.scheduling.fairness import FairOrder
from worker.scheduling.live_request import LiveRequest


class RequestQueue:
    """The waiting requests, in fair order."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._fair_order = FairOrder()
        self._waiting: dict[str, LiveRequest] = {}
        self._ordered: tuple[Request, ...] | None = None
        self._deadlines: list[tuple[datetime, str]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[LiveRequest]:
        return iter(self._waiting.values())

    def get(self, request_id: str) -> LiveRequest | None:
        """A waiting request."""
        return self._waiting.get(request_id)

    def add(self, live: LiveRequest) -> None:
        """Add a request; its key, its priority and its age decide its position."""
        self._waiting[live.request.id] = live
        self._fair_order.add(live.request)
        self._ordered = None
        if live.request.options.start_by is not None:
            heapq.heappush(self._deadlines, (live.request.options.start_by, live.request.id))
            self._prune_deadlines()

    def remove(self, request_id: str) -> None:
        """Take a request out of the queue, if it is in there; those who watch the others are
        notified of their new positions."""
        if self._waiting.pop(request_id, None) is not None:
            self._fair_order.remove(request_id)
            self._ordered = None
            for live in self._waiting.values():
                live.notify_of_detail()

    def start(self, live: LiveRequest) -> None:
        """Its render has started: remove it, and count its work."""
        self.count_start(live.request)
        self.remove(live.request.id)

    def count_start(self, request: Request) -> None:
        """Count the work of a request that starts, and may not have waited."""
        self._fair_order.started(request)

    def in_order(self) -> tuple[Request, ...]:
        """The waiting requests in the order in which they will be rendered, the first thousand; the
        same tuple object until that changes."""
        self._raise_patient()
        if self._ordered is None:
            self._ordered = tuple(
                self._waiting[name].request for name in self._fair_order.first_ones()
            )
        return self._ordered

    def position(self, request_id: str) -> int:
        """How many requests will be rendered before this one, counted up to a thousand."""
        self._raise_patient()
        return self._fair_order.position(request_id)

    def first(self) -> LiveRequest | None:
        """The next request to render."""
        self._raise_patient()
        first = self._fair_order.first()
        return None if first is None else self._waiting[first]

    def next_deadline(self) -> datetime | None:
        """The earliest moment at which one of them has waited too long."""
        # entries of requests that left are dropped only when they reach the top
        while self._deadlines and self._deadlines[0][1] not in self._waiting:
            heapq.heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None

    def overdue(self) -> list[LiveRequest]:
        """Those whose deadline for the start has passed."""
        now, earliest = self._clock.now(), self.next_deadline()
        if earliest is None or earliest > now:
            return []
        return [
            self._waiting[id_] for by, id_ in self._deadlines if by <= now and id_ in self._waiting
        ]

    def _prune_deadlines(self) -> None:
        """Most requests start long before their deadline; without this their entries would pile
        up."""
        if len(self._deadlines) > 2 * len(self._waiting) + 64:
            self._deadlines = [entry for entry in self._deadlines if entry[1] in self._waiting]
            heapq.heapify(self._deadlines)

    def _raise_patient(self) -> None:
        """Requests of low priority rise with time, without any other change."""
        if self._fair_order.raise_patient(self._clock.now()):
            self._ordered = None
