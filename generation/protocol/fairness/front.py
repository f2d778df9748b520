"""The front of a fair queue, in order: kept while what comes joins behind it."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from generation.protocol.fairness.order import Head, Lane, Plan, QueueEntry
from generation.protocol.progress import MOST_AHEAD

_Key = tuple[float, Head]
"""Orders what waits in one lane: the start of the lane inside, then rank and age."""


class Front:
    """The first ones in order, as far as anybody has asked. Members are told their place whenever
    one more waits, and most of those wait behind all others."""

    def __init__(
        self, root: Lane, waiting: Mapping[str, QueueEntry], most: int = MOST_AHEAD
    ) -> None:
        self._root = root
        self._waiting = waiting
        self._most: Final = most
        self._places: dict[str, int] = {}
        self._others: Iterator[QueueEntry] | None = None
        self._starts: dict[Lane, float] = {}
        """When the one behind the front would start, in each lane that the front has some of."""
        self._last: dict[Lane, _Key] = {}
        """The last one of the front in each lane."""

    def place(self, name: str) -> int:
        """How many start before one that waits, counted up to the most."""
        self._reach(self._most, name)
        return self._places.get(name, self._most)

    def first(self, count: int) -> tuple[str, ...]:
        """The next so many, at most the most."""
        self._reach(min(count, self._most), None)
        return tuple(islice(self._places, count))

    def forget(self) -> None:
        """The order may be another one from now on."""
        self._others = None

    def added(self, entry: QueueEntry) -> None:
        """One more waits. It changes nothing about those that start before it."""
        if self._others is None:
            return
        was_whole = len(self._places) == len(self._waiting) - 1
        is_known = was_whole or len(self._places) == self._most
        if not is_known or not self._is_behind(entry):
            self.forget()
        elif len(self._places) < self._most:
            self._append(entry)

    def _is_behind(self, entry: QueueEntry) -> bool:
        """Whether it surely starts after the whole front: in none of its lanes before the last."""
        if entry.leaf.waiting[-1] is not entry:
            return False
        lane = entry.leaf
        while (around := lane.around) is not None:
            # no earlier: others of the same lane that are not in the front may go before it
            earliest = self._starts.get(lane, lane.start), entry.head
            if around in self._last and earliest < self._last[around]:
                return False
            lane = around
        return True

    def _reach(self, count: int, name: str | None) -> None:
        """Extend the front to so many, or as far as that one."""
        if self._others is None:
            self._places, self._starts, self._last = {}, {}, {}
            self._others = Plan(self._root, (), None).entries()
        while name not in self._places and len(self._places) < count:
            following = next(self._others, None)
            if following is None:
                break
            self._append(following)

    def _append(self, entry: QueueEntry) -> None:
        self._places[entry.name] = len(self._places)
        lane = entry.leaf
        while (around := lane.around) is not None:
            start = self._starts.get(lane, lane.start)
            key = start, entry.head
            # work of nothing may put a later one at the same start
            self._last[around] = max(key, self._last.get(around, key))
            self._starts[lane] = start + entry.work
            lane = around
