"""Opens SQL databases, begins transactions, runs migrations.

SQLite: every transaction that writes begins with ``BEGIN IMMEDIATE``, so that none fails half-way
because another took the lock first; writers of one process queue here instead of polling the lock;
``synchronous=FULL``, because a purchase that a power cut erases would be made twice. PostgreSQL:
psycopg, READ COMMITTED, and a lock timeout.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    URL,
    Connection,
    DateTime,
    Dialect,
    TypeDecorator,
    exc,
    make_url,
    text,
)
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from db.connection import DatabaseConnection
from db.errors import translate_errors
from db.sqlite.engine import SqliteEngine
from generation import how_to_install
from generation.ports import Urgency
from generation.protocol.errors import DatabaseTooNew, StoreError

DatabaseEngine = SqliteEngine | AsyncEngine
"""An engine of SQLite, or SQLAlchemy's own for PostgreSQL."""

BUSY_SECONDS: Final = 10
"""How long to wait for a lock, a connection or other writers before StoreBusy is raised."""
_DRIVERS: Final = {
    "sqlite": "sqlite",
    "sqlite+aiosqlite": "sqlite",  # as earlier versions wrote it
    "postgres": "postgresql+psycopg",  # libpq accepts this name too, SQLAlchemy does not
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_MOST_TIMES: Final = 64
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

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """The same with the dialect's own conversion, which takes long on SQLite: of the times of a
        transaction most are the same."""
        own = self.impl_instance.bind_processor(dialect)
        convert = lru_cache(_MOST_TIMES)(own) if own else None

        def process(value: datetime | None) -> Any:
            utc = self.process_bind_param(value, dialect)
            return convert(utc) if convert else utc

        return process

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """SQLite returns naive datetimes, PostgreSQL ones in the session's zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def open_engine(url: str, *, busy_seconds: int = BUSY_SECONDS) -> DatabaseEngine:
    """An engine for ``sqlite:///file`` or ``postgresql://…``; it connects on first use.

    Close it in the loop that used it. Raises StoreError for other URLs, DatabaseUnusable for a file
    that cannot be opened.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return SqliteEngine(parsed, busy_seconds)
    return _postgresql_engine(parsed, busy_seconds)


@asynccontextmanager
async def begin_read(engine: DatabaseEngine) -> AsyncIterator[DatabaseConnection]:
    """A connection to read on. Raises StoreError and its subclasses instead of the driver's
    errors."""
    with _errors_of(engine):
        reading = engine.read() if isinstance(engine, SqliteEngine) else engine.connect()
        async with reading as connection:
            yield connection


@asynccontextmanager
async def begin_write(
    engine: DatabaseEngine, urgency: Urgency = Urgency.BACKGROUND
) -> AsyncIterator[DatabaseConnection]:
    """A transaction that may write: committed at the end, rolled back by an exception.

    Do not nest it, and keep it short: on SQLite all other writers wait. Raises StoreError and its
    subclasses, or StorageFull.
    """
    with _errors_of(engine):
        writing = engine.write(urgency) if isinstance(engine, SqliteEngine) else engine.begin()
        async with writing as connection:
            yield connection


def _errors_of(engine: DatabaseEngine) -> AbstractContextManager[None]:
    """Translate errors; a SQLite file that was found damaged is not used again."""
    if not isinstance(engine, SqliteEngine):
        return translate_errors()
    engine.file.refuse_unusable()
    return translate_errors(engine.file.judge)


async def check(engine: DatabaseEngine) -> None:
    """Read the whole of a SQLite file; a server looks after its files itself. Raises
    DatabaseDamaged."""
    if isinstance(engine, SqliteEngine):
        async with begin_read(engine) as connection:
            found = await connection.scalar(text("PRAGMA quick_check(1)"))
        if found != "ok":
            raise engine.file.damaged(str(found))


async def compact(engine: DatabaseEngine) -> None:
    """Write a SQLite file anew, without what was deleted; a server does so by itself (autovacuum).
    Others that write wait meanwhile. Raises StoreError, StorageFull among them."""
    if isinstance(engine, SqliteEngine):
        with _errors_of(engine):
            await engine.compact()


async def upgrade(engine: DatabaseEngine, script_location: Path, version_table: str) -> None:
    """Migrate the database to the newest revision in ``script_location``, in one transaction.

    The folder's ``env.py`` finds the connection and the name of the version table in
    ``config.attributes``. Raises DatabaseTooNew, without a change, when the database has a
    revision that this version does not know, and DatabaseUnusable for a SQLite file of something
    else.
    """
    config = _config(script_location, version_table)
    await run_alone(engine, partial(_migrate, config=config), version_table)


async def pending(engine: DatabaseEngine, script_location: Path, version_table: str) -> list[str]:
    """What :func:`upgrade` would do, oldest first: a line for each migration. Changes nothing.
    Raises as :func:`upgrade`."""
    config = _config(script_location, version_table)
    steps: list[str] = []
    await run_alone(
        engine, lambda connection: steps.extend(_pending(connection, config)), version_table
    )
    return steps


async def run_alone(
    engine: DatabaseEngine, work: Callable[[Connection], None], version_table: str
) -> None:
    """Run what takes long in one transaction and a thread of its own; on SQLite nobody else writes
    meanwhile, and foreign keys are off. Raises as :func:`upgrade`."""
    with _errors_of(engine):
        if isinstance(engine, SqliteEngine):
            await engine.migrate(work, version_table)
        else:
            async with engine.begin() as connection:
                await connection.run_sync(work)


def _config(script_location: Path, version_table: str) -> Config:
    config = Config()
    # Alembic reads options with ConfigParser, which interpolates %
    config.set_main_option("script_location", str(script_location).replace("%", "%%"))
    config.attributes["version_table"] = version_table
    return config


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
    return not _pending(connection, config)


def _pending(connection: Connection, config: Config) -> list[str]:
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
    done = {step.revision for head in found for step in script.iterate_revisions(head, "base")}
    # newest first, as Alembic walks
    return [
        f"{step.revision} {' '.join(step.doc.split()).rstrip('.')}"
        for step in reversed(list(script.walk_revisions()))
        if step.revision not in done
    ]


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


async def close(engine: DatabaseEngine) -> None:
    """Close every connection, after the commits under way."""
    if isinstance(engine, SqliteEngine):
        await engine.close()
    else:
        await engine.dispose()
