"""What is asked of the tables about servers, by meaning: limits, policies, and who changed them."""

from typing import Final

from pydantic import ValidationError
from sqlalchemy import RowMapping, bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.rows import server_of, user_of
from db.schema import audit, server_limits, server_policies
from db.upsert import insert_or
from generation.audit import AuditEntry
from generation.errors import StoreError
from generation.limits import Limits
from generation.places import ServerRef
from generation.policy import Policy

_LIMITS: Final = select(server_limits.c.limits).where(server_limits.c.server == bindparam("of"))
_POLICY: Final = select(server_policies.c.policy).where(server_policies.c.server == bindparam("of"))

_RULES: Final = select(_LIMITS.scalar_subquery().label("limits"), _POLICY.scalar_subquery().label("policy"))


async def limits_of(connection: AsyncConnection, server: ServerRef) -> Limits | None:
    """A server's own limits. Raises StoreError when they cannot be read: better no clip than one without limits."""
    return _read_limits(server, await connection.scalar(_LIMITS, {"of": str(server)}))


async def policy_of(connection: AsyncConnection, server: ServerRef) -> Policy | None:
    """A server's policy. Raises StoreError when it cannot be read."""
    return _read_policy(server, await connection.scalar(_POLICY, {"of": str(server)}))


async def rules_of(connection: AsyncConnection, server: ServerRef) -> tuple[Limits | None, Policy | None]:
    """Both at once. Raises StoreError when one of them cannot be read."""
    stored = (await connection.execute(_RULES, {"of": str(server)})).one()
    return _read_limits(server, stored.limits), _read_policy(server, stored.policy)


async def set_limits(connection: AsyncConnection, server: ServerRef, limits: Limits | None) -> None:
    """Write a server's limits; None goes back to the defaults."""
    if limits is None:
        await connection.execute(delete(server_limits).where(server_limits.c.server == str(server)))
        return
    written = insert_or(connection.dialect.name, server_limits).values(
        server=str(server), limits=limits.model_dump_json()
    )
    new = {"limits": written.excluded.limits}
    await connection.execute(written.on_conflict_do_update(index_elements=[server_limits.c.server], set_=new))


async def set_policy(connection: AsyncConnection, server: ServerRef, policy: Policy) -> None:
    """Write a server's policy."""
    written = insert_or(connection.dialect.name, server_policies).values(
        server=str(server), policy=policy.model_dump_json()
    )
    new = {"policy": written.excluded.policy}
    await connection.execute(written.on_conflict_do_update(index_elements=[server_policies.c.server], set_=new))


async def add_audit(connection: AsyncConnection, entry: AuditEntry) -> None:
    """Write down who changed what."""
    line = {"server": str(entry.server), "by": str(entry.by), "at": entry.at}
    change = {"what": entry.what, "before": entry.before, "after": entry.after}
    await connection.execute(insert(audit).inline().values(**line, **change))


async def audit_of(connection: AsyncConnection, server: ServerRef, limit: int) -> list[AuditEntry]:
    """What admins changed in a server, newest first."""
    lines = select(audit).where(audit.c.server == str(server)).order_by(audit.c.number.desc()).limit(limit)
    return [_audit_entry(row) for row in (await connection.execute(lines)).mappings()]


def _read_limits(server: ServerRef, stored: str | None) -> Limits | None:
    try:
        return None if stored is None else Limits.model_validate_json(stored)
    except ValidationError as error:
        raise StoreError(f"the stored limits of {server} cannot be read") from error


def _read_policy(server: ServerRef, stored: str | None) -> Policy | None:
    try:
        return None if stored is None else Policy.model_validate_json(stored)
    except ValidationError as error:
        raise StoreError(f"the stored policy of {server} cannot be read") from error


def _audit_entry(row: RowMapping) -> AuditEntry:
    c = audit.c
    return AuditEntry(
        server=server_of(row[c.server]),
        by=user_of(row[c.by]),
        at=row[c.at],
        what=row[c.what],
        before=row[c.before],
        after=row[c.after],
    )
