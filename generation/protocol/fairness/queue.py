"""Start-time fair queueing over nested lanes: who waits, and who is next.

A lane is a server, and in it a member; at the worker also a key around both. Each lane gets the
same share of the work while it has something to wait for. One that was idle begins at the present:
it has saved up nothing, and what it had got beyond its share is remembered. Between two busy lanes
the work that they have got never differs by more than their two largest requests (Goyal, Vin and
Cheng, "Start-time Fair Queueing", 1996).
"""

from bisect import bisect_left, insort
from collections.abc import Iterator

from generation.protocol.fairness.front import Front
from generation.protocol.fairness.lanes import Lanes
from generation.protocol.fairness.order import MAX_LANES, Lane, Plan, QueueEntry, Room
from generation.protocol.progress import MOST_AHEAD

__all__ = ["MAX_LANES", "FairQueue"]


class FairQueue:
    """Requests that wait, by name, and what each lane has got so far.

    Of requests whose lanes are even the one of the smaller rank goes first, then the one that came
    first. Cost grows with the lanes in which something waits and with those that are looked at, not
    with all that wait.
    """

    def __init__(self) -> None:
        self._root = Lane("", None)
        self._entries: dict[str, QueueEntry] = {}
        self._arrivals = 0
        self._front = Front(self._root, self._entries)

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
        entry = self._entries[name] = QueueEntry(age, rank, work, name, leaf)
        insort(leaf.waiting, entry)
        self._front.added(entry)

    def remove(self, name: str) -> int | None:
        """One that waited leaves without having used its work; its age. None where it does not
        wait."""
        entry = self._entries.pop(name, None)
        if entry is None:
            return None
        leaf = entry.leaf
        del leaf.waiting[bisect_left(leaf.waiting, entry)]
        self._leave(leaf)
        self._front.forget()
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
        self._front.forget()

    def refund(self, lanes: Lanes, work: float = 1.0) -> None:
        """What was counted for one that started was not used after all: its lanes get it back."""
        lane: Lane | None = self._root
        for name in lanes:
            lane = lane.inner.get(name) if lane is not None else None
            if lane is not None:
                lane.start -= work
        self._front.forget()

    def in_order(self, room: Room | None = None) -> Iterator[str]:
        """Those that wait, in the order in which they are to start; with ``room`` at most as many
        of each innermost lane. Do not change the queue meanwhile."""
        for entry in Plan(self._root, (), room).entries():
            yield entry.name

    def first(self) -> str | None:
        """The one that is to start next."""
        return next(self.in_order(lambda _: 1), None)

    def first_ones(self, count: int = MOST_AHEAD) -> tuple[str, ...]:
        """The next so many in order, at most
        :data:`~generation.protocol.progress.MOST_AHEAD`."""
        return self._front.first(count)

    def position(self, name: str) -> int | None:
        """How many start before it, counted up to
        :data:`~generation.protocol.progress.MOST_AHEAD`; None where it does not wait."""
        return self._front.place(name) if name in self._entries else None

    def _lane(self, lanes: Lanes) -> Lane:
        """The innermost lane."""
        lane = self._root
        for name in lanes:
            if name not in lane.inner:
                lane.inner[name] = Lane(name, lane)
            lane = lane.inner[name]
        return lane

    def _leave(self, leaf: "Lane") -> None:
        """Something that waited in it does no more. The lanes that were idle for longest are
        forgotten."""
        leaf.leave()
        outermost = leaf.outermost
        self._root.remember(outermost)
        if leaf is not outermost:
            outermost.remember(leaf)
