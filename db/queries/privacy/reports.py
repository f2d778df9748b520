"""What a member has reported and was told: read, and forgotten."""

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, or_, select, update

from db.queries.mapping import server_from_key
from db.queries.parts import StorePart, TransactionPart
from db.queries.reports import report_from_row
from db.schema import OWED_NOTICES, notices
from db.schema.reports import reports
from generation.domain.refs import UserRef
from generation.domain.report import Report

_REPORTS_BY: Final = (
    select(reports).where(reports.c.by == bindparam("member")).order_by(reports.c.number)
)
_SERVERS: Final = select(reports.c.server).where(reports.c.by == bindparam("member")).distinct()
_FORGET_REPORTS: Final = (
    update(reports)
    .where(reports.c.by == bindparam("member"), reports.c.server == bindparam("of"))
    .values(by=bindparam("becomes"), words="")
)
_OF_MEMBER: Final = notices.c.member == bindparam("of")
_STILL_OWED: Final = select(func.count()).where(_OF_MEMBER, OWED_NOTICES)
_FORGET_NOTICES: Final = delete(notices).where(
    or_(
        _OF_MEMBER,
        notices.c.details.contains(bindparam("named")),
        notices.c.key.contains(bindparam("in_key")),
    ),
    ~OWED_NOTICES,
)
_FORGET_OLD_NOTICES: Final = (
    update(notices)
    .where(~OWED_NOTICES, notices.c.created_at < bindparam("before"), notices.c.details != "{}")
    .values(details="{}", member=None, note=None)
)


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
            await self._connection.execute(_FORGET_REPORTS, member | values)

    async def forget_notices(self, user: UserRef) -> int:
        member = {"of": str(user)}
        # also what others were told about them, with an id in its details or its key
        named = {"named": f'"{user.id}"', "in_key": f":{user.id}"}
        await self._connection.execute(_FORGET_NOTICES, member | named)
        return int(await self._connection.scalar(_STILL_OWED, member) or 0)

    async def forget_old_notices(self, before: datetime) -> int:
        return (await self._connection.execute(_FORGET_OLD_NOTICES, {"before": before})).rowcount
