"""What a member and a server have used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from generation.domain.pricing import FREE, Micros
from generation.rules.limits.calendar import UTC_CALENDAR, Calendar, day_of

HOUR: Final = timedelta(hours=1)
"""The window of the hourly limit, and the longest cooldown."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a member and a server have used: clips and money since the server's day and month began,
    and jobs under way now. What all servers have spent counts by UTC."""

    user_clips_today: int
    server_clips_today: int
    user_active_jobs: int
    server_active_jobs: int
    server_spent_today: Micros
    all_spent_today: Micros
    day: date
    user_clips_this_hour: int = 0
    """In the 60 minutes before ``at``."""
    user_clips_this_month: int = 0
    server_clips_this_month: int = 0
    user_spent_today: Micros = FREE
    user_spent_this_month: Micros = FREE
    server_spent_this_month: Micros = FREE
    all_spent_this_month: Micros = FREE
    last_clip_at: datetime | None = None
    """When the member asked for a clip last, if that was within the hour."""
    at: datetime | None = None
    calendar: Calendar = UTC_CALENDAR

    @property
    def resets_at(self) -> datetime:
        """When the server's day ends and the daily counts start again."""
        return self.calendar.day_end(self.day)

    @property
    def month_resets_at(self) -> datetime:
        """When the server's month ends and the monthly counts start again."""
        return self.calendar.month_end(self.day)

    @property
    def all_resets_at(self) -> datetime:
        """When the operator's day ends."""
        return UTC_CALENDAR.day_end(self.day if self.at is None else day_of(self.at))


def hour_resets_at(asked_at: Sequence[datetime], allowed: int) -> datetime | None:
    """When one more clip fits the hourly limit, by when those of the last hour were asked for,
    oldest first; None where none ever does."""
    # so many have to grow older than an hour, more than one where the limit was lowered since
    oldest = asked_at[: len(asked_at) - allowed + 1]
    return oldest[-1] + HOUR if oldest and allowed > 0 else None
