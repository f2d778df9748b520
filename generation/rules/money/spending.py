"""What the ledger adds up to, and whether it agrees with the jobs. Pure."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from generation.domain.job import JobId, JobStatus
from generation.domain.pricing import FREE, Micros
from generation.domain.refs import ServerRef
from generation.rules.ledger import Totals


class SpendBy(StrEnum):
    """What the lines are added up by."""

    DAY = "day"
    SERVER = "server"
    MEMBER = "member"
    BACKEND = "backend"


@dataclass(frozen=True, slots=True)
class SpendQuery:
    """Which lines, added up by what. Both days are included; they are UTC's, and the server's own
    where the question is about one server."""

    by: tuple[SpendBy, ...] = (SpendBy.DAY,)
    first: date | None = None
    last: date | None = None
    server: ServerRef | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """The sum of some lines. ``keys`` are what they have in common, in the order of the question;
    ``clips`` are those that were made or are under way."""

    keys: tuple[str, ...]
    clips: int = 0
    reserved: Micros = FREE
    settled: Micros = FREE
    """What settlements have changed: below zero where clips cost less than was reserved."""
    refunded: Micros = FREE
    """What was given back, as a negative amount."""

    @property
    def spent(self) -> Micros:
        """What is booked in the end."""
        return Micros(self.reserved + self.settled + self.refunded)

    def plus(self, other: "Spending") -> "Spending":
        """Both together, under this one's keys."""
        return Spending(
            self.keys,
            self.clips + other.clips,
            Micros(self.reserved + other.reserved),
            Micros(self.settled + other.settled),
            Micros(self.refunded + other.refunded),
        )


@dataclass(frozen=True, slots=True)
class Misbooked:
    """A job whose lines do not add up to its state."""

    job_id: JobId
    status: JobStatus
    booked: Totals
    expected: Totals


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A day's totals of one scope that are not the sum of its lines."""

    scope: str
    day: date
    kept: Totals
    counted: Totals


def by_spending(rows: list[Spending], by: tuple[SpendBy, ...]) -> list[Spending]:
    """Days in their order; of the same day, and where there are none, the dearest first."""

    def order(row: Spending) -> tuple[str, int, tuple[str, ...]]:
        day = row.keys[by.index(SpendBy.DAY)] if SpendBy.DAY in by else ""
        return day, -row.spent, row.keys

    return sorted(rows, key=order)
