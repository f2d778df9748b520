"""Rows that cannot be read: each is reported once and then left out, so that all other rows are
still served."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import ColumnElement, RowMapping, Select

from db.connection import DatabaseConnection
from db.statements import StoredRow, first_mapped
from generation.protocol.errors import StoreError

MAX_LEFT_OUT: Final = 1000
"""How many ids a query excludes at most: the number of a statement's parameters is limited."""

OnUnreadable = Callable[[str, StoreError], None]
"""Called with the id of a job whose row cannot be read. The error names the row, not its
content."""
T = TypeVar("T")
RowReader = Callable[[RowMapping], T]
"""Turns a row into an object. Raises StoreError."""

_log = structlog.get_logger("flipbook.db")


def log_unreadable(job_id: str, error: StoreError) -> None:
    """Log one line."""
    _log.warning("a stored row cannot be read", job=job_id, error=str(error))


class UnreadableRows:
    """The rows of one table that could not be read since this process started, by the id of their
    job."""

    def __init__(self, key: ColumnElement[str], on_unreadable: OnUnreadable) -> None:
        self._key = key
        self._on_unreadable = on_unreadable
        self._known: dict[str, None] = {}  # a set that keeps the order of discovery

    async def read_others(
        self,
        connection: DatabaseConnection,
        query: Select[Any],
        reader: RowReader[T],
        parameters: Mapping[str, object],
    ) -> list[T]:
        """Every row of the query that can be read."""
        query = query.where(self._is_not_known()) if self._known else query
        try:
            rows = (await connection.execute(query, parameters)).mappings().all()
            return [reader(row) for row in rows]
        except (StoreError, ValueError):
            # ValueError: SQLite's times are parsed by SQLAlchemy, for all rows at once
            return await self._read_one_by_one(connection, query, reader, parameters)

    async def ids(
        self, connection: DatabaseConnection, query: Select[str], parameters: Mapping[str, object]
    ) -> list[str]:
        """The ids that the query finds, without those of rows that cannot be read."""
        query = query.where(self._is_not_known()) if self._known else query
        found = await connection.scalars(query, parameters)
        return [each for each in found if each not in self._known]

    def _is_not_known(self) -> ColumnElement[bool]:
        """At the head of a queue, unreadable rows would fill every LIMIT."""
        return self._key.not_in(list(self._known)[-MAX_LEFT_OUT:])

    async def _read_one_by_one(
        self,
        connection: DatabaseConnection,
        query: Select[Any],
        reader: RowReader[T],
        parameters: Mapping[str, object],
    ) -> list[T]:
        # the query keeps its joins, ORDER BY and LIMIT; only its columns change
        ids = await connection.scalars(
            query.with_only_columns(self._key, maintain_column_froms=True), parameters
        )
        readable = []
        for job_id in ids.all():
            try:
                found = await first(
                    connection, query.where(self._key == job_id), reader, parameters
                )
            except StoreError as error:
                self._report(job_id, error)
            else:
                readable += [] if found is None else [found]
        return readable

    def _report(self, job_id: str, error: StoreError) -> None:
        if job_id not in self._known:
            self._known[job_id] = None
            self._on_unreadable(job_id, error)


async def first(
    connection: DatabaseConnection,
    query: Select[Any],
    reader: RowReader[T],
    parameters: Mapping[str, object],
) -> T | None:
    """The query's first row; None without one. Raises StoreError when it cannot be read."""
    try:
        row = (await connection.execute(query, parameters)).mappings().first()
        return None if row is None else reader(row)
    except ValueError as error:
        raise StoreError("a stored row cannot be read") from error


async def first_to_change(
    connection: DatabaseConnection,
    query: Select[Any],
    reader: Callable[[StoredRow], T],
    parameters: Mapping[str, object],
) -> T | None:
    """The same in a transaction, of a query that is built once."""
    try:
        row = await first_mapped(connection, query, parameters)
        return None if row is None else reader(row)
    except ValueError as error:
        raise StoreError("a stored row cannot be read") from error
