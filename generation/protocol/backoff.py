"""Back-off: pauses between attempts that grow up to a longest one.

This only says how long to wait. The caller waits, because a test's clock or an event may end the
wait, which stamina's own waiting does not allow.
"""

from dataclasses import dataclass
from typing import Final

_MOST_STEPS: Final = 16


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses in seconds: ``first``, then ``factor`` times as long each time, at most
    ``longest``."""

    first: float = 1.0
    longest: float = 60.0
    factor: float = 2.0

    def before(self, attempt: int) -> float:
        """The pause before the ``attempt``-th further try (1: the first one after a failure)."""
        # without the bound, a try after days of failures would overflow a float
        return min(self.longest, self.first * self.factor ** min(max(attempt, 1) - 1, _MOST_STEPS))

    def with_retry_after(self, attempt: int, retry_after: float | None) -> float:
        """As :meth:`before`, or as long as the other side asks for where that is longer."""
        return max(self.before(attempt), retry_after or 0.0)
