"""Opens SQL databases, begins transactions, runs migrations.

SQLite: every transaction that writes begins with ``BEGIN IMMEDIATE``, so that none fails half-way
because another took the lock first; writers of one process queue here instead of polling the lock;
``synchronous=FULL``, because a purchase that a power cut erases would be made twice. PostgreSQL:
psycopg, READ COMMITTED, and a lock timeout.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiosqlite
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, DateTime, Dialect, TypeDecorator, event, exc, make_url, text
from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from db.errors import translate_errors
from db.sqlite.driver import BufferedDriver
from db.sqlite.group_commit import BEGIN_OPTION, WriterQueue
from generation import how_to_install
from generation.ports import Urgency
from generation.protocol.errors import DatabaseTooNew, StoreError

BUSY_SECONDS: Final = 10
"""How long to wait for a lock, a connection or other writers before StoreBusy is raised."""

_WRITERS: Final = "flipbook_writers"
"""The execution option that holds the engine's :class:`WriterQueue`."""
# A migration rebuilds tables. With foreign keys on, dropping the old table would cascade.
_BEGIN_MIGRATION: Final = ("PRAGMA foreign_keys = OFF", "BEGIN IMMEDIATE")
_CONNECTIONS: Final = 15
"""How many connections read SQLite at once: opened when needed, then kept."""
_THREAD_SECONDS: Final = 1.0
"""How long closing waits for threads of connections whose opening was cancelled."""
_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",  # readers do not wait for the writer
    "PRAGMA synchronous = FULL",  # NORMAL may lose commits in a power cut
    "PRAGMA foreign_keys = ON",  # off by default in every new connection
)
_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+psycopg",  # libpq accepts this name too, SQLAlchemy does not
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_MIGRATION_LOCK: Final = 0x464C4950
"""The key of PostgreSQL's advisory lock around migrations ("FLIP")."""


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time: takes aware datetimes, returns aware datetimes in UTC, on SQLite too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To UTC, so that SQLite's texts sort by time. Raises ValueError for a naive datetime."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """SQLite returns naive datetimes, PostgreSQL ones in the session's zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def open_engine(url: str, *, busy_seconds: int = BUSY_SECONDS) -> AsyncEngine:
    """An engine for ``sqlite:///file`` or ``postgresql://…``; it connects on first use.

    Dispose of it in the loop that used it. Raises StoreError for other URLs.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed, busy_seconds)
    return _postgresql_engine(parsed, busy_seconds)


@asynccontextmanager
async def begin_read(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection to read on. Raises StoreError and its subclasses instead of the driver's
    errors."""
    with translate_errors():
        async with engine.connect() as connection:
            yield connection


@asynccontextmanager
async def begin_write(
    engine: AsyncEngine, urgency: Urgency = Urgency.BACKGROUND
) -> AsyncIterator[AsyncConnection]:
    """A transaction that may write: committed at the end, rolled back by an exception.

    Do not nest it, and keep it short: on SQLite all other writers wait. Raises StoreError and its
    subclasses, or StorageFull.
    """
    writers = _writers(engine)
    with translate_errors():
        async with (
            engine.begin() if writers is None else writers.write(engine, urgency) as connection
        ):
            yield connection


async def upgrade(engine: AsyncEngine, script_location: Path, version_table: str) -> None:
    """Migrate the database to the newest revision in ``script_location``, in one transaction.

    The folder's ``env.py`` finds the connection and the name of the version table in
    ``config.attributes``. Raises DatabaseTooNew, without a change, when the database has a
    revision that this version does not know.
    """
    config = Config()
    # Alembic reads options with ConfigParser, which interpolates %
    config.set_main_option("script_location", str(script_location).replace("%", "%%"))
    config.attributes["version_table"] = version_table
    with translate_errors():
        async with _no_other_writer(engine), engine.connect() as connection:
            # only SQLite's engine listens to this option; PostgreSQL begins by itself
            await connection.execution_options(**{BEGIN_OPTION: _BEGIN_MIGRATION})
            try:
                async with connection.begin():
                    await connection.run_sync(_migrate, config)
            finally:
                # foreign keys are off on this connection: it must not go back to the pool
                await connection.invalidate()


def _migrate(connection: Connection, config: Config) -> None:
    if connection.dialect.name == "postgresql":
        # processes that start together wait here; the second finds nothing to do
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
    if _is_current(connection, config):
        return
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite":
        # still inside the transaction, so that an error undoes the migration
        _check_foreign_keys(connection)


def _is_current(connection: Connection, config: Config) -> bool:
    script = ScriptDirectory.from_config(config)
    context = MigrationContext.configure(
        connection, opts={"version_table": config.attributes["version_table"]}
    )
    found = set(context.get_current_heads())
    unknown = found - {step.revision for step in script.walk_revisions()}
    if unknown:
        raise DatabaseTooNew(
            f"the database is at revision {', '.join(sorted(unknown))}, made by a newer Flipbook"
        )
    return found == set(script.get_heads())


def _check_foreign_keys(connection: Connection) -> None:
    if broken := connection.execute(text("PRAGMA foreign_key_check")).first():
        raise StoreError(
            f"the migration would leave orphans in the table {broken[0]}; nothing was changed"
        )


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        # from None: SQLAlchemy's message quotes the URL, and with it the password
        raise StoreError(
            "the database URL cannot be read; write sqlite:///file or postgresql://…"
        ) from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise StoreError(
            f"{parsed.drivername} is not a database that Flipbook knows; use sqlite or postgresql"
        )
    # in memory, each connection of the pool would have a database of its own
    if driver.startswith("sqlite") and (parsed.database or ":memory:") == ":memory:":
        raise StoreError("SQLite needs a file: write sqlite:///file")
    return parsed.set(drivername=driver)


def _sqlite_engine(url: URL, busy_seconds: int) -> AsyncEngine:
    _check_file(url)
    engine = create_async_engine(
        url,
        module=BufferedDriver(),
        # None: sqlite3 begins no transactions by itself, _begin does
        connect_args={"isolation_level": None, "timeout": busy_seconds},
        execution_options={_WRITERS: WriterQueue(busy_seconds)},
        hide_parameters=True,  # error messages would quote prompts
        pool_timeout=busy_seconds,
        pool_size=_CONNECTIONS,
        max_overflow=0,  # these would be closed after use; opening one costs a thread and pragmas
        pool_use_lifo=True,  # a few connections with warm caches instead of all in turn
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    event.listen(engine.sync_engine, "begin", _begin)
    event.listen(engine.sync_engine, "invalidate", _roll_back)
    return engine


def _check_file(url: URL) -> None:
    """Raise StoreError, with the file's name, for a file that cannot be opened: aiosqlite's thread
    would die of it."""
    try:
        sqlite3.connect(url.database or "", uri="uri" in url.query).close()
    except sqlite3.Error as error:
        raise StoreError(f"the database file {url.database} cannot be opened: {error}") from error


def _postgresql_engine(url: URL, busy_seconds: int) -> AsyncEngine:
    try:
        return create_async_engine(
            url,
            connect_args={
                "connect_timeout": busy_seconds,
                "options": f"-c lock_timeout={busy_seconds}s",
            },
            hide_parameters=True,
            pool_pre_ping=True,  # connections in the pool die when the server restarts
            pool_timeout=busy_seconds,
        )
    except ModuleNotFoundError as error:
        raise StoreError(f"PostgreSQL needs its driver; {how_to_install('postgres')}") from error


def _set_pragmas(connection: AdaptedConnection, _entry: ConnectionPoolEntry) -> None:
    async def set_all(driver: aiosqlite.Connection) -> None:
        for pragma in _PRAGMAS:
            await _execute_until_free(driver, pragma)

    connection.run_async(set_all)


async def _execute_until_free(driver: aiosqlite.Connection, statement: str) -> None:
    """Retry for ``BUSY_SECONDS``: while one process switches a new file to WAL, SQLite refuses the
    others at once, without its busy timeout."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + BUSY_SECONDS
    while True:
        try:
            await driver.execute_fetchall(statement)
        except sqlite3.OperationalError as error:
            # the low byte is the primary code; the bytes above refine it
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or clock() > deadline:
                raise
            await asyncio.sleep(0.01)
        else:
            return


def _roll_back(
    connection: DBAPIConnection, _entry: ConnectionPoolEntry, _reason: BaseException | None
) -> None:
    """End the transaction of a connection that is thrown away because its task was cancelled inside
    a statement: SQLite would keep the lock for as long as anything refers to the statement."""
    with suppress(sqlite3.Error):
        connection.rollback()


def _begin(connection: Connection) -> None:
    """Execute the statements of ``BEGIN_OPTION``. Without that option a connection only reads, in
    autocommit: BEGIN and COMMIT would be two more calls to the connection's thread, and no read of
    ours needs the same snapshot for two statements."""
    for statement in connection.get_execution_options().get(BEGIN_OPTION, ()):
        connection.exec_driver_sql(statement)


async def close(engine: AsyncEngine) -> None:
    """Close every connection, after the commits under way."""
    writers = _writers(engine)
    if writers is not None:
        await writers.wait_for_commit()
    await engine.dispose()
    driver = engine.dialect.dbapi
    if isinstance(driver, BufferedDriver):
        await driver.wait_for_threads(_THREAD_SECONDS)


def _writers(engine: AsyncEngine) -> WriterQueue | None:
    """SQLite's queue of writers; PostgreSQL needs none."""
    writers: WriterQueue | None = engine.sync_engine.get_execution_options().get(_WRITERS)
    return writers


def _no_other_writer(engine: AsyncEngine) -> AbstractAsyncContextManager[None]:
    writers = _writers(engine)
    return nullcontext() if writers is None else writers.exclusive()
