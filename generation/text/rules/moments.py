"""Moments to come, as people write them: ``18:00``, ``90m``, ``2h``, ``2026-12-24T08:00``."""

import re
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from generation.domain.parsing import shown
from generation.protocol.errors import InvalidRequest, Violation

_ALLOWED: Final = "a time such as 18:00, 90m, 2h, 3d or 2026-12-24T08:00"
_DISTANCE: Final = re.compile(r"(\d{1,4})\s*([mhd])")
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})")


def moment_from(text: str, now: datetime, zone: str | None = None) -> datetime:
    """The moment that is meant; a time of the day is the next one in that time zone, else by this
    machine's clock. Raises InvalidRequest for anything else."""
    words = text.strip().lower()
    try:
        if distance := _DISTANCE.fullmatch(words):
            return now + timedelta(**{_UNITS[distance[2]]: int(distance[1])})
        if clock := _CLOCK.fullmatch(words):
            return _next(int(clock[1]), int(clock[2]), now, zone)
        return datetime.fromisoformat(text.strip()).astimezone(now.tzinfo)
    except (ValueError, OverflowError):
        raise InvalidRequest((Violation("until", _ALLOWED, shown(text)),)) from None


def _next(hour: int, minute: int, now: datetime, zone: str | None) -> datetime:
    """The next time that a clock on the wall there shows it."""
    # naive: a day later is the same time of the day, also over a change to summer time
    there = None if zone is None else ZoneInfo(zone)
    here = now.astimezone(there).replace(tzinfo=None)
    today = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    wall = today if today > here else today + timedelta(days=1)
    return wall.replace(tzinfo=there).astimezone(now.tzinfo)
