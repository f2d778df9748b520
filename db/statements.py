"""Executes the statements that every job runs: built once, and on SQLite compiled once too."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select

from db.connection import DatabaseConnection
from db.sqlite.compiled import Change, StoredRow, Values
from db.sqlite.connections import WritingConnection

__all__ = ["Change", "StoredRow", "Values", "change", "first_mapped", "first_row"]


async def change(
    connection: DatabaseConnection, statement: Change, values: Values | Sequence[Values]
) -> int:
    """Execute a statement without RETURNING; how many rows it has changed.

    With several sets of values, all of the same names, it is executed for each.
    """
    if isinstance(connection, WritingConnection):
        return connection.change(statement, values)
    return (await connection.execute(statement, values)).rowcount


async def first_row(
    connection: DatabaseConnection, query: Change | Select[*tuple[Any, ...]], values: Values
) -> Any:
    """The first row of a query, or of a change that returns one, its columns by name; None without
    one."""
    if isinstance(connection, WritingConnection):
        return connection.first(query, values)
    return (await connection.execute(query, values)).first()


async def first_mapped(
    connection: DatabaseConnection, query: Select[*tuple[Any, ...]], values: Values
) -> StoredRow | None:
    """The same by column."""
    if isinstance(connection, WritingConnection):
        return connection.first_mapped(query, values)
    return (await connection.execute(query, values)).mappings().first()
