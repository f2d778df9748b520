"""When a server's day and month begin: at midnight in its own time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AwareDatetime, BaseModel, ConfigDict

_LONGEST_NAME: Final = 64


class ZoneChange(BaseModel):
    """A change of the time zone, made during ``day``, which is over at ``at``: until then it stays
    that day, so that none counts twice."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: str
    day: date
    made_at: AwareDatetime
    at: AwareDatetime


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of a server. ``change`` is its last change of the zone.

    Days are named by dates. Over a change they only go on: the day it was made in lasts until the
    new zone has reached the next date, be that a few hours later than usual.
    """

    zone: str = "UTC"
    change: ZoneChange | None = None

    def day_of(self, moment: datetime) -> date:
        """The day that a moment belongs to."""
        change = self.change
        if change is None:
            return _local_day(moment, self.zone)
        if moment >= change.at:
            return max(change.day, _local_day(moment, self.zone))
        # a clock may have been set back to before the change
        return change.day if moment >= change.made_at else _local_day(moment, change.before)

    def day_end(self, day: date) -> datetime:
        """The first moment of the next day, in UTC."""
        change = self.change
        if change is None or day > change.day:
            return _midnight(day + timedelta(days=1), self.zone)
        if day < change.day:
            return _midnight(day + timedelta(days=1), change.before)
        return max(change.at, _midnight(day + timedelta(days=1), self.zone))

    def month_end(self, day: date) -> datetime:
        """The first moment of the month after that day's, in UTC."""
        return self.day_end(month_end(day))

    def moved_to(self, zone: str, now: datetime) -> "Calendar":
        """The calendar after a change of the zone, which takes effect when the day ends."""
        if self.change is not None and now < self.change.at:
            # not in effect yet, so this one takes its place
            return Calendar(zone, self.change)
        if zone == self.zone:
            return self
        day = self.day_of(now)
        return Calendar(
            zone, ZoneChange(before=self.zone, day=day, made_at=now, at=self.day_end(day))
        )


UTC_CALENDAR: Final = Calendar()
"""The operator's days, and those of servers that have set no zone."""


def day_of(moment: datetime) -> date:
    """The UTC day that a moment belongs to."""
    return UTC_CALENDAR.day_of(moment)


def day_end(day: date) -> datetime:
    """The first moment of the next UTC day."""
    return UTC_CALENDAR.day_end(day)


def month_start(day: date) -> date:
    """The first day of that day's month."""
    return day.replace(day=1)


def month_end(day: date) -> date:
    """The last day of that day's month."""
    return month_start(month_start(day) + timedelta(days=31)) - timedelta(days=1)


def is_zone(name: str) -> bool:
    """Whether it names a time zone of the IANA database."""
    # names are paths in a folder
    if len(name) > _LONGEST_NAME or not name.isascii():
        return False
    try:
        _zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _local_day(moment: datetime, zone: str) -> date:
    # the usual case, without reading a time zone
    return moment.astimezone(UTC if zone == "UTC" else _zone(zone)).date()


def _midnight(day: date, zone: str) -> datetime:
    """When a day begins, in UTC. A midnight that a change to summer time leaves out is the moment
    of that change; of two midnights it is the first."""
    local = datetime(day.year, day.month, day.day, tzinfo=UTC if zone == "UTC" else _zone(zone))
    return local.astimezone(UTC)
