"""The queue in which requests wait for the engine."""

import heapq
from collections.abc import Iterator
from datetime import datetime

from generation.protocol.clock import Clock
from worker.records import Request
from worker.scheduling.fairness import FairOrder
from worker.scheduling.live_request import LiveRequest


class RequestQueue:
    """The waiting requests. Their order is computed when it is read for the first time after a
    change."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._fair_order = FairOrder()
        self._waiting: dict[str, LiveRequest] = {}
        self._positions: dict[str, int] | None = None
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
        self._positions = self._ordered = None
        if live.request.options.start_by is not None:
            heapq.heappush(self._deadlines, (live.request.options.start_by, live.request.id))
            self._prune_deadlines()

    def remove(self, request_id: str) -> None:
        """Take a request out of the queue, if it is in there; those who watch the others are
        notified of their new positions."""
        if self._waiting.pop(request_id, None) is not None:
            self._positions = self._ordered = None
            for live in self._waiting.values():
                live.notify_of_detail()

    def start(self, live: LiveRequest) -> None:
        """Its render has started: remove it, and count the round of its key."""
        self.count_start(live.request)
        self.remove(live.request.id)

    def count_start(self, request: Request) -> None:
        """Count the round of the key of a request that started without waiting."""
        self._fair_order.started(request)

    def in_order(self) -> tuple[Request, ...]:
        """The waiting requests in the order in which they will be rendered; the same tuple object
        until that changes."""
        if self._ordered is None:
            self._ordered = tuple(self._order())
        return self._ordered

    def position(self, request_id: str) -> int:
        """How many requests will be rendered before this one."""
        if self._positions is None:
            # computed for all at once: after a change every waiting caller polls
            self._positions = {request.id: ahead for ahead, request in enumerate(self.in_order())}
        return self._positions.get(request_id, 0)

    def first(self) -> LiveRequest | None:
        """The next request to render."""
        # not from in_order(): a request of low priority rises with time, without a change
        first = next(iter(self._order()), None)
        return None if first is None else self._waiting[first.id]

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

    def _order(self) -> list[Request]:
        return self._fair_order.in_order(
            (live.request for live in self._waiting.values()), self._clock.now()
        )
