"""Findings of a check for the operator: how good something is, what it is, and what to do about
it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum


class Grade(StrEnum):
    """How good a finding is."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked: its name, how it is, and what to do."""

    grade: Grade
    what: str
    detail: str

    @property
    def is_bad(self) -> bool:
        """Whether clips fail because of it."""
        return self.grade is Grade.BAD

    def __str__(self) -> str:
        return f"{self.grade:<4} {self.what}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Checkup:
    """What a chat platform says of the credentials that are set for it.

    ``refused`` names the variables that it does not accept; without ``is_reached`` the others are
    unchecked. ``still_to_do`` is what the operator has to do by hand, in a sentence.
    """

    findings: tuple[Finding, ...]
    refused: frozenset[str] = frozenset()
    is_reached: bool = True
    still_to_do: str | None = None

    @property
    def is_good(self) -> bool:
        """Whether clips can be made with these credentials."""
        return not any(finding.is_bad for finding in self.findings)


def clock_offset(date: str | None, now: datetime) -> timedelta | None:
    """How far ``now`` is ahead of the ``Date`` of an HTTP answer; None when it has none that can be
    read."""
    try:
        return now - parsedate_to_datetime(date or "")
    except (TypeError, ValueError):  # no date, or one without a zone
        return None


def offset_words(offset: timedelta, other: str) -> str:
    """``12 s ahead of Slack's``, ``90 s behind Slack's``."""
    seconds = round(offset.total_seconds())
    return f"{abs(seconds):,} s {'ahead of' if seconds >= 0 else 'behind'} {other}'s"
