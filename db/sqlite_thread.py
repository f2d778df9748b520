"""SQLite's connections: each has a thread of its own, as aiosqlite's have, but few trips there.

aiosqlite goes there once for a cursor, and again to execute, to fetch and to close. A trip costs more than most of our
statements, and while the event loop is busy each of them waits for the interpreter's lock too: a transaction of ten
statements would make all other writers wait for forty trips. Here a statement is one trip; and between the beginning
and the end of a write, while nothing can be waited for, statements run where they are (``is_at_hand``).
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar, cast

import aiosqlite
from sqlalchemy.connectors.asyncio import AsyncIODBAPIConnection
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection, AsyncAdapt_aiosqlite_dbapi
from sqlalchemy.util import await_only

_UNUSED_CHUNK: Final = 64
"""How many rows aiosqlite's own cursors fetch at once; nobody uses them here."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Everything that a statement gave."""

    rows: Sequence[Any] = ()
    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None


class OneTripConnection(aiosqlite.Connection):
    """A connection as SQLAlchemy's dialect for aiosqlite wants one."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, _UNUSED_CHUNK)
        self._thread.daemon = True
        self._is_at_rest = True
        self.is_at_hand = False
        """Whether statements are executed in the event loop's thread: for the few of a write under way."""

    def cursor(self) -> "OneTripCursor":  # type: ignore[override]
        """A cursor, for which nothing is needed from the thread."""
        return OneTripCursor(self)

    def cursor_at_hand(self) -> sqlite3.Cursor:
        """SQLite's own cursor, to be used in the event loop's thread; only while ``is_at_hand``."""
        return self._conn.cursor()

    async def commit(self) -> None:
        """Commit, if a transaction is open: the one step that has to reach the disk."""
        if not self._is_idle():
            await self._trip(self._conn.commit)

    async def rollback(self) -> None:
        """Roll back, if a transaction is open, or may be because somebody stopped waiting for a statement."""
        if not self._is_idle():
            await self._trip(self._conn.rollback)

    async def run(self, statement: str, parameters: Sequence[Any]) -> "_Outcome":
        """Execute a statement and fetch every row."""
        return await self._trip(self._run, statement, parameters)

    async def run_each(self, statement: str, many: Iterable[Sequence[Any]]) -> "_Outcome":
        """Execute a statement with each of many parameters."""
        return await self._trip(self._run_each, statement, many)

    def now(self, statement: str) -> None:
        """Execute a statement in the event loop's thread; only while ``is_at_hand``."""
        self._conn.execute(statement).close()

    async def _trip(self, act: Callable[..., Result], *arguments: Any) -> Result:
        self._is_at_rest = False
        result: Result = await self._execute(act, *arguments)  # type: ignore[no-untyped-call]
        self._is_at_rest = True
        return result

    def _run(self, statement: str, parameters: Sequence[Any]) -> "_Outcome":
        return _outcome(self._conn.execute(statement, parameters))

    def _run_each(self, statement: str, many: Iterable[Sequence[Any]]) -> "_Outcome":
        return _outcome(self._conn.executemany(statement, many))

    def _is_idle(self) -> bool:
        return self._is_at_rest and not self.in_transaction


class OneTripDriver(AsyncAdapt_aiosqlite_dbapi):
    """The driver as SQLAlchemy wants one (its ``module``)."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, database: str, **options: Any) -> "_Adapted":
        """Open a database; within SQLAlchemy's greenlet."""
        opened = await_only(OneTripConnection(lambda: sqlite3.connect(database, **options)))
        return _Adapted(self, cast("AsyncIODBAPIConnection", opened))


class _Adapted(AsyncAdapt_aiosqlite_connection):
    """Without a detour where nothing has to be waited for: that is half of what a statement costs."""

    __slots__ = ()

    def cursor(self, server_side: bool = False) -> Any:
        connection = cast("OneTripConnection", self._connection)
        return connection.cursor_at_hand() if connection.is_at_hand else super().cursor(server_side)


class OneTripCursor:
    """A cursor as SQLAlchemy's adapter wants one: what is fetched was fetched when it was executed."""

    def __init__(self, connection: OneTripConnection) -> None:
        self._connection = connection
        self._outcome = _Outcome()
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    @property
    def description(self) -> Any:
        """The columns of what was fetched; None for a statement without any."""
        return self._outcome.description

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        return self._outcome.rowcount

    @property
    def lastrowid(self) -> int | None:
        """The number of the row that was inserted last."""
        return self._outcome.lastrowid

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        """Execute a statement and fetch every row."""
        self._outcome = await self._connection.run(statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> Self:
        """Execute a statement with each of these parameters."""
        self._outcome = await self._connection.run_each(statement, parameters)
        return self

    async def fetchall(self) -> Sequence[Any]:
        """Every row."""
        return self._outcome.rows

    async def close(self) -> None:
        """The thread has closed it already."""


def _outcome(cursor: sqlite3.Cursor) -> _Outcome:
    rows = cursor.fetchall() if cursor.description else ()
    outcome = _Outcome(rows, cursor.description, cursor.rowcount, cursor.lastrowid)
    cursor.close()
    return outcome
