"""The append-only ledger: every reservation, settlement and refund, from which quotas and budgets
are read.

Deleting clips or a member's data never touches it. Totals per day are kept beside the lines and
written in the same transaction, so that reading usage costs the same after a million jobs as after
none; ``flipbook doctor`` adds the lines up again and compares.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from generation.domain.job import Job, JobId
from generation.domain.pricing import FREE, Micros
from generation.domain.refs import ServerRef, UserRef
from generation.rules.limits import day_of
from generation.rules.pseudonyms import Pseudonym

EVERYWHERE = "all"
"""The scope of the operator's own daily budget."""


class EntryKind(StrEnum):
    """Why a line was written."""

    RESERVE = "reserve"
    SETTLE = "settle"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: it adds ``clips`` and ``amount`` (either may be negative) to the server's day in
    which the job was submitted.

    Lines that are read from the store have the member's pseudonym: the store writes no other name.
    """

    job_id: JobId
    server: ServerRef
    user: UserRef
    kind: EntryKind
    clips: int
    amount: Micros
    day: date
    at: datetime
    utc_day: date | None = None
    """The operator's day; None in lines of earlier versions, where every day was UTC's."""
    asked_at: datetime | None = None
    """When the job was submitted, whatever the line is about; None in lines of earlier versions."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What a scope has used in one day."""

    clips: int
    amount: Micros


def server_scope(server: ServerRef) -> str:
    """The name of a server's totals."""
    return str(server)


def user_scope(server: ServerRef, member: Pseudonym) -> str:
    """The name of a member's totals in a server."""
    return f"{server}/{member.id}"


def scopes(server: ServerRef, member: Pseudonym) -> tuple[str, str, str]:
    """The totals that a line counts for: everything, its server, and its member in that server."""
    return EVERYWHERE, server_scope(server), user_scope(server, member)


def days(day: date, utc_day: date | None) -> tuple[date, date, date]:
    """The days in which a line counts for each of its :func:`scopes`."""
    return utc_day or day, day, day


def reserve(job: Job, at: datetime) -> Entry:
    """One clip and its estimated price, before anything is spent."""
    return _entry(job, EntryKind.RESERVE, at, clips=1, amount=job.reserved)


def reserve_more(job: Job, extra: Micros, at: datetime) -> Entry:
    """What a dearer backend costs beyond what is reserved; the clip has been counted."""
    return _entry(job, EntryKind.RESERVE, at, clips=0, amount=extra)


def settle(job: Job, at: datetime) -> Entry:
    """The difference between what was reserved and what the clip has cost."""
    cost = job.reserved if job.cost is None else job.cost
    return _entry(job, EntryKind.SETTLE, at, clips=0, amount=Micros(cost - job.reserved))


def refund(job: Job, at: datetime, charged: Micros = FREE) -> Entry:
    """There is no clip, so none is counted; of the reserved money what the backend has probably
    ``charged`` stays."""
    return _entry(job, EntryKind.REFUND, at, clips=-1, amount=Micros(charged - job.reserved))


def _entry(job: Job, kind: EntryKind, at: datetime, *, clips: int, amount: Micros) -> Entry:
    return Entry(
        job_id=job.id,
        server=job.channel.server,
        user=job.requested_by,
        kind=kind,
        clips=clips,
        amount=amount,
        day=job.day or day_of(job.created_at),
        at=at,
        utc_day=day_of(job.created_at),
        asked_at=job.created_at,
    )
