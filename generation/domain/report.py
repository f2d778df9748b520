"""A report: a member tells the admins that a clip should not be shown, and they decide once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from generation.domain.job import JobId, name_of
from generation.domain.refs import ServerRef, UserRef

MOST_WORDS: Final = 500
"""Characters of what a member adds to a reason."""


class ReportReason(StrEnum):
    """Why a clip is reported."""

    SEXUAL = "sexual"
    VIOLENT = "violent"
    PERSON = "person"
    OTHER = "other"


class Decision(StrEnum):
    """What an admin decides about a reported clip."""

    HIDE = "hide"
    DELETE = "delete"
    BLOCK = "block"
    DISMISS = "dismiss"


@dataclass(frozen=True, slots=True)
class Report:
    """One member's report of one clip; open until ``decided_at``. ``words`` are the member's own,
    escaped where they are shown; ``number`` is the clip's."""

    job_id: JobId
    server: ServerRef
    by: UserRef
    reason: ReportReason
    words: str
    at: datetime
    decision: Decision | None = None
    decided_by: UserRef | None = None
    decided_at: datetime | None = None
    number: int | None = None

    @property
    def clip(self) -> str:
        """What people call the clip."""
        return name_of(self.job_id, self.number)
