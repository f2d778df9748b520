"""The two connections that SQLite's statements run on: in a thread to read, at once to write."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from itertools import islice
from typing import Any, Self, TypeVar, cast

from sqlalchemy import Connection, Dialect, Engine, ScalarResult, Select

from db.connection import AnyResult
from db.sqlite.compiled import Change, CompiledStatement, StoredRow, Values, compiled
from generation.protocol.disk import in_thread

T = TypeVar("T")


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The connection of Python's sqlite3 behind one of SQLAlchemy's."""
    return cast("sqlite3.Connection", connection.connection.driver_connection)


class ReadingConnection:
    """Runs each statement in a thread, because nobody knows how long a read takes.

    The first statement takes a connection from the pool. Without a transaction around it: no read
    of ours needs the same snapshot for two statements.
    """

    def __init__(self, engine: Engine, threads: Executor) -> None:
        self._engine = engine
        self._threads = threads
        self._connection: Connection | None = None
        self._driver: sqlite3.Connection | None = None

    @property
    def dialect(self) -> Dialect:
        """As :class:`db.connection.DatabaseConnection` has it, like the methods below."""
        return self._engine.dialect

    async def execute(self, statement: Any, parameters: Any = None, /) -> AnyResult:
        return await self.run_sync(lambda sync: sync.execute(statement, parameters))

    async def exec_driver_sql(self, statement: str, parameters: Any = None, /) -> AnyResult:
        return await self.run_sync(lambda sync: sync.exec_driver_sql(statement, parameters))

    async def scalar(self, statement: Any, parameters: Any = None, /) -> Any:
        return await self.run_sync(lambda sync: sync.scalar(statement, parameters))

    async def scalars(self, statement: Any, parameters: Any = None, /) -> ScalarResult[Any]:
        return await self.run_sync(lambda sync: sync.scalars(statement, parameters))

    async def run_sync(self, function: Callable[[Connection], T], /) -> T:
        return await in_thread(
            lambda: function(self._opened()), threads=self._threads, interrupt=self._interrupt
        )

    def close(self) -> None:
        """Give the connection back to the pool."""
        if self._connection is not None:
            self._connection.close()

    def _opened(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
            self._driver = driver_of(self._connection)
        return self._connection

    def _interrupt(self) -> None:
        if self._driver is not None:
            self._driver.interrupt()


class WritingConnection:
    """Runs statements in the event loop's thread, inside a transaction that holds SQLite's lock.

    They are lookups and inserts by key, which take less time than a call to a thread.
    """

    def __init__(self, connection: Connection) -> None:
        self.sync_connection = connection
        self._driver = driver_of(connection)

    @property
    def dialect(self) -> Dialect:
        """As :class:`db.connection.DatabaseConnection` has it, like the methods below."""
        return self.sync_connection.dialect

    async def execute(self, statement: Any, parameters: Any = None, /) -> AnyResult:
        return self.sync_connection.execute(statement, parameters)

    async def exec_driver_sql(self, statement: str, parameters: Any = None, /) -> AnyResult:
        return self.sync_connection.exec_driver_sql(statement, parameters)

    async def scalar(self, statement: Any, parameters: Any = None, /) -> Any:
        return self.sync_connection.scalar(statement, parameters)

    async def scalars(self, statement: Any, parameters: Any = None, /) -> ScalarResult[Any]:
        return self.sync_connection.scalars(statement, parameters)

    async def run_sync(self, function: Callable[[Connection], T], /) -> T:
        return function(self.sync_connection)

    def change(self, statement: Change, values: Values | Sequence[Values]) -> int:
        """Execute a statement that is built once, past SQLAlchemy; how many rows it has changed.

        With several sets of values, all of the same names, it is executed for each.
        """
        if isinstance(values, Mapping):
            made = compiled(statement, tuple(values), self.dialect)
            cursor = self._driver.execute(made.sql, made.bound(values))
        else:
            made = compiled(statement, tuple(values[0]), self.dialect)
            cursor = self._driver.executemany(made.sql, [made.bound(each) for each in values])
        return cursor.rowcount

    def first(self, query: Change | Select[Any], values: Values) -> Any:
        """The first row of a query, or of a change that returns one, that is built once, past
        SQLAlchemy, as a named tuple; None without one."""
        made, row = self._fetch_one(query, values)
        return None if row is None else made.read(row)

    def first_mapped(self, query: Select[Any], values: Values) -> StoredRow | None:
        """The same by column."""
        made, row = self._fetch_one(query, values)
        return None if row is None else made.mapped(row)

    def _fetch_one(
        self, query: Change | Select[Any], values: Values
    ) -> tuple[CompiledStatement, Sequence[Any] | None]:
        made = compiled(query, tuple(values), self.dialect)
        return made, self._driver.execute(made.sql, made.bound(values)).fetchone()


class BufferingDriver(sqlite3.Connection):
    """Opens cursors that fetch all rows as they execute, in the thread that executes."""

    def cursor(self, factory: Any = None) -> Any:
        """A new cursor."""
        return super().cursor(_BufferedCursor if factory is None else factory)


class _BufferedCursor(sqlite3.Cursor):
    _rows: Iterator[Any] = iter(())

    def execute(self, sql: str, parameters: Any = (), /) -> Self:
        super().execute(sql, parameters)
        self._rows = iter(super().fetchall())
        return self

    def fetchone(self) -> Any:
        return next(self._rows, None)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        return list(islice(self._rows, self.arraysize if size is None else size))

    def fetchall(self) -> list[Any]:
        return list(self._rows)
