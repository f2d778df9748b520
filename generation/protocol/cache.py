"""A bounded cache: the least recently used entry is evicted first."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """A mapping of at most ``most`` entries, or of entries that weigh at most ``most`` together.

    ``weigh`` gives an entry's weight (1 each by default), which must not change while the entry is
    in the cache.
    """

    def __init__(self, most: int, *, weigh: Callable[[V], int] = lambda _: 1) -> None:
        self._most = most
        self._weigh = weigh
        self._weight = 0
        self._entries: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: K) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[K]:
        """The keys, the least recently used first."""
        return iter(self._entries)

    def get(self, key: K) -> V | None:
        """The value, now the most recently used; None where there is none."""
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key]

    def put(self, key: K, value: V) -> list[K]:
        """Keep a value as the most recently used; returns the keys that were evicted for it."""
        # the old value's weight goes first, and the key moves to the end
        self.pop(key)
        self._entries[key] = value
        self._weight += self._weigh(value)
        evicted = []
        # an entry that weighs more than the whole cache evicts itself, last of all
        while self._weight > self._most:
            oldest = next(iter(self._entries))
            self.pop(oldest)
            evicted.append(oldest)
        return evicted

    def pop(self, key: K) -> V | None:
        """Remove a value and return it; None where there is none."""
        if key not in self._entries:
            return None
        value = self._entries.pop(key)
        self._weight -= self._weigh(value)
        return value

    def clear(self) -> None:
        """Remove everything."""
        self._entries.clear()
        self._weight = 0
