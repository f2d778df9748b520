"""The logins table: every statement about it, and the methods that run it.

What a method promises is written in :mod:`generation.ports`.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import RowMapping, bindparam, delete, insert, select

from db.queries.parts import StorePart
from db.schema import logins
from generation.domain.login import Login, LoginKind

_IS_VALID: Final = (
    logins.c.digest == bindparam("of"),
    logins.c.kind == bindparam("as_kind"),
    logins.c.until > bindparam("now"),
)
_SESSION: Final = select(logins).where(*_IS_VALID)
_REDEEM: Final = delete(logins).where(*_IS_VALID).returning(*logins.c)
_ADD: Final = insert(logins).inline()
_DROP: Final = delete(logins).where(logins.c.digest == bindparam("of"))
_DROP_ENDED: Final = delete(logins).where(logins.c.until <= bindparam("now"))


class LoginStore(StorePart):
    """What the store keeps of logins."""

    async def add_login(self, login: Login, now: datetime) -> None:
        async with self._write() as connection:
            await connection.execute(_DROP_ENDED, {"now": now})
            values = {
                "digest": login.digest,
                "kind": login.kind,
                "name": login.name,
                "form_token": login.form_token,
                "until": login.until,
            }
            await connection.execute(_ADD, values)

    async def redeem_code(self, digest: str, now: datetime) -> Login | None:
        values = {"of": digest, "as_kind": LoginKind.CODE, "now": now}
        async with self._write() as connection:
            row = (await connection.execute(_REDEEM, values)).mappings().first()
        return None if row is None else _login_from_row(row)

    async def session(self, digest: str, now: datetime) -> Login | None:
        values = {"of": digest, "as_kind": LoginKind.SESSION, "now": now}
        async with self._read() as connection:
            row = (await connection.execute(_SESSION, values)).mappings().first()
        return None if row is None else _login_from_row(row)

    async def end_session(self, digest: str) -> None:
        async with self._write() as connection:
            await connection.execute(_DROP, {"of": digest})


def _login_from_row(row: RowMapping) -> Login:
    c = logins.c
    return Login(
        digest=row[c.digest],
        kind=LoginKind(row[c.kind]),
        name=row[c.name],
        until=row[c.until],
        form_token=row[c.form_token],
    )
