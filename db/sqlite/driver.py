"""SQLAlchemy's aiosqlite driver with fewer calls to the connection's thread.

aiosqlite runs each connection in a thread of its own and calls that thread once to open a cursor,
then again to execute, to fetch and to close. A call costs more than most of our statements, and
while the event loop is busy each call also waits for the interpreter's lock: with forty calls for a
transaction of ten statements, all other writers would wait for forty of them.

Here a statement is one call that executes and fetches all rows (a buffered cursor). Inside a write
transaction, where no statement waits for a lock, statements run in the event loop's thread without
any call (``runs_inline``).
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar, cast

import aiosqlite
from sqlalchemy.connectors.asyncio import AsyncIODBAPIConnection
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util import await_only

_ITER_CHUNK_SIZE: Final = 64
"""Rows per fetch of aiosqlite's own cursors, which are not used here."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _StatementResult:
    """All that a statement returned, as the DB-API names it."""

    rows: Sequence[Any] = ()
    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None


class BufferedConnection(aiosqlite.Connection):
    """A connection with the interface that SQLAlchemy's aiosqlite dialect uses."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, _ITER_CHUNK_SIZE)
        # a process that is told to stop must not wait for a thread inside a statement
        self._thread.daemon = True
        self._thread_is_idle = True
        self.runs_inline = False
        """Whether statements run in the event loop's thread: only inside a write transaction."""

    @property
    def is_alive(self) -> bool:
        """Whether its thread still runs."""
        return self._thread.is_alive()

    @property
    def is_ending(self) -> bool:
        """Whether it was closed, or thrown away, and its thread still runs."""
        return not self._running and self.is_alive

    def cursor(self) -> "BufferedCursor":  # type: ignore[override]
        """A cursor; opening it needs no call to the thread."""
        return BufferedCursor(self)

    def inline_cursor(self) -> sqlite3.Cursor:
        """sqlite3's own cursor, for the event loop's thread; only while ``runs_inline``."""
        return self._conn.cursor()

    async def commit(self) -> None:
        """Commit an open transaction: the step that waits for the disk."""
        if self._may_be_in_transaction():
            await self._call_thread(self._conn.commit)

    async def rollback(self) -> None:
        """Roll back an open transaction."""
        if self._may_be_in_transaction():
            await self._call_thread(self._conn.rollback)

    async def run(self, statement: str, parameters: Sequence[Any]) -> "_StatementResult":
        """Execute a statement and fetch all rows."""
        return await self._call_thread(self._run, statement, parameters)

    async def run_many(self, statement: str, many: Iterable[Sequence[Any]]) -> "_StatementResult":
        """Execute a statement once for each of the parameters."""
        return await self._call_thread(self._run_many, statement, many)

    def execute_inline(self, statement: str) -> None:
        """Execute a statement in the event loop's thread; only while ``runs_inline``."""
        self._conn.execute(statement).close()

    async def _call_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        self._thread_is_idle = False
        result: T = await self._execute(function, *arguments)  # type: ignore[no-untyped-call]
        # not in a finally: after a cancellation the thread may still be inside the statement
        self._thread_is_idle = True
        return result

    def _run(self, statement: str, parameters: Sequence[Any]) -> "_StatementResult":
        return _fetch_all(self._conn.execute(statement, parameters))

    def _run_many(self, statement: str, many: Iterable[Sequence[Any]]) -> "_StatementResult":
        return _fetch_all(self._conn.executemany(statement, many))

    def _may_be_in_transaction(self) -> bool:
        return not self._thread_is_idle or self.in_transaction


class BufferedDriver(AsyncAdapt_aiosqlite_dbapi):
    """The DB-API module for ``create_async_engine(module=…)``."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)
        self._opened: list[BufferedConnection] = []

    def connect(self, database: str, **options: Any) -> "_AdaptedConnection":
        """Open a database; called inside SQLAlchemy's greenlet."""
        connection = BufferedConnection(lambda: sqlite3.connect(database, **options))
        self._opened = [each for each in self._opened if each.is_alive]
        self._opened.append(connection)
        # SQLAlchemy calls this synchronous method inside a greenlet, which can wait
        opened = await_only(connection)
        return _AdaptedConnection(self, cast("AsyncIODBAPIConnection", opened))

    async def wait_for_threads(self, seconds: float) -> None:
        """Wait until the threads of closed connections have ended, at most ``seconds``.

        A task that is cancelled while its connection opens leaves the thread to itself. Its last
        step is a call to the event loop, which must still be open then.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        # a thread cannot set an event as it ends, so this polls
        while any(each.is_ending for each in self._opened) and loop.time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


class _AdaptedConnection(AsyncAdapt_aiosqlite_connection):
    """Gives SQLAlchemy sqlite3's own cursor for inline statements: the adapter's greenlet switches
    are half of what a statement costs."""

    __slots__ = ()

    def cursor(self, server_side: bool = False) -> Any:
        connection = cast("BufferedConnection", self._connection)
        return connection.inline_cursor() if connection.runs_inline else super().cursor(server_side)


class BufferedCursor:
    """A cursor with the interface that SQLAlchemy's adapter uses; ``execute`` fetches all rows."""

    def __init__(self, connection: BufferedConnection) -> None:
        self._connection = connection
        self._result = _StatementResult()
        self.arraysize = 1  # part of the DB-API, which SQLAlchemy's adapter reads

    async def __aenter__(self) -> Self:
        return self

    @property
    def description(self) -> Any:
        """The columns of the result; None for a statement that returns no rows."""
        return self._result.description

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        return self._result.rowcount

    @property
    def lastrowid(self) -> int | None:
        """The rowid of the row inserted last."""
        return self._result.lastrowid

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        """Execute a statement and fetch all rows."""
        self._result = await self._connection.run(statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> Self:
        """Execute a statement once for each of the parameters."""
        self._result = await self._connection.run_many(statement, parameters)
        return self

    async def fetchall(self) -> Sequence[Any]:
        """All rows."""
        return self._result.rows

    async def close(self) -> None:
        """Do nothing: the sqlite3 cursor was closed when its rows were fetched."""


def _fetch_all(cursor: sqlite3.Cursor) -> _StatementResult:
    rows = cursor.fetchall() if cursor.description else ()
    result = _StatementResult(rows, cursor.description, cursor.rowcount, cursor.lastrowid)
    # in the thread that used it, so that BufferedCursor.close has nothing to do
    cursor.close()
    return result
