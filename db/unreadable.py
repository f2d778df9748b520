"""Rows that cannot be read: each is told of once and left out from then on, so that all others keep moving."""

import logging
from collections.abc import Callable
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, RowMapping, Select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.rows import Values
from generation.errors import StoreError

MOST_LEFT_OUT: Final = 1000
"""Named in a query at most: the number of a statement's values is limited."""

Tell = Callable[[str, StoreError], None]
"""Hears the id of a job whose row cannot be read; the error names the row, never what is in it."""
Thing = TypeVar("Thing")
Read = Callable[[RowMapping], Thing]
"""From a row to what it stands for. Raises StoreError."""

_log = logging.getLogger(__name__)


def write_down(_job_id: str, error: StoreError) -> None:
    """One line in the log."""
    _log.warning("%s", error)


class Unreadable:
    """The rows of one table that could not be read, by the id of their job, for as long as this process lives."""

    def __init__(self, key: ColumnElement[str], tell: Tell) -> None:
        self._key = key
        self._tell = tell
        self._known: dict[str, None] = {}

    async def readable(
        self, connection: AsyncConnection, query: Select[Any], read: Read[Thing], asked: Values | None = None
    ) -> list[Thing]:
        """Everything that the query, with these values, finds, without what cannot be read."""
        query = query.where(self._left_out()) if self._known else query
        try:
            return [read(row) for row in (await connection.execute(query, asked)).mappings().all()]
        except (StoreError, ValueError):  # a stored time is read by the driver, for all rows at once
            return await self._one_by_one(connection, query, read, asked)

    async def ids(self, connection: AsyncConnection, query: Select[str]) -> list[str]:
        """The ids that the query finds, without those of rows that cannot be read."""
        return [each for each in await connection.scalars(query) if each not in self._known]

    def _left_out(self) -> ColumnElement[bool]:
        """At the head of a queue they would be all that a look ever finds."""
        return self._key.not_in(list(self._known)[-MOST_LEFT_OUT:])

    async def _one_by_one(
        self, connection: AsyncConnection, query: Select[Any], read: Read[Thing], asked: Values | None
    ) -> list[Thing]:
        ids = await connection.scalars(query.with_only_columns(self._key, maintain_column_froms=True), asked)
        found = []
        for job_id in ids.all():
            try:
                thing = await first(connection, query.where(self._key == job_id), read, asked)
            except StoreError as error:
                self._leave_out(job_id, error)
            else:
                found += [] if thing is None else [thing]
        return found

    def _leave_out(self, job_id: str, error: StoreError) -> None:
        if job_id not in self._known:
            self._known[job_id] = None
            self._tell(job_id, error)


async def first(
    connection: AsyncConnection, query: Select[Any], read: Read[Thing], asked: Values | None = None
) -> Thing | None:
    """What the query's first row stands for; None without a row. Raises StoreError when it cannot be read."""
    try:
        row = (await connection.execute(query, asked)).mappings().first()
        return None if row is None else read(row)
    except ValueError as error:
        raise StoreError("a stored row cannot be read") from error
