"""Slack's rate limits, when a test wants them."""

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

from doubles.slack.clock import Clock

TIER_PER_MINUTE = {
    "conversations.info": 50,
    "conversations.join": 50,
    "conversations.members": 100,
    "conversations.open": 50,
    "files.completeUploadExternal": 100,
    "files.delete": 50,
    "files.getUploadURLExternal": 100,
    "files.info": 100,
    "reactions.add": 50,
    "reactions.get": 50,
    "reactions.remove": 20,
    "users.info": 100,
    "views.open": 100,
    "views.publish": 100,
    "views.update": 100,
}
"""Calls a minute and workspace, the lower bound of each method's documented tier."""


@dataclass(frozen=True)
class RateLimits:
    """Messages a second and channel, chat.update calls a minute and workspace, reads of history a minute."""

    posts_per_second: int = 1
    updates_per_minute: int = 50
    history_per_minute: int = 50

    def window(self, method: str) -> tuple[int, float] | None:
        """How many calls of a method in how many seconds; None: no limit."""
        if method == "chat.postMessage":
            return self.posts_per_second, 1.0
        if method == "chat.update":
            return self.updates_per_minute, 60.0
        if method in ("conversations.history", "conversations.replies"):
            return self.history_per_minute, 60.0
        return (TIER_PER_MINUTE[method], 60.0) if method in TIER_PER_MINUTE else None


@dataclass
class Limiter:
    """Counts calls on the double's clock; without limits everything passes."""

    clock: Clock
    limits: RateLimits | None
    _calls: dict[tuple[str, str, str], deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def seconds_to_wait(self, method: str, team: str, arguments: dict[str, Any]) -> int | None:
        """Count one call; the Retry-After of the refusal when it is one too many."""
        window = self.limits.window(method) if self.limits else None
        if window is None:
            return None
        most, seconds = window
        channel = str(arguments.get("channel")) if method == "chat.postMessage" else ""
        calls, now = self._calls[method, team, channel], self.clock.now()
        while calls and calls[0] <= now - seconds:
            calls.popleft()
        if len(calls) >= most:
            return max(1, math.ceil(calls[0] + seconds - now))
        calls.append(now)
        return None
