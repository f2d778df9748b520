"""What fair queueing is reckoned with: lanes inside lanes, those that wait in them, and what would
start next."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from generation.protocol.fairness.lanes import Lanes

MAX_LANES: Final = 1000
"""Lanes that are remembered inside one outermost lane while nothing waits in them, and as many
outermost ones."""

Room = Callable[[Lanes], int]
"""How many of an innermost lane's requests may be taken."""


@dataclass(eq=False, slots=True)
class Lane:
    """``start`` is when the next one inside may start, counted in the work that the lane around it
    has given; ``present`` is the start of the last one inside. ``idle`` are the lanes inside that
    nothing waits in, the longest idle first."""

    name: str
    around: "Lane | None"
    start: float = 0.0
    present: float = 0.0
    inner: "dict[str, Lane]" = field(default_factory=dict)
    busy: "dict[str, Lane]" = field(default_factory=dict)
    waiting: "list[QueueEntry]" = field(default_factory=list)
    idle: "dict[Lane, None]" = field(default_factory=dict)

    @property
    def is_idle(self) -> bool:
        return not self.waiting and not self.busy

    @property
    def outermost(self) -> "Lane":
        lane = self
        while lane.around is not None and lane.around.around is not None:
            lane = lane.around
        return lane

    def arrive(self) -> None:
        """Something waits in it from now on."""
        lane = self
        while (around := lane.around) is not None and lane.name not in around.busy:
            lane.start = max(around.present, lane.start)
            around.busy[lane.name] = lane
            lane = around

    def leave(self) -> None:
        """Something that waited in it does no more."""
        lane = self
        while (around := lane.around) is not None and lane.is_idle:
            around.busy.pop(lane.name, None)
            lane = around

    def charge(self, work: float) -> None:
        """One of those that wait in it starts."""
        lane = self
        while (around := lane.around) is not None:
            # the earliest, not its own: one that starts out of turn takes nobody else's turn
            earliest = min(busy.start for busy in around.busy.values())
            around.present = max(around.present, earliest)
            lane.start += work
            lane = around

    def remember(self, lane: "Lane") -> None:
        """A lane inside may have become idle, or busy."""
        self.idle.pop(lane, None)
        if lane.is_idle:
            self.idle[lane] = None
        if len(self.idle) > MAX_LANES:
            oldest = next(iter(self.idle))
            del self.idle[oldest]
            oldest.forget()

    def forget(self) -> None:
        """It is as if it had never been; a lane around it that has no others goes with it."""
        around = self.around
        # busy again since it was noted as idle
        if around is None or not self.is_idle:
            return
        del around.inner[self.name]
        if not around.inner and around.around is not None and around.around.around is not None:
            around.forget()


@dataclass(frozen=True, order=True, slots=True)
class QueueEntry:
    """One that waits in its innermost lane."""

    age: int
    rank: int = field(compare=False)
    work: float = field(compare=False)
    name: str = field(compare=False)
    leaf: Lane = field(compare=False)

    @property
    def head(self) -> "Head":
        """Decides between even lanes."""
        return self.rank, self.age


Head = tuple[int, int]
"""The rank and the age of the one that would start next in a lane."""


class Plan:
    """What would start in a lane, one after the other, if nothing more came."""

    def __init__(self, lane: Lane, path: Lanes, room: Room | None) -> None:
        most = len(lane.waiting) if room is None or lane.busy else room(path)
        self._entries: Iterator[QueueEntry] = iter(lane.waiting[: max(0, most)])
        self._next = next(self._entries, None)
        inner = ((busy.start, Plan(busy, (*path, name), room)) for name, busy in lane.busy.items())
        self._heap = [(start, plan.head, plan) for start, plan in inner if plan.head is not None]
        heapq.heapify(self._heap)

    @property
    def head(self) -> Head | None:
        """Decides between even lanes; None when nothing waits."""
        if self._next is not None:
            return self._next.head
        return self._heap[0][1] if self._heap else None

    def entries(self) -> Iterator[QueueEntry]:
        """All of them, in order."""
        while self.head is not None:
            yield self.pop()

    def pop(self) -> QueueEntry:
        """The one that starts next."""
        if self._next is not None:
            entry, self._next = self._next, next(self._entries, None)
            return entry
        start, _, plan = self._heap[0]
        entry = plan.pop()
        if plan.head is None:
            heapq.heappop(self._heap)
        else:
            heapq.heapreplace(self._heap, (start + entry.work, plan.head, plan))
        return entry
