"""The gate for what people do in a chat: each act is let in once, however often it is delivered."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from generation.protocol.cache import BoundedCache

MOST_ACTS: Final = 10_000
"""Acts that are remembered: more than happen in the minutes within which a platform delivers an act
again."""

Work = TypeVar("Work")


class ActGate(Generic[Work]):
    """Remembers the work of each act by the act's key; work is anything but None."""

    def __init__(self, most: int = MOST_ACTS) -> None:
        self._known: BoundedCache[str, Work] = BoundedCache(most)

    def admit(self, key: str, begin: Callable[[], Work]) -> tuple[Work, bool]:
        """The act's work, and whether this call began it.

        False: an earlier delivery of the act did. Where ``begin`` raises, the act is not
        remembered, and its next delivery begins it.
        """
        known = self._known.get(key)
        if known is not None:
            return known, False
        work = begin()
        self._known.put(key, work)
        return work, True
