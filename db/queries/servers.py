"""The tables about servers (limits, policies, the audit trail): every statement about them, and
the methods that run it.

What a method promises is written in :mod:`generation.ports`.
"""

from functools import lru_cache
from typing import Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlalchemy import RowMapping, Table, bindparam, delete, insert, select

from db.connection import DatabaseConnection
from db.dialects import insert_or
from db.queries.mapping import server_from_key, user_from_key
from db.queries.parts import QueryPart, StorePart, TransactionPart
from db.schema import audit, ceilings, server_limits, server_policies, server_styles
from generation.domain.refs import ServerRef
from generation.protocol.errors import StoreError
from generation.rules.audit import AuditEntry
from generation.rules.forms.styles import Styles
from generation.rules.limits import Limits, SomeLimits
from generation.rules.pause import EVERY_SERVER
from generation.rules.policy import Policy

Model = TypeVar("Model", bound=BaseModel)

LIMITS: Final = select(server_limits.c.limits).where(server_limits.c.server == bindparam("of"))
POLICY: Final = select(server_policies.c.policy).where(server_policies.c.server == bindparam("of"))
_STYLES: Final = select(server_styles.c.styles).where(server_styles.c.server == bindparam("of"))
CEILINGS: Final = select(ceilings.c.ceilings).where(
    ceilings.c.server == bindparam("every", value=str(EVERY_SERVER))
)
OWN_CEILINGS: Final = select(ceilings.c.ceilings).where(ceilings.c.server == bindparam("of"))
_SOME_LIMITS: Final = TypeAdapter[dict[str, object]](SomeLimits)
_CACHED_RULES: Final = 4096
_AUDIT_OF: Final = (
    select(audit)
    .where(audit.c.server == bindparam("of"))
    .order_by(audit.c.number.desc())
    .limit(bindparam("most"))
)
_DELETE_LIMITS: Final = delete(server_limits).where(server_limits.c.server == bindparam("of"))
_DELETE_STYLES: Final = delete(server_styles).where(server_styles.c.server == bindparam("of"))
_ADD_AUDIT: Final = insert(audit).inline()


class RulesReads(QueryPart):
    """What both the store and a transaction read of a server's own rules.

    What cannot be read is an error, not the defaults: better no clip than one without limits.
    """

    async def limits_of(self, server: ServerRef) -> Limits | None:
        async with self._read(str(server)) as connection:
            stored = await connection.scalar(LIMITS, {"of": str(server)})
        return limits_from(stored, server)

    async def policy_of(self, server: ServerRef) -> Policy | None:
        async with self._read(str(server)) as connection:
            stored = await connection.scalar(POLICY, {"of": str(server)})
        return policy_from(stored, server)

    async def styles_of(self, server: ServerRef) -> Styles | None:
        async with self._read(str(server)) as connection:
            stored = await connection.scalar(_STYLES, {"of": str(server)})
        return None if stored is None else _parsed(Styles, stored, f"the stored styles of {server}")

    async def ceilings_of(self, server: ServerRef) -> SomeLimits:
        async with self._read(str(server)) as connection:
            stored = await connection.scalar(OWN_CEILINGS, {"of": str(server)})
        return ceilings_from(stored) or {}


class ServerStore(RulesReads, StorePart):
    """What the store reads of servers."""

    async def audit_of(self, server: ServerRef, *, limit: int) -> list[AuditEntry]:
        async with self._read() as connection:
            rows = await connection.execute(_AUDIT_OF, {"of": str(server), "most": limit})
            return [audit_entry_from_row(row) for row in rows.mappings()]


class ServerTransaction(RulesReads, TransactionPart):
    """What a transaction reads and writes of servers."""

    async def set_limits(self, server: ServerRef, limits: Limits | None, audit: AuditEntry) -> None:
        if limits is None:
            # without a row the defaults apply, also those of a later version
            await self._connection.execute(_DELETE_LIMITS, {"of": str(server)})
        else:
            await self._upsert(server_limits, "limits", server, limits.model_dump_json())
        await add_audit(self._connection, audit)

    async def set_policy(self, server: ServerRef, policy: Policy, audit: AuditEntry) -> None:
        await self._upsert(server_policies, "policy", server, policy.model_dump_json())
        await add_audit(self._connection, audit)

    async def set_rules(
        self, server: ServerRef, limits: Limits | None, policy: Policy | None, audit: AuditEntry
    ) -> None:
        if limits is not None:
            await self._upsert(server_limits, "limits", server, limits.model_dump_json())
        if policy is not None:
            await self._upsert(server_policies, "policy", server, policy.model_dump_json())
        await add_audit(self._connection, audit)

    async def set_styles(self, server: ServerRef, styles: Styles | None, audit: AuditEntry) -> None:
        if styles is None:
            await self._connection.execute(_DELETE_STYLES, {"of": str(server)})
        else:
            await self._upsert(server_styles, "styles", server, styles.model_dump_json())
        await add_audit(self._connection, audit)

    async def set_ceilings(self, server: ServerRef, values: SomeLimits, audit: AuditEntry) -> None:
        stored = _SOME_LIMITS.dump_json(values).decode()
        await self._upsert(ceilings, "ceilings", server, stored)
        await add_audit(self._connection, audit)

    async def _upsert(self, table: Table, column: str, server: ServerRef, stored: str) -> None:
        written = insert_or(self._connection.dialect.name, table).values(
            {"server": str(server), column: stored}
        )
        await self._connection.execute(
            written.on_conflict_do_update(
                index_elements=[table.c.server], set_={column: written.excluded[column]}
            )
        )

    async def add_audit(self, entry: AuditEntry) -> None:
        await add_audit(self._connection, entry)


async def add_audit(connection: DatabaseConnection, entry: AuditEntry) -> None:
    """Write who changed what."""
    values = {
        "server": str(entry.server),
        "by": str(entry.by),
        "at": entry.at,
        "what": entry.what,
        "before": entry.before,
        "after": entry.after,
    }
    await connection.execute(_ADD_AUDIT, values)


def limits_from(stored: str | None, server: ServerRef) -> Limits | None:
    """A server's own limits, if it has any. Raises StoreError when they cannot be read."""
    return None if stored is None else _parsed(Limits, stored, f"the stored limits of {server}")


def policy_from(stored: str | None, server: ServerRef) -> Policy | None:
    """A server's own policy, if it has one. Raises StoreError when it cannot be read."""
    return None if stored is None else _parsed(Policy, stored, f"the stored policy of {server}")


@lru_cache(maxsize=_CACHED_RULES)
def ceilings_from(stored: str | None) -> SomeLimits | None:
    """The operator's ceilings, if some are stored. Raises StoreError when they cannot be read."""
    try:
        return None if stored is None else _SOME_LIMITS.validate_json(stored)
    except ValidationError as error:
        raise StoreError("the stored ceilings cannot be read") from error


@lru_cache(maxsize=_CACHED_RULES)
def _parsed(model: type[Model], stored: str, name: str) -> Model:
    """Cached: every submission reads them, and nobody changes the object."""
    try:
        return model.model_validate_json(stored)
    except ValidationError as error:
        raise StoreError(f"{name} cannot be read") from error


def audit_entry_from_row(row: RowMapping) -> AuditEntry:
    c = audit.c
    return AuditEntry(
        server=server_from_key(row[c.server]),
        by=user_from_key(row[c.by]),
        at=row[c.at],
        what=row[c.what],
        before=row[c.before],
        after=row[c.after],
    )
