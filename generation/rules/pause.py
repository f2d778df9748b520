"""The operator's switch: nothing new is taken, in one server or in all, until it is resumed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from generation.domain.refs import Platform, ServerRef, UserRef

EVERY_SERVER: Final = ServerRef(Platform.TERMINAL, "all")
"""Stands for all servers where the operator sets something for them together."""

MAX_REASON: Final = 300
"""Characters."""


@dataclass(frozen=True, slots=True)
class Pause:
    """New requests are refused with ``reason`` (may be empty), until a moment or until resumed.

    What runs ends as usual; what waits too, unless ``holds_waiting``.
    """

    server: ServerRef
    """:data:`EVERY_SERVER` for a pause of all."""
    reason: str
    by: UserRef
    at: datetime
    until: datetime | None = None
    holds_waiting: bool = False

    def is_over(self, now: datetime) -> bool:
        """Whether its time has passed."""
        return self.until is not None and now >= self.until
