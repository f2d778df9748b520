"""The notices table: every statement about it, and the methods that run it.

What a method promises is written in :mod:`generation.ports`.
"""

import json
from datetime import datetime
from typing import Final

from sqlalchemy import RowMapping, and_, bindparam, literal_column, or_, select, update

from db.dialects import LeaseEnd, LeaseNow, insert_or, lease_parameters
from db.queries.corrupt_rows import first
from db.queries.mapping import NO_LEASE, Values, server_from_key, user_from_key
from db.queries.parts import StorePart, TransactionPart
from db.schema import HELD_NOTICES, OWED_NOTICES, notices
from generation.domain.notice import Audience, Notice, NoticeKind, NoticeStatus, OwedNotice
from generation.domain.refs import Platform, ServerRef
from generation.ports import Lease
from generation.protocol.errors import StoreError

_OF_KEY: Final = notices.c.key == bindparam("of")
_IS_DUE: Final = and_(OWED_NOTICES, notices.c.next_attempt_at <= bindparam("now"))
_MAY_CLAIM: Final = or_(
    notices.c.lease_owner == bindparam("owner"),
    notices.c.lease_until.is_(None),
    notices.c.lease_until <= LeaseNow(),
)
_DUE: Final = (
    select(notices)
    .where(
        _IS_DUE,
        _MAY_CLAIM,
        or_(
            notices.c.platform.in_(bindparam("platforms", expanding=True)),
            notices.c.audience == literal_column(f"'{Audience.OPERATOR}'"),
        ),
    )
    .order_by(notices.c.next_attempt_at, notices.c.key)
    .limit(bindparam("most"))
)
_NOTICE: Final = select(notices).where(_OF_KEY).with_for_update()
_HELD: Final = (
    select(notices)
    .where(HELD_NOTICES, notices.c.server == bindparam("of"))
    .order_by(notices.c.created_at, notices.c.key)
    .limit(bindparam("most"))
    .with_for_update()
)
_SAVE: Final = update(notices).where(_OF_KEY)
_CLAIM: Final = (
    update(notices)
    .where(_OF_KEY, _IS_DUE, _MAY_CLAIM)
    .values(lease_owner=bindparam("owner"), lease_until=LeaseEnd())
)
_RETRY: Final = (
    update(notices)
    .where(OWED_NOTICES, notices.c.server == bindparam("of"))
    .values(next_attempt_at=bindparam("at"))
)


class NoticeStore(StorePart):
    """What the store reads of notices."""

    async def owed_notices(
        self, now: datetime, *, owner: str, platforms: frozenset[Platform], limit: int
    ) -> list[OwedNotice]:
        names = [platform.value for platform in platforms]
        values = {"now": now, "owner": owner, "platforms": names, "most": limit}
        async with self._read() as connection:
            return await self._unreadable_notices.read_others(
                connection, _DUE, _notice_from_row, values
            )

    async def retry_notices(self, server: ServerRef, now: datetime) -> None:
        async with self._write() as connection:
            await connection.execute(_RETRY, {"of": str(server), "at": now})


class NoticeTransaction(TransactionPart):
    """What a transaction reads and writes of notices."""

    async def add_notice(self, notice: Notice) -> bool:
        values: Values = {
            "key": notice.key,
            "platform": notice.server.platform.value,
            "server": str(notice.server),
            "audience": notice.audience.value,
            "kind": notice.kind.value,
            "details": json.dumps(dict(notice.details)),
            "member": None if notice.member is None else str(notice.member),
            "created_at": notice.created_at,
            **_moving_values(OwedNotice(notice, next_attempt_at=notice.created_at)),
        }
        # not the number of written rows, which PostgreSQL does not tell of an INSERT
        added = (
            insert_or(self._connection.dialect.name, notices)
            .values(values)
            .on_conflict_do_nothing(index_elements=[notices.c.key])
            .returning(notices.c.key)
        )
        return await self._connection.scalar(added) is not None

    async def claim_notice(self, key: str, lease: Lease, now: datetime) -> OwedNotice | None:
        values = {**lease_parameters(lease), "of": key, "now": now}
        if (await self._connection.execute(_CLAIM, values)).rowcount == 0:
            return None
        return await first(self._connection, _NOTICE, _notice_from_row, {"of": key})

    async def save_notice(self, owed: OwedNotice, *, keeps_lease: bool = False) -> None:
        lease = {} if keeps_lease else NO_LEASE
        await self._connection.execute(
            _SAVE, {"of": owed.notice.key, **_moving_values(owed), **lease}
        )

    async def take_held_notices(self, server: ServerRef, *, limit: int) -> list[Notice]:
        rows = await self._connection.execute(_HELD, {"of": str(server), "most": limit})
        held = [_notice_from_row(row) for row in rows.mappings().all()]
        for each in held:
            await self.save_notice(each.told())
        return [each.notice for each in held]


def _moving_values(owed: OwedNotice) -> Values:
    return {
        "status": owed.status.value,
        "attempts": owed.attempts,
        "next_attempt_at": owed.next_attempt_at,
        "note": owed.note,
        "reason": owed.reason,
    }


def _notice_from_row(row: RowMapping) -> OwedNotice:
    c = notices.c
    try:
        notice = Notice(
            key=row[c.key],
            server=server_from_key(row[c.server]),
            audience=Audience(row[c.audience]),
            kind=NoticeKind(row[c.kind]),
            details=json.loads(row[c.details]),
            created_at=row[c.created_at],
            member=None if row[c.member] is None else user_from_key(row[c.member]),
        )
        return OwedNotice(
            notice,
            next_attempt_at=row[c.next_attempt_at],
            status=NoticeStatus(row[c.status]),
            attempts=row[c.attempts],
            note=row[c.note],
            reason=row[c.reason],
        )
    except (TypeError, ValueError) as error:
        raise StoreError(f"the stored notice {row[c.key]} cannot be read") from error
