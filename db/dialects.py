"""What both databases have, in different words.

INSERT … ON CONFLICT has one syntax, and a class of SQLAlchemy for each. Leases are counted on one
clock for all who share a database: a server's own; SQLite's users share a machine and its clock.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from db.engine import UtcDateTime
from generation.ports import Lease


def insert_or(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT to which ``on_conflict_do_update`` or ``on_conflict_do_nothing`` can be added."""
    if dialect == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


class LeaseNow(FunctionElement[datetime]):
    """The moment up to which leases have ended; on SQLite the parameter ``now``."""

    type = UtcDateTime()
    inherit_cache = True

    def __init__(self) -> None:
        super().__init__(bindparam("now", type_=UtcDateTime))


class LeaseEnd(FunctionElement[datetime]):
    """When a lease ends that begins now, from :func:`lease_parameters`."""

    type = UtcDateTime()
    inherit_cache = True

    def __init__(self) -> None:
        super().__init__(
            bindparam("until", type_=UtcDateTime), bindparam("lease_seconds", type_=Float)
        )


def lease_parameters(lease: Lease) -> dict[str, object]:
    """The parameters ``owner``, and those of :class:`LeaseEnd`."""
    return {"owner": lease.owner, "until": lease.until, "lease_seconds": lease.seconds}


@compiles(LeaseNow, "sqlite")
@compiles(LeaseEnd, "sqlite")
def _as_the_caller_says(
    element: FunctionElement[datetime], compiler: SQLCompiler, **options: Any
) -> str:
    return compiler.process(next(iter(element.clauses)), **options)


@compiles(LeaseNow, "postgresql")
def _now_on_the_server(_element: LeaseNow, _compiler: SQLCompiler, **_options: Any) -> str:
    # not now(): that stands still in a transaction, which may have waited for a lock
    return "clock_timestamp()"


@compiles(LeaseEnd, "postgresql")
def _end_on_the_server(element: LeaseEnd, compiler: SQLCompiler, **options: Any) -> str:
    _, seconds = element.clauses
    return f"clock_timestamp() + make_interval(secs => {compiler.process(seconds, **options)})"
