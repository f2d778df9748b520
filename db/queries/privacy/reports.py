"""What a member has reported and was told: read, and forgotten."""

import json
from datetime import datetime
from typing import Final

from sqlalchemy import and_, bindparam, delete, exists, or_, select, update

from db.queries.mapping import server_from_key
from db.queries.parts import StorePart, TransactionPart
from db.queries.reports import REPORTS, report_from_row
from db.schema import HELD_NOTICES, OWED_NOTICES, notices
from db.schema.reports import OPEN_REPORTS, reports
from generation.domain.notice import NoticeKind
from generation.domain.refs import UserRef
from generation.domain.report import Report

_REPORTS_BY: Final = REPORTS.where(reports.c.by == bindparam("member")).order_by(reports.c.number)
_SERVERS: Final = select(reports.c.server).where(reports.c.by == bindparam("member")).distinct()
_ANOTHERS: Final = reports.alias()
_DROP_SECOND_REPORTS: Final = delete(reports).where(
    OPEN_REPORTS,
    reports.c.by == bindparam("member"),
    reports.c.server == bindparam("of"),
    exists().where(
        _ANOTHERS.c.job_id == reports.c.job_id,
        _ANOTHERS.c.by == bindparam("becomes"),
        _ANOTHERS.c.decided_at.is_(None),
    ),
)
"""Of a member who was forgotten before, and has reported the same clip again since: nobody has two
open reports of one clip."""
_FORGET_REPORTS: Final = (
    update(reports)
    .where(reports.c.by == bindparam("member"), reports.c.server == bindparam("of"))
    .values(by=bindparam("becomes"), words="")
)
_OF_MEMBER: Final = notices.c.member == bindparam("of")
_ABOUT_MEMBER: Final = or_(
    _OF_MEMBER,
    # also what others are told about them, with an id in its details or its key
    notices.c.details.contains(bindparam("named")),
    notices.c.key.contains(bindparam("in_key")),
)
_STILL_OWED: Final = select(notices.c.key, notices.c.details).where(_ABOUT_MEMBER, OWED_NOTICES)
_SET_DETAILS: Final = (
    update(notices).where(notices.c.key == bindparam("of")).values(details=bindparam("left"))
)
_FORGET_NOTICES: Final = delete(notices).where(_ABOUT_MEMBER, ~OWED_NOTICES)
_IS_OLD: Final = and_(~OWED_NOTICES, notices.c.created_at < bindparam("before"))
_IS_WELCOME: Final = notices.c.kind == NoticeKind.WELCOME.value
_DROP_OLD_NOTICES: Final = delete(notices).where(_IS_OLD, ~_IS_WELCOME)
"""Their keys have a moment or a period in them, so none of them comes again."""
_EMPTY_OLD_WELCOMES: Final = (
    update(notices)
    # one that waits for an admin is still to be read
    .where(_IS_OLD, _IS_WELCOME, ~HELD_NOTICES, notices.c.details != "{}")
    .values(details="{}", member=None, note=None)
)
"""A server is welcomed once, however long ago that was."""


def _without_words_of(user: UserRef, details: str) -> str:
    """A notice that is still to be told, without what that member has written."""
    told: dict[str, str] = json.loads(details)
    for writer, words in (("asker", "prompt"), ("reporter", "words")):
        if told.get(writer) == user.id and words in told:
            told[words] = ""
    return json.dumps(told)


class ReportsOfMember(StorePart):
    """What the store reads of a member's reports."""

    async def every_report_by(self, user: UserRef) -> list[Report]:
        async with self._read() as connection:
            rows = await connection.execute(_REPORTS_BY, {"member": str(user)})
            return [report_from_row(row) for row in rows.mappings()]


class ForgettingReports(TransactionPart):
    """What a transaction forgets of a member's reports and notices."""

    async def forget_reports(self, user: UserRef) -> None:
        member = {"member": str(user)}
        for server in (await self._connection.scalars(_SERVERS, member)).all():
            becomes = self._cipher.pseudonyms.of(server_from_key(server), user)
            values = {"of": server, "becomes": str(becomes)}
            for statement in (_DROP_SECOND_REPORTS, _FORGET_REPORTS):
                await self._connection.execute(statement, member | values)

    async def forget_notices(self, user: UserRef) -> int:
        about = {"of": str(user), "named": f'"{user.id}"', "in_key": f":{user.id}"}
        await self._connection.execute(_FORGET_NOTICES, about)
        owed = (await self._connection.execute(_STILL_OWED, about)).all()
        for key, details in owed:
            if (left := _without_words_of(user, details)) != details:
                await self._connection.execute(_SET_DETAILS, {"of": key, "left": left})
        return len(owed)

    async def forget_old_notices(self, before: datetime) -> int:
        found = 0
        for statement in (_DROP_OLD_NOTICES, _EMPTY_OLD_WELCOMES):
            found += (await self._connection.execute(statement, {"before": before})).rowcount
        return found
