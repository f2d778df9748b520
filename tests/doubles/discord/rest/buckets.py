"""Discord's rate limits as a bot meets them: buckets per channel, per interaction token, and one for everything."""

import math
from dataclasses import dataclass, field

from doubles.discord.clock import DoubleClock


@dataclass(frozen=True)
class Limit:
    """How many requests in how many seconds."""

    requests: int
    seconds: float


GENEROUS = Limit(1000, 1.0)
GLOBAL = Limit(50, 1.0)
LIMITS = {
    "edit": Limit(5, 5.0),
    "create": Limit(5, 5.0),
    "react": Limit(1, 0.25),
    "token": Limit(5, 5.0),
}
"""By bucket name: edits, new messages and reactions of the bot's token share one bucket per channel each; everything
under one interaction's token shares one. Discord publishes no figures; these are what clients see in its headers."""


@dataclass
class _Window:
    ends: float = -math.inf
    used: int = 0


@dataclass(frozen=True)
class Verdict:
    """What a bucket says to one request: its headers, and how long to wait when it is refused."""

    headers: dict[str, str]
    retry_after: float | None = None
    is_global: bool = False


@dataclass
class Buckets:
    """Fixed windows by the double's clock. Not `enforced`: generous headers and never a refusal."""

    clock: DoubleClock
    enforced: bool = False
    _windows: dict[tuple[str, str], _Window] = field(default_factory=dict)

    def take(self, name: str, major: str, *, exempt: bool = False) -> Verdict:
        """Count one request against a bucket (`major`: the channel, token or route); `exempt`: not globally."""
        if not self.enforced:
            return Verdict(self._headers(name, GENEROUS, GENEROUS.requests - 1, GENEROUS.seconds))
        if not exempt and (wait := self._count("global", "", GLOBAL)) is not None:
            return Verdict({}, wait, is_global=True)
        limit = LIMITS.get(name, GENEROUS)
        wait = self._count(name, major, limit)
        window = self._windows[name, major]
        left = max(window.ends - self.clock.now(), 0.0)
        return Verdict(self._headers(name, limit, limit.requests - window.used, left), wait)

    def _count(self, name: str, major: str, limit: Limit) -> float | None:
        """Seconds to wait, or None when the request is taken."""
        now = self.clock.now()
        window = self._windows.setdefault((name, major), _Window())
        if now >= window.ends:
            window.ends, window.used = now + limit.seconds, 0
        if window.used >= limit.requests:
            return window.ends - now
        window.used += 1
        return None

    def _headers(self, name: str, limit: Limit, remaining: int, reset_after: float) -> dict[str, str]:
        return {
            "X-RateLimit-Bucket": f"bucket-{name}",
            "X-RateLimit-Limit": str(limit.requests),
            "X-RateLimit-Remaining": str(max(remaining, 0)),
            "X-RateLimit-Reset": f"{self.clock.now() + reset_after:.3f}",
            "X-RateLimit-Reset-After": f"{reset_after:.3f}",
        }
