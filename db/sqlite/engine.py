"""SQLite for one process: one connection that writes, others that read beside it.

SQLAlchemy's own engine for Python's sqlite3, without asyncio: what may take long runs in threads.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Final, cast

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from db.connection import DatabaseConnection
from db.sqlite.connections import BufferingDriver, ReadingConnection, driver_of
from db.sqlite.file import DatabaseFile
from db.sqlite.group_commit import WriterQueue
from db.sqlite.threads import DatabaseThreads
from db.sqlite.writer import Writer, is_busy
from generation.ports import Urgency
from generation.protocol.disk import in_thread
from generation.protocol.errors import StoreBusy

READERS: Final = 15
"""How many read at once: their connections are opened when needed, then kept."""
_OTHERS: Final = 2  # the writer's connection and a migration's
_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",  # readers do not wait for the writer
    "PRAGMA synchronous = FULL",  # NORMAL may lose commits in a power cut
    "PRAGMA foreign_keys = ON",  # off by default in every new connection
    "PRAGMA secure_delete = ON",  # what is deleted or shortened is overwritten in the file too
)


class SqliteEngine:
    """An open database file. Close it in the loop that used it. Raises DatabaseUnusable for what is
    no file, or cannot be opened."""

    def __init__(self, url: URL, busy_seconds: int) -> None:
        self.file = DatabaseFile(url)
        self._busy_seconds = busy_seconds
        self._threads = DatabaseThreads(READERS + _OTHERS, thread_name_prefix="sqlite")
        self.sync_engine = create_engine(
            url,
            # None: sqlite3 begins no transactions by itself, the writer does
            connect_args={
                "isolation_level": None,
                "timeout": busy_seconds,
                "factory": BufferingDriver,
            },
            hide_parameters=True,  # error messages would quote prompts
            pool_size=READERS + _OTHERS,
            max_overflow=0,
            pool_use_lifo=True,  # a few connections with warm caches instead of all in turn
        )
        event.listen(self.sync_engine, "connect", partial(_set_pragmas, busy_seconds=busy_seconds))
        self._free_readers = asyncio.Semaphore(READERS)
        self._writer = Writer(self.sync_engine, self._threads, busy_seconds)
        self._writers = WriterQueue(self._writer, busy_seconds)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[DatabaseConnection]:
        """A connection to read on. Raises StoreBusy when all of them are in use for too long."""
        try:
            async with asyncio.timeout(self._busy_seconds):
                await self._free_readers.acquire()
        except TimeoutError as error:
            raise StoreBusy("all connections are in use") from error
        connection = ReadingConnection(self.sync_engine, self._threads)
        try:
            yield connection
        finally:
            connection.close()
            self._free_readers.release()

    def write(self, urgency: Urgency) -> AbstractAsyncContextManager[DatabaseConnection]:
        """A transaction that writes, in a commit with others."""
        return self._writers.write(urgency)

    async def migrate(self, migration: Callable[[Connection], None], version_table: str) -> None:
        """Run a migration in one transaction, on a connection of its own and without foreign keys:
        it rebuilds tables, and dropping the old one would cascade.

        Raises DatabaseUnusable, and leaves the file as it is, when it has tables but not
        ``version_table``.
        """
        claim = partial(self.file.claim, version_table, self._busy_seconds)
        await in_thread(claim, threads=self._threads)
        writer = Writer(self.sync_engine, self._threads, self._busy_seconds)
        async with self._writers.exclusive():
            try:
                connection = await writer.begin("PRAGMA foreign_keys = OFF")
                sync = connection.sync_connection
                interrupt = driver_of(sync).interrupt
                await in_thread(migration, sync, threads=self._threads, interrupt=interrupt)
                await writer.commit()
            finally:
                writer.abandon()

    async def compact(self) -> None:
        """Write the whole file anew: what was deleted is then nowhere in it.

        ``secure_delete`` alone leaves pieces where rows have moved from page to page.
        """
        async with self._writers.exclusive():
            await in_thread(self._vacuum, threads=self._threads)

    def _vacuum(self) -> None:
        with self.sync_engine.connect() as connection:
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                driver_of(connection).execute(statement).close()

    async def close(self) -> None:
        """Close every connection, after the commits under way."""
        await self._writers.wait_for_commit()
        self._writer.abandon()
        self._threads.shutdown()
        self.sync_engine.dispose()


def _set_pragmas(
    connection: DBAPIConnection, _entry: ConnectionPoolEntry, *, busy_seconds: int
) -> None:
    driver = cast("sqlite3.Connection", connection)
    for pragma in _PRAGMAS:
        _execute_until_free(driver, pragma, busy_seconds)


def _execute_until_free(driver: sqlite3.Connection, statement: str, seconds: float) -> None:
    """Retry: while one process switches a new file to WAL, SQLite refuses the others at once,
    without its busy timeout."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            driver.execute(statement).close()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
