"""Fair order: start-time fair queueing over nested lanes, for the bot's jobs and the worker's line.

A lane is a server, and in it a member; at the worker also a key around both. Each lane gets the
same share of the work while it has something to wait for; one that was idle begins at the present
and has saved up nothing. Between two busy lanes the work they have got never differs by more than
the two largest requests (Goyal, Vin and Cheng, "Start-time Fair Queueing", 1996).
"""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

T = TypeVar("T")

Lanes = Sequence[str]
"""A request's lanes, the outermost first; all requests of one order have as many."""

MAX_LANES: Final = 1000
"""Lanes inside one lane that are remembered."""


@dataclass(frozen=True, slots=True)
class Waiting(Generic[T]):
    """One that waits. ``work`` is what it costs its lanes, in any unit; of two whose lanes are
    even the one of the smaller ``rank`` goes first, then the older one."""

    item: T
    lanes: Lanes
    work: float = 1.0
    rank: int = 0


class FairShare:
    """What each lane has got so far."""

    def __init__(self) -> None:
        self._root = _Lane()

    def in_order(self, waiting: Iterable[Waiting[T]]) -> Iterator[T]:
        """Those that wait, given oldest first, in the order in which they are to start. Nothing
        counts as started."""
        plan: _Plan[T] = _Plan(self._root)
        for age, one in enumerate(waiting):
            plan.add(one.lanes, _Entry((one.rank, age), one))
        plan.arrange()
        while plan.head is not None:
            yield plan.pop().waiting.item

    def started(self, lanes: Lanes, work: float = 1.0) -> None:
        """Count one that starts."""
        lane = self._root
        for name in lanes:
            lane = lane.started(name, work)

    def returned(self, lanes: Lanes, work: float = 1.0) -> None:
        """One that was counted has not used its work: its lanes get it back."""
        lane: _Lane | None = self._root
        for name in lanes:
            lane = lane.inner.get(name) if lane is not None else None
            if lane is not None:
                lane.next_start -= work


@dataclass(slots=True)
class _Lane:
    """``now`` is the start of the last one inside, ``next_start`` when this lane's own next one
    may start in the lane around it; both in work."""

    now: float = 0.0
    next_start: float = 0.0
    inner: "dict[str, _Lane]" = field(default_factory=dict)

    def start_of(self, name: str) -> float:
        """When the next one of an inner lane starts: an idle lane begins at the present."""
        inner = self.inner.get(name)
        return self.now if inner is None else max(self.now, inner.next_start)

    def started(self, name: str, work: float) -> "_Lane":
        """Count one of an inner lane; returns that lane."""
        self.now = self.start_of(name)
        lane = self.inner.setdefault(name, _Lane())
        lane.next_start = self.now + work
        if len(self.inner) > MAX_LANES:
            self._forget()
        return lane

    def _forget(self) -> None:
        """Keep the half that has got the most: a lane that is forgotten begins at the present."""
        most = sorted(self.inner.items(), key=lambda pair: pair[1].next_start, reverse=True)
        self.inner = dict(most[: MAX_LANES // 2])


Rank = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    rank: Rank
    waiting: Waiting[T]


class _Plan(Generic[T]):
    """What would start in a lane, from what it has got and what waits there."""

    def __init__(self, lane: _Lane | None) -> None:
        self._lane = lane or _Lane()
        self._entries: deque[_Entry[T]] = deque()
        self._inner: dict[str, _Plan[T]] = {}
        self._heap: list[tuple[float, Rank, str]] = []

    def add(self, lanes: Lanes, entry: _Entry[T]) -> None:
        """One more that waits; called oldest first."""
        if not lanes:
            self._entries.append(entry)
            return
        name = lanes[0]
        if name not in self._inner:
            self._inner[name] = _Plan(self._lane.inner.get(name))
        self._inner[name].add(lanes[1:], entry)

    def arrange(self) -> None:
        """Call once, after the last :meth:`add`."""
        for inner in self._inner.values():
            inner.arrange()
        self._heap = [
            (self._lane.start_of(name), inner.head, name)
            for name, inner in self._inner.items()
            if inner.head is not None
        ]
        heapq.heapify(self._heap)

    @property
    def head(self) -> Rank | None:
        """The rank of the one that would start next; None when nothing waits."""
        if self._entries:
            return self._entries[0].rank
        return self._heap[0][1] if self._heap else None

    def pop(self) -> _Entry[T]:
        """The one that starts next."""
        if self._entries:
            return self._entries.popleft()
        start, _, name = self._heap[0]
        inner = self._inner[name]
        entry = inner.pop()
        if inner.head is None:
            heapq.heappop(self._heap)
        else:
            # no lane that waits can be behind the one that started: the smallest start was taken
            heapq.heapreplace(self._heap, (start + entry.waiting.work, inner.head, name))
        return entry
