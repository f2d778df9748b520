"""A notice: something that is told once, outside of any job's message."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from generation.domain.refs import ServerRef, UserRef


class NoticeKind(StrEnum):
    """What a notice says; ``generation/text/notices.py`` has the sentences of each kind."""

    WELCOME = "welcome"
    LOG_CHANNEL_LOST = "log_channel_lost"
    REPORT = "report"
    PROMPT_BLOCKED = "prompt_blocked"
    FORGOTTEN = "forgotten"
    BUDGET = "budget"
    CLIP_READY = "clip_ready"


class Audience(StrEnum):
    """Who a notice is for: the admins of a server, in its log channel; the person who installed the
    bot there, else the first place where it may write; one member, in a direct message; the asker
    of a clip, under its message; the operator, in the log."""

    LOG_CHANNEL = "log_channel"
    INSTALLER = "installer"
    MEMBER = "member"
    ASKER = "asker"
    OPERATOR = "operator"


class NoticeStatus(StrEnum):
    """Whether a notice is due, has been told, waits for the next answer to an admin of its server
    because it could not be posted, or is given up."""

    OWED = "owed"
    TOLD = "told"
    HELD = "held"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Notice:
    """``key`` is unique: a second notice with the same key is never told. ``details`` are the
    values of its sentences, as text. ``member`` is who reads one for a :attr:`Audience.MEMBER` or
    an :attr:`Audience.ASKER`."""

    key: str
    server: ServerRef
    audience: Audience
    kind: NoticeKind
    details: Mapping[str, str]
    created_at: datetime
    member: UserRef | None = None


@dataclass(frozen=True, slots=True)
class OwedNotice:
    """A notice on its way. ``note`` is what a messenger keeps between attempts, ``reason`` why the
    last one failed."""

    notice: Notice
    next_attempt_at: datetime
    status: NoticeStatus = NoticeStatus.OWED
    attempts: int = 0
    note: str | None = None
    reason: str | None = None

    def noted(self, note: str) -> Self:
        """The messenger's note, kept over a restart."""
        return replace(self, note=note)

    def told(self) -> Self:
        """It has been posted."""
        return replace(self, status=NoticeStatus.TOLD, reason=None)

    def delayed(self, until: datetime, reason: str) -> Self:
        """Again, later."""
        return replace(self, attempts=self.attempts + 1, next_attempt_at=until, reason=reason)

    def undeliverable(self, reason: str) -> Self:
        """There is no place to post it in: what is for admins waits for the next answer to one,
        what is for a member is given up."""
        is_personal = self.notice.audience in {Audience.MEMBER, Audience.ASKER}
        status = NoticeStatus.ABANDONED if is_personal else NoticeStatus.HELD
        return replace(self, status=status, reason=reason)
