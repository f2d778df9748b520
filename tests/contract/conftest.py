"""The databases that the store's contract is tested on: SQLite always, PostgreSQL where it is asked for."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from databases import Postgres, SqliteFiles, a_cipher, sqlite_url

from db.engine import begin_write, open_engine
from db.store import SqlStore

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    """The template of SQLite files."""
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """One PostgreSQL server for all tests."""
    server = Postgres(tmp_path_factory.mktemp("postgres"))
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
async def execute(url: str) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """Runs SQL behind the store's back."""
    engine = open_engine(url)

    async def execute(sql: str) -> None:
        async with begin_write(engine) as connection:
            await connection.exec_driver_sql(sql)

    yield execute
    await engine.dispose()
