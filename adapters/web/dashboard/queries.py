"""What an address asks for: bounded, and ignored where it makes no sense."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from starlette.requests import Request

from generation.domain.refs import ServerRef

_MOST: Final = 200
"""Characters of a value."""


def text_in(request: Request, name: str) -> str:
    """A value of the address, without what it has around it."""
    return request.query_params.get(name, "")[:_MOST].strip()


def number_in(request: Request, name: str) -> int | None:
    """A number of a row."""
    text = text_in(request, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def server_in(request: Request) -> ServerRef | None:
    """The server that was chosen."""
    try:
        return ServerRef.parse(text_in(request, "server"))
    except ValueError:
        return None


def day_in(request: Request, name: str) -> date | None:
    """A day as a date field writes it."""
    try:
        return date.fromisoformat(text_in(request, name))
    except ValueError:
        return None


def end_of(day: date | None) -> datetime | None:
    """The first moment after that day in UTC; None too for the last day that there is."""
    return None if day is None or day == date.max else beginning_of(day + timedelta(days=1))


def beginning_of(day: date | None) -> datetime | None:
    """The first moment of that day in UTC."""
    return None if day is None else datetime.combine(day, time(), UTC)
