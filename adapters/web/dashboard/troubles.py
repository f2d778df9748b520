"""What went wrong while the work went on, grouped: how often, since when, and the last one."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from generation.domain.delivery import Delivery
from generation.domain.job import Job
from generation.domain.notice import OwedNotice
from generation.domain.refs import Platform
from generation.protocol.clock import Clock
from generation.protocol.errors import FlipbookError

MOST: Final = 500
"""Kinds of trouble; the one that was seen longest ago makes room."""
_MOST_OF_A_DETAIL: Final = 300
_MOST_SEEN: Final = 9_999_999


@dataclass(frozen=True, slots=True)
class TroubleSeen:
    """One kind of trouble. ``is_bug``: nobody has foreseen it; the log has a traceback."""

    what: str
    error: str
    detail: str
    count: int
    first: datetime
    last: datetime
    job_id: str | None = None
    is_bug: bool = False


class TroubleBook:
    """An observer that keeps the troubles of this process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: dict[tuple[str, str], TroubleSeen] = {}

    @property
    def latest(self) -> list[TroubleSeen]:
        """The last one first."""
        return sorted(self._seen.values(), key=lambda trouble: trouble.last, reverse=True)

    @property
    def count(self) -> int:
        """How many kinds there are."""
        return len(self._seen)

    def clear(self) -> int:
        """Forget them all; how many kinds there were."""
        count = len(self._seen)
        self._seen.clear()
        return count

    def trouble(self, what: str, error: Exception, *, job_id: str | None = None) -> None:
        now, kind = self._clock.now(), (what, type(error).__name__)
        known = self._seen.pop(kind, None)
        if known is None:
            known = TroubleSeen(what, kind[1], "", 0, now, now)
            if len(self._seen) >= MOST:
                del self._seen[next(iter(self._seen))]
        # put at the end: what was seen longest ago comes first
        self._seen[kind] = replace(
            known,
            detail=str(error)[:_MOST_OF_A_DETAIL],
            count=min(known.count + 1, _MOST_SEEN),
            last=now,
            job_id=job_id or known.job_id,
            is_bug=not isinstance(error, FlipbookError | TimeoutError),
        )

    def job_moved(self, job: Job) -> None:
        """Nothing to keep."""

    def delivery_moved(self, job: Job, delivery: Delivery) -> None:
        """Nothing to keep."""

    def outcome_arrived(self, job: Job, seconds: float) -> None:
        """Nothing to keep."""

    def message_opened(self, platform: Platform, seconds: float) -> None:
        """Nothing to keep."""

    def notice_moved(self, owed: OwedNotice) -> None:
        """Nothing to keep."""
