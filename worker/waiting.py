"""Requests in memory, and the line in which they wait for the engine."""

import asyncio
import heapq
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from generation.wire import LogEntry
from worker.looks import Look
from worker.order import Turns
from worker.records import Request


class LiveRequest:
    """A request in memory: where it stands, what its render said and looks like, and a bell for those who watch it.

    ``version`` grows with everything that a watcher could see.
    """

    def __init__(self, request: Request, logs: Sequence[LogEntry] = ()) -> None:
        self.request = request
        self.logs = list(logs)
        self.look: Look | None = None
        self.lock = asyncio.Lock()
        self.version = 0
        self._bell: asyncio.Event | None = None

    @property
    def watched(self) -> bool:
        """True while somebody waits for its next change."""
        return self._bell is not None

    async def newer_than(self, version: int) -> None:
        """Wait until the request differs from what it was at that version."""
        while self.version == version:
            self._bell = self._bell or asyncio.Event()
            await self._bell.wait()

    def ring(self) -> None:
        """Wake everybody who watches."""
        self.version += 1
        if self._bell is not None:
            self._bell.set()
            self._bell = None


class WaitingLine:
    """The waiting requests. Who comes when is worked out only when somebody asks after something has changed."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._turns = Turns()
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
        """Put a request at the end of the line; its key, its priority and its age decide where it really stands."""
        self._waiting[live.request.id] = live
        self._positions = self._ordered = None
        if live.request.wishes.start_by is not None:
            heapq.heappush(self._deadlines, (live.request.wishes.start_by, live.request.id))
            self._forget_old_deadlines()

    def remove(self, request_id: str) -> None:
        """Take a request out of the line, if it is in there; everybody behind it moves up and may want to know."""
        if self._waiting.pop(request_id, None) is not None:
            self._positions = self._ordered = None
            for live in self._waiting.values():
                live.ring()

    def had_its_turn(self, live: LiveRequest) -> None:
        """Its render has begun: out of the line, and its key waits for its next turn."""
        self._turns.had(live.request)
        self.remove(live.request.id)

    def in_order(self) -> tuple[Request, ...]:
        """The waiting requests in the order in which they will be rendered; the same object until that changes."""
        if self._ordered is None:
            self._ordered = tuple(self._order())
        return self._ordered

    def position(self, request_id: str) -> int:
        """How many requests will be rendered before this one."""
        if self._positions is None:
            self._positions = {request.id: ahead for ahead, request in enumerate(self.in_order())}
        return self._positions.get(request_id, 0)

    def first(self) -> LiveRequest | None:
        """The request whose turn it is."""
        first = next(iter(self._order()), None)
        return None if first is None else self._waiting[first.id]

    def next_deadline(self) -> datetime | None:
        """The earliest moment at which one of them has waited too long."""
        while self._deadlines and self._deadlines[0][1] not in self._waiting:
            heapq.heappop(self._deadlines)
        return self._deadlines[0][0] if self._deadlines else None

    def late(self) -> list[LiveRequest]:
        """Those whose deadline for the start has passed."""
        now, earliest = self._clock(), self.next_deadline()
        if earliest is None or earliest > now:
            return []
        return [self._waiting[id_] for by, id_ in self._deadlines if by <= now and id_ in self._waiting]

    def _forget_old_deadlines(self) -> None:
        """Most requests begin long before their deadline; what is left of them must not pile up."""
        if len(self._deadlines) > 2 * len(self._waiting) + 64:
            self._deadlines = [entry for entry in self._deadlines if entry[1] in self._waiting]
            heapq.heapify(self._deadlines)

    def _order(self) -> list[Request]:
        return self._turns.in_order((live.request for live in self._waiting.values()), self._clock())
