"""The databases of the contract tests: SQLite always, PostgreSQL with the mark ``postgres``."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from databases import CIPHER_KEY, Postgres, SqliteFiles, a_cipher, sqlite_url
from db.engine import DatabaseEngine, begin_read, begin_write, close, open_engine
from db.schema import jobs
from db.store import SqlStore
from generation.domain.job import JobId

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    """The template of SQLite files."""
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server for all tests."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database with all tables."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_files").fresh(tmp_path)
    else:
        with request.getfixturevalue("postgres").fresh() as fresh:
            yield fresh


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database without any table."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "empty.db")
    else:
        with request.getfixturevalue("postgres").fresh("template1") as fresh:
            yield fresh


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    """A store on a fresh database."""
    store = await SqlStore.open(url, a_cipher())
    yield store
    await store.close()


@pytest.fixture
async def other_store(url: str, store: SqlStore) -> AsyncIterator[SqlStore]:
    """A second store on the same database, as another process would have."""
    other = await SqlStore.open(url, a_cipher())
    yield other
    await other.close()


@pytest.fixture
async def engine(url: str) -> AsyncIterator[DatabaseEngine]:
    """Another engine on the same database, past the store."""
    engine = open_engine(url)
    yield engine
    await close(engine)


@pytest.fixture
def execute(engine: DatabaseEngine) -> Callable[[str], Awaitable[None]]:
    """Runs an SQL statement."""

    async def execute(sql: str) -> None:
        async with begin_write(engine) as connection:
            await connection.exec_driver_sql(sql)

    return execute


@pytest.fixture
def fetch(engine: DatabaseEngine) -> Callable[[str], Awaitable[list[tuple[object, ...]]]]:
    """Runs an SQL query."""

    async def fetch(sql: str) -> list[tuple[object, ...]]:
        async with begin_read(engine) as connection:
            return [tuple(row) for row in await connection.exec_driver_sql(sql)]

    return fetch


@pytest.fixture
def holder_of(engine: DatabaseEngine) -> Callable[[JobId], Awaitable[str | None]]:
    """Reads the owner of a job's lease from its row."""

    async def holder_of(job_id: JobId) -> str | None:
        async with begin_read(engine) as connection:
            return await connection.scalar(select(jobs.c.lease_owner).where(jobs.c.id == job_id))

    return holder_of


@pytest.fixture
def expire(execute: Callable[[str], Awaitable[None]]) -> Callable[[str], Awaitable[None]]:
    """Ends an owner's leases, whichever clock they are counted on."""

    async def expire(owner: str) -> None:
        for table in ("jobs", "deliveries", "notices"):
            await execute(f"UPDATE {table} SET lease_until = '2000-01-01 00:00:00' WHERE lease_owner = '{owner}'")

    return expire


@pytest.fixture
def cipher_key() -> str:
    """The key of every store here."""
    return CIPHER_KEY
