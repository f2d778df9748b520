"""The one door to SQL databases: how connections are opened, how transactions begin, how tables come up to date.

SQLite: every transaction says at its beginning whether it writes (``BEGIN IMMEDIATE``), so that none can fail half-way
because another was quicker; writers of one process queue up in front of the database instead of polling its lock;
``synchronous=FULL``, because forgetting after a power cut that something was bought means buying it twice.
PostgreSQL through psycopg, READ COMMITTED, no wait for a lock without an end.
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

from db.failures import translated
from db.sqlite_thread import OneTripDriver
from db.writers import BEGIN_OPTION, Writers
from generation.errors import DatabaseTooNew, StoreError
from generation.urgency import Urgency

BUSY_SECONDS: Final = 10
"""How long anything waits for a lock, a connection or its turn before it is refused with StoreBusy."""

_WRITERS: Final = "flipbook_writers"
_MIGRATE: Final = ("PRAGMA foreign_keys = OFF", "BEGIN IMMEDIATE")
_CONNECTIONS: Final = 15
"""How many may read SQLite at once; opened when needed, and then kept."""
_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)
_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_MIGRATION_LOCK: Final = 0x464C4950
"""The key of PostgreSQL's advisory lock around migrations ("FLIP")."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware datetimes in, aware datetimes in UTC out, on SQLite too. A naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To UTC, so that SQLite's texts sort by time. Raises ValueError without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """SQLite's come back naive, PostgreSQL's in the session's zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def open_engine(url: str, *, busy_seconds: int = BUSY_SECONDS) -> AsyncEngine:
    """An engine for ``sqlite:///file`` or ``postgresql://…``; connects on first use. Raises StoreError for others.

    Dispose of it in the loop that used it.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed, busy_seconds)
    return _postgresql_engine(parsed, busy_seconds)


@asynccontextmanager
async def begin_read(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that only reads. Raises StoreError and its children, whatever the driver raised."""
    with translated():
        async with engine.connect() as connection:
            yield connection


@asynccontextmanager
async def begin_write(engine: AsyncEngine, urgency: Urgency = Urgency.BACKGROUND) -> AsyncIterator[AsyncConnection]:
    """A transaction that may write: committed at the end, rolled back by an exception. Do not nest, do not dawdle:
    on SQLite nobody else writes meanwhile. Raises StoreError and its children, or StorageFull."""
    writers = _writers(engine)
    with translated():
        async with engine.begin() if writers is None else writers.turn(engine, urgency) as connection:
            yield connection


async def upgrade(engine: AsyncEngine, script_location: Path, version_table: str) -> None:
    """Bring the database to the newest revision in ``script_location``, all steps in one transaction.

    The folder's ``env.py`` finds the connection and the name of the version table in ``config.attributes``. Raises
    DatabaseTooNew, without a change, when the database knows a revision that we do not.
    """
    config = Config()
    config.set_main_option("script_location", str(script_location).replace("%", "%%"))
    config.attributes["version_table"] = version_table
    with translated():
        async with _alone(engine), engine.connect() as connection:
            await connection.execution_options(**{BEGIN_OPTION: _MIGRATE})
            try:
                async with connection.begin():
                    await connection.run_sync(_migrate, config)
            finally:
                await connection.invalidate()  # its foreign keys are off: it must not go back to the pool


def _migrate(connection: Connection, config: Config) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
    if _is_current(connection, config):
        return
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite":
        _check_foreign_keys(connection)


def _is_current(connection: Connection, config: Config) -> bool:
    script = ScriptDirectory.from_config(config)
    context = MigrationContext.configure(connection, opts={"version_table": config.attributes["version_table"]})
    found = set(context.get_current_heads())
    unknown = found - {step.revision for step in script.walk_revisions()}
    if unknown:
        raise DatabaseTooNew(f"the database is at revision {', '.join(sorted(unknown))}, made by a newer Flipbook")
    return found == set(script.get_heads())


def _check_foreign_keys(connection: Connection) -> None:
    if broken := connection.execute(text("PRAGMA foreign_key_check")).first():
        raise StoreError(f"the migration would leave orphans in the table {broken[0]}; nothing was changed")


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        raise StoreError("the database URL cannot be read; write sqlite:///file or postgresql://…") from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise StoreError(f"{parsed.drivername} is not a database that Flipbook knows; use sqlite or postgresql")
    if driver.startswith("sqlite") and (parsed.database or ":memory:") == ":memory:":
        raise StoreError("SQLite needs a file: write sqlite:///file")
    return parsed.set(drivername=driver)


def _sqlite_engine(url: URL, busy_seconds: int) -> AsyncEngine:
    _check_file(url)
    engine = create_async_engine(
        url,
        module=OneTripDriver(),
        connect_args={"isolation_level": None, "timeout": busy_seconds},
        execution_options={_WRITERS: Writers(busy_seconds)},
        hide_parameters=True,
        pool_timeout=busy_seconds,
        pool_size=_CONNECTIONS,
        max_overflow=0,
        pool_use_lifo=True,
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    event.listen(engine.sync_engine, "begin", _begin)
    event.listen(engine.sync_engine, "invalidate", _roll_back)
    return engine


def _check_file(url: URL) -> None:
    """Here, where it can be said what is wrong; and the driver's thread does not survive a file that it cannot open."""
    try:
        sqlite3.connect(url.database or "", uri="uri" in url.query).close()
    except sqlite3.Error as error:
        raise StoreError(f"the database file {url.database} cannot be opened: {error}") from error


def _postgresql_engine(url: URL, busy_seconds: int) -> AsyncEngine:
    try:
        return create_async_engine(
            url,
            connect_args={"connect_timeout": busy_seconds, "options": f"-c lock_timeout={busy_seconds}s"},
            hide_parameters=True,
            pool_pre_ping=True,
            pool_timeout=busy_seconds,
        )
    except ModuleNotFoundError as error:
        raise StoreError("PostgreSQL needs its driver: pip install 'flipbook[postgres]'") from error


def _set_pragmas(connection: AdaptedConnection, _entry: ConnectionPoolEntry) -> None:
    async def set_all(driver: aiosqlite.Connection) -> None:
        for pragma in _PRAGMAS:
            await _insist(driver, pragma)

    connection.run_async(set_all)


async def _insist(driver: aiosqlite.Connection, statement: str) -> None:
    """While one process turns a new file to WAL, another that tries the same is refused at once, in spite of the busy
    timeout."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + BUSY_SECONDS
    while True:
        try:
            await driver.execute_fetchall(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or clock() > deadline:
                raise
            await asyncio.sleep(0.01)
        else:
            return


def _roll_back(connection: DBAPIConnection, _entry: ConnectionPoolEntry, _reason: BaseException | None) -> None:
    """A task cancelled inside a statement has its connection thrown away, but SQLite keeps the transaction, and with
    it the lock, for as long as anything still refers to the statement: end it first."""
    with suppress(sqlite3.Error):
        connection.rollback()


def _begin(connection: Connection) -> None:
    """What does not say how it begins only reads, each statement by itself: to begin and to end would be two trips more
    to the connection's thread, and no read of ours needs another's moment."""
    for statement in connection.get_execution_options().get(BEGIN_OPTION, ()):
        connection.exec_driver_sql(statement)


async def close(engine: AsyncEngine) -> None:
    """Close every connection; one that still commits is waited for."""
    writers = _writers(engine)
    if writers is not None:
        await writers.settled()
    await engine.dispose()


def _writers(engine: AsyncEngine) -> Writers | None:
    """The line of writers in front of SQLite; PostgreSQL needs none."""
    writers: Writers | None = engine.sync_engine.get_execution_options().get(_WRITERS)
    return writers


def _alone(engine: AsyncEngine) -> AbstractAsyncContextManager[None]:
    writers = _writers(engine)
    return nullcontext() if writers is None else writers.alone()
