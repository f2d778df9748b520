"""The one connection of a process that writes to a SQLite file."""

import asyncio
import sqlite3
from concurrent.futures import Executor
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection, Engine

from db.sqlite.connections import WritingConnection, driver_of
from generation.protocol.backoff import Backoff
from generation.protocol.disk import in_thread

_CACHE_KIB: Final = 16 * 1024
_BETWEEN_LOCKS: Final = Backoff(first=0.001, longest=0.025)


class Writer:
    """Opens at the first transaction and stays open. One transaction at a time."""

    def __init__(self, engine: Engine, threads: Executor, busy_seconds: float) -> None:
        self._engine = engine
        self._threads = threads
        self._busy_seconds = busy_seconds
        self._connection: Connection | None = None
        self._driver: sqlite3.Connection | None = None

    @property
    def in_transaction(self) -> bool:
        """Whether the transaction is open; SQLite ends it by itself when the disk is full."""
        return self._driver is not None and self._driver.in_transaction

    async def begin(self, *before: str) -> WritingConnection:
        """Begin a transaction that holds SQLite's lock, after the statements ``before``.

        Raises sqlite3.OperationalError when another process keeps the lock for too long.
        """
        if self._connection is None:
            await in_thread(self._open, threads=self._threads)
        assert self._connection is not None  # noqa: S101 - opened above
        for statement in before:
            self.execute(statement)
        await self._lock()
        self._connection.begin()
        return WritingConnection(self._connection)

    async def commit(self) -> None:
        """Commit in a thread: it waits for the disk."""
        assert self._connection is not None  # noqa: S101 - begun
        await in_thread(self._connection.commit, threads=self._threads)

    def execute(self, statement: str) -> None:
        """Execute a statement that returns nothing and is none of SQLAlchemy's business."""
        assert self._driver is not None  # noqa: S101 - begun
        self._driver.execute(statement).close()

    def abandon(self) -> None:
        """Roll back what is not committed and close the connection; the next begin opens another.

        Not back to the pool: after an error nobody knows what state it is in.
        """
        if self._driver is not None:
            # closing keeps the lock for as long as anything refers to a statement
            with suppress(sqlite3.Error):
                self._driver.rollback()
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
        self._connection = self._driver = None

    async def _lock(self) -> None:
        """Take SQLite's lock here rather than in a thread: it is almost always free.

        While another process has it, wait by asking again, as SQLite itself does, without keeping
        the event loop.
        """
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._busy_seconds
        attempt = 0
        while True:
            try:
                self.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not is_busy(error) or clock() > deadline:
                    raise
            else:
                return
            attempt += 1
            await asyncio.sleep(_BETWEEN_LOCKS.before(attempt))

    def _open(self) -> None:
        connection = self._engine.connect()
        self._connection, self._driver = connection, driver_of(connection)
        # _lock waits, so that SQLite need not
        self.execute("PRAGMA busy_timeout = 0")
        # each new row goes into ten indexes: with two megabytes, as SQLite has them, the upper
        # pages of a large database are read again for each
        self.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another process has the lock."""
    # the low byte is the primary code; the bytes above refine it
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
