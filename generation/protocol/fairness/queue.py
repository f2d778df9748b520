"""Start-time fair queueing over nested lanes: who waits, and who is next.

A lane is a server, and in it a member; at the worker also a key around both. Each lane gets the
same share of the work while it has something to wait for. One that was idle begins at the present:
it has saved up nothing, and what it had got beyond its share is remembered. Between two busy lanes
the work that they have got never differs by more than their two largest requests (Goyal, Vin and
Cheng, "Start-time Fair Queueing", 1996).
"""

import heapq
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from generation.protocol.fairness.lanes import Lanes
from generation.protocol.progress import MOST_AHEAD

MAX_LANES: Final = 1000
"""Lanes that are remembered inside one outermost lane while nothing waits in them, and as many
outermost ones."""

Room = Callable[[Lanes], int]
"""How many of an innermost lane's requests may be taken."""


class FairQueue:
    """Requests that wait, by name, and what each lane has got so far.

    Of requests whose lanes are even the one of the smaller rank goes first, then the one that came
    first. Cost grows with the lanes in which something waits and with those that are looked at, not
    with all that wait.
    """

    def __init__(self) -> None:
        self._root = _Lane("", None)
        self._entries: dict[str, _Entry] = {}
        self._arrivals = 0
        self._shown: dict[str, int] = {}
        self._others: Iterator[str] | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def add(
        self,
        name: str,
        lanes: Lanes,
        *,
        work: float = 1.0,
        rank: int = 0,
        age: int | None = None,
    ) -> None:
        """One more waits; ``work`` is what it will cost its lanes, in any unit. It comes last in
        its lane, or where its ``age`` says, which is smaller for what came earlier."""
        if age is None:
            age, self._arrivals = self._arrivals, self._arrivals + 1
        leaf = self._lane(lanes)
        leaf.arrive()
        entry = self._entries[name] = _Entry(age, rank, work, name, leaf)
        insort(leaf.waiting, entry)
        self._others = None

    def remove(self, name: str) -> int | None:
        """One that waited leaves without having used its work; its age. None where it does not
        wait."""
        entry = self._entries.pop(name, None)
        if entry is None:
            return None
        leaf = entry.leaf
        del leaf.waiting[bisect_left(leaf.waiting, entry)]
        self._leave(leaf)
        self._others = None
        return entry.age

    def start(self, name: str) -> int | None:
        """One that waited starts: its lanes have got its work. As :meth:`remove` otherwise."""
        entry = self._entries.get(name)
        if entry is not None:
            entry.leaf.charge(entry.work)
        return self.remove(name)

    def charge(self, lanes: Lanes, work: float = 1.0) -> None:
        """One starts that did not wait."""
        leaf = self._lane(lanes)
        leaf.arrive()
        leaf.charge(work)
        self._leave(leaf)
        self._others = None

    def refund(self, lanes: Lanes, work: float = 1.0) -> None:
        """What was counted for one that started was not used after all: its lanes get it back."""
        lane: _Lane | None = self._root
        for name in lanes:
            lane = lane.inner.get(name) if lane is not None else None
            if lane is not None:
                lane.start -= work
        self._others = None

    def in_order(self, room: Room | None = None) -> Iterator[str]:
        """Those that wait, in the order in which they are to start; with ``room`` at most as many
        of each innermost lane. Do not change the queue meanwhile."""
        plan = _Plan(self._root, (), room)
        while plan.head is not None:
            yield plan.pop().name

    def first(self) -> str | None:
        """The one that is to start next."""
        return next(self.in_order(lambda _: 1), None)

    def first_ones(self) -> tuple[str, ...]:
        """The next :data:`~generation.protocol.progress.MOST_AHEAD` in order."""
        self._show_until(None)
        return tuple(self._shown)

    def position(self, name: str) -> int | None:
        """How many start before it, counted up to
        :data:`~generation.protocol.progress.MOST_AHEAD`; None where it does not wait."""
        if name not in self._entries:
            return None
        self._show_until(name)
        return self._shown.get(name, MOST_AHEAD)

    def _show_until(self, name: str | None) -> None:
        """Count as far as that one: after a change many are asked for, most of them near the
        front."""
        if self._others is None:
            self._shown, self._others = {}, self.in_order()
        while name not in self._shown and len(self._shown) < MOST_AHEAD:
            following = next(self._others, None)
            if following is None:
                break
            self._shown[following] = len(self._shown)

    def _lane(self, lanes: Lanes) -> "_Lane":
        """The innermost lane."""
        lane = self._root
        for name in lanes:
            if name not in lane.inner:
                lane.inner[name] = _Lane(name, lane)
            lane = lane.inner[name]
        return lane

    def _leave(self, leaf: "_Lane") -> None:
        """Something that waited in it does no more. The lanes that were idle for longest are
        forgotten."""
        leaf.leave()
        outermost = leaf.outermost
        self._root.remember(outermost)
        if leaf is not outermost:
            outermost.remember(leaf)


@dataclass(eq=False, slots=True)
class _Lane:
    """``start`` is when the next one inside may start, counted in the work that the lane around it
    has given; ``present`` is the start of the last one inside. ``idle`` are the lanes inside that
    nothing waits in, the longest idle first."""

    name: str
    around: "_Lane | None"
    start: float = 0.0
    present: float = 0.0
    inner: "dict[str, _Lane]" = field(default_factory=dict)
    busy: "dict[str, _Lane]" = field(default_factory=dict)
    waiting: "list[_Entry]" = field(default_factory=list)
    idle: "dict[_Lane, None]" = field(default_factory=dict)

    @property
    def is_idle(self) -> bool:
        return not self.waiting and not self.busy

    @property
    def outermost(self) -> "_Lane":
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

    def remember(self, lane: "_Lane") -> None:
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
class _Entry:
    """One that waits in its innermost lane."""

    age: int
    rank: int = field(compare=False)
    work: float = field(compare=False)
    name: str = field(compare=False)
    leaf: _Lane = field(compare=False)


_Head = tuple[int, int]


class _Plan:
    """What would start in a lane, one after the other, if nothing more came."""

    def __init__(self, lane: _Lane, path: Lanes, room: Room | None) -> None:
        most = len(lane.waiting) if room is None or lane.busy else room(path)
        self._entries: Iterator[_Entry] = iter(lane.waiting[: max(0, most)])
        self._next = next(self._entries, None)
        inner = ((busy.start, _Plan(busy, (*path, name), room)) for name, busy in lane.busy.items())
        self._heap = [(start, plan.head, plan) for start, plan in inner if plan.head is not None]
        heapq.heapify(self._heap)

    @property
    def head(self) -> _Head | None:
        """Decides between even lanes: the rank and the age of the one that would start next; None
        when nothing waits."""
        if self._next is not None:
            return self._next.rank, self._next.age
        return self._heap[0][1] if self._heap else None

    def pop(self) -> _Entry:
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
