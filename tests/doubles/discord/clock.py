"""The double's own time: the 3 s, 15 min, 1 h and 24 h rules follow it, and a test moves it instead of sleeping."""

import time
from datetime import UTC, datetime
from itertools import count

DISCORD_EPOCH = 1_420_070_400.0
"""2015-01-01 in seconds since 1970: where snowflakes begin."""


class DoubleClock:
    """Runs with real time until it is frozen, and jumps forward when a test says so.

    `moved` is how far tests have pushed it, in seconds: a deadline missed while it stood still was missed by the bot.
    """

    def __init__(self) -> None:
        self.moved = 0.0
        self._began = time.time()
        self._monotonic = time.monotonic()
        self._frozen_at: float | None = None

    def now(self) -> float:
        """Seconds since 1970, by this clock."""
        running = self._frozen_at if self._frozen_at is not None else time.monotonic() - self._monotonic
        return self._began + running + self.moved

    def advance(self, seconds: float) -> None:
        """Jump forward."""
        if seconds < 0:
            raise ValueError("the clock only moves forward")
        self.moved += seconds

    def freeze(self) -> None:
        """Stop running with real time; only `advance` moves it from here on."""
        self._frozen_at = time.monotonic() - self._monotonic

    def iso(self, at: float | None = None) -> str:
        """A time as Discord writes it."""
        return datetime.fromtimestamp(self.now() if at is None else at, UTC).isoformat(timespec="microseconds")


class Snowflakes:
    """Ids as Discord makes them: the time in the upper bits (beyond 2^53), never the same twice."""

    def __init__(self, clock: DoubleClock) -> None:
        self._clock = clock
        self._count = count(1)

    def __call__(self) -> int:
        milliseconds = int((self._clock.now() - DISCORD_EPOCH) * 1000)
        return (milliseconds << 22) | (next(self._count) & 0x3FFFFF)
