"""How transactions begin and end and what their errors become, on every database."""

import asyncio
import re
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from databases import foreign_writer, sqlite_url
from db.engine import UtcDateTime, begin_read, begin_write, open_engine
from factories import NOW
from generation.errors import StorageFull, StoreBusy, StoreError

notes = Table("notes", MetaData(), Column("n", Integer), Column("at", UtcDateTime))
SLOW = {
    "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000) SELECT count(*) FROM c",
    "postgresql": "SELECT pg_sleep(0.5)",
}
"""Statements that a cancellation finds under way; both end by themselves before anybody loses patience."""


@pytest.fixture
async def engine(empty_url: str) -> AsyncIterator[AsyncEngine]:
    """An impatient engine on a database with one table of one row."""
    engine = open_engine(empty_url, busy_seconds=1)
    async with begin_write(engine) as connection:
        await connection.run_sync(notes.metadata.create_all)
        await connection.execute(insert(notes).values(n=0, at=NOW))
    yield engine
    await engine.dispose()


@pytest.fixture
async def other_engine(empty_url: str, engine: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """Another impatient engine on the same database."""
    other = open_engine(empty_url, busy_seconds=1)
    yield other
    await other.dispose()


async def value(engine: AsyncEngine) -> int | None:
    async with begin_read(engine) as connection:
        return await connection.scalar(select(notes.c.n))


async def write(engine: AsyncEngine, n: int) -> None:
    async with begin_write(engine) as connection:
        await connection.execute(update(notes).values(n=n))


async def run(engine: AsyncEngine, sql: str) -> None:
    async with begin_write(engine) as connection:
        await connection.exec_driver_sql(sql)


async def test_a_write_is_kept_and_a_failed_one_is_undone(engine):
    await write(engine, 1)

    async def fail() -> None:
        async with begin_write(engine) as connection:
            await connection.execute(update(notes).values(n=2))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await value(engine) == 1


async def test_a_reader_does_not_wait_for_a_writer_and_sees_only_what_is_committed(engine, other_engine):
    async with begin_write(engine) as connection:
        await connection.execute(update(notes).values(n=1))
        assert [await value(engine), await value(other_engine)] == [0, 0]
    assert [await value(engine), await value(other_engine)] == [1, 1]


async def test_a_writer_cancelled_inside_a_statement_frees_the_database_at_once(engine, other_engine):
    started = asyncio.Event()

    async def write_slowly() -> None:
        async with begin_write(engine) as connection:
            await connection.execute(update(notes).values(n=1))
            started.set()
            await connection.execute(text(SLOW[engine.dialect.name]))

    task = asyncio.create_task(write_slowly())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for n, each in enumerate((other_engine, engine)):
        await write(each, 10 + n)
    assert await value(engine) == 11


async def test_times_come_back_in_utc_whatever_zone_they_were_written_in(engine):
    tokyo = timezone(timedelta(hours=9))
    moment = datetime(2026, 11, 21, 1, 2, 3, 456789, tzinfo=tokyo)
    async with begin_write(engine) as connection:
        if engine.dialect.name == "postgresql":
            await connection.exec_driver_sql("SET LOCAL TIME ZONE 'Asia/Tokyo'")
        await connection.execute(update(notes).values(at=moment))
        found = await connection.scalar(select(notes.c.at))
        assert await connection.scalar(select(notes.c.n).where(notes.c.at == moment)) == 0
    assert (found, found.utcoffset()) == (moment, timedelta(0))


async def test_a_time_without_a_zone_is_never_stored(engine):
    async def write_naive() -> None:
        async with begin_write(engine) as connection:
            await connection.execute(update(notes).values(at=NOW.replace(tzinfo=None)))

    with pytest.raises(StoreError, match="a time without a zone"):
        await write_naive()


async def test_errors_of_the_database_are_ours_and_name_no_values(engine):
    async def fail() -> None:
        async with begin_write(engine) as connection:
            await connection.execute(text("INSERT INTO nowhere VALUES (:prompt)"), {"prompt": "a secret boat"})

    with pytest.raises(StoreError, match="nowhere") as caught:
        await fail()
    assert "secret" not in f"{caught.value} {caught.value.__cause__}"


# SQLite ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """A database file with the table and its row."""
    path = tmp_path / "notes.db"
    connection = sqlite3.connect(path)
    connection.executescript(
        "PRAGMA journal_mode = WAL; CREATE TABLE notes (n INTEGER, at TEXT); INSERT INTO notes VALUES (0, NULL)"
    )
    connection.close()
    return path


@pytest.fixture
async def sqlite(file: Path) -> AsyncIterator[AsyncEngine]:
    """An impatient engine on the file."""
    engine = open_engine(sqlite_url(file), busy_seconds=1)
    yield engine
    await engine.dispose()


@pytest.mark.parametrize(
    ("pragma", "expected"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 1000)],
)
async def test_sqlite_is_set_up_to_lose_nothing(sqlite, pragma, expected):
    async with begin_read(sqlite) as connection:
        assert await connection.scalar(text(f"PRAGMA {pragma}")) == expected


async def test_two_engines_on_one_file_lose_no_update_and_are_never_locked_out(file, sqlite):
    other = open_engine(sqlite_url(file))

    async def increment(engine: AsyncEngine) -> None:
        async with begin_write(engine) as connection:
            n = await connection.scalar(select(notes.c.n))
            await connection.execute(update(notes).values(n=n + 1))

    patient = open_engine(sqlite_url(file))
    await asyncio.gather(*(increment(engine) for engine in (patient, other) * 100))
    await other.dispose()
    await patient.dispose()
    assert await value(sqlite) == 200


async def test_a_lock_that_another_process_keeps_is_busy_and_then_works(file, sqlite):
    with foreign_writer(file):
        with pytest.raises(StoreBusy, match="locked"):
            await write(sqlite, 1)
        assert await value(sqlite) == 0
    await write(sqlite, 2)
    assert await value(sqlite) == 2


async def test_a_writer_whose_turn_does_not_come_is_refused(sqlite):
    async with begin_write(sqlite):
        with pytest.raises(StoreBusy, match="other writers took too long"):
            await write(sqlite, 1)
    await write(sqlite, 2)
    assert await value(sqlite) == 2


async def test_more_readers_than_connections_are_refused(sqlite):
    async with AsyncExitStack() as readers:
        for _ in range(15):
            await readers.enter_async_context(begin_read(sqlite))
        with pytest.raises(StoreBusy, match="all connections are in use"):
            await value(sqlite)
    assert await value(sqlite) == 0


async def test_a_new_file_is_waited_for_while_another_process_sets_it_up(tmp_path):
    path = tmp_path / "new.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.executescript("CREATE TABLE notes (n INTEGER, at TEXT); INSERT INTO notes VALUES (7, NULL); BEGIN EXCLUSIVE")
    engine = open_engine(sqlite_url(path), busy_seconds=1)
    asyncio.get_running_loop().call_later(0.05, other.close)
    assert await value(engine) == 7
    await engine.dispose()


async def test_a_full_disk_is_storage_full_and_undoes_the_write(sqlite):
    async def overfill() -> None:
        async with begin_write(sqlite) as connection:
            await connection.execute(update(notes).values(n=1))
            await connection.exec_driver_sql("PRAGMA max_page_count = 1")
            await connection.exec_driver_sql("INSERT INTO notes VALUES (1, zeroblob(100000))")

    with pytest.raises(StorageFull, match="full"):
        await overfill()
    assert await value(sqlite) == 0


async def test_a_file_that_is_no_database_is_an_error(tmp_path):
    path = tmp_path / "not.db"
    path.write_text("these are not the pages of a database" * 100)
    engine = open_engine(sqlite_url(path))
    with pytest.raises(StoreError, match="not a database"):
        await value(engine)
    await engine.dispose()


def test_a_file_that_cannot_be_opened_is_named(tmp_path):
    path = tmp_path / "missing" / "flipbook.db"
    with pytest.raises(StoreError, match=re.escape(f"{path} cannot be opened: unable to open")):
        open_engine(sqlite_url(path))


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("flipbook.db", "cannot be read; write sqlite:///file"),
        ("", "cannot be read; write sqlite:///file"),
        ("sqlite://", "SQLite needs a file"),
        ("sqlite:///:memory:", "SQLite needs a file"),
        ("mysql://root:hunter2@127.0.0.1/flipbook", "mysql is not a database that Flipbook knows"),
    ],
)
def test_an_url_that_cannot_be_used_is_refused_in_one_sentence_without_its_password(url, sentence):
    with pytest.raises(StoreError, match=sentence) as caught:
        open_engine(url)
    assert "hunter2" not in str(caught.value)


# PostgreSQL -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def postgresql(postgres) -> AsyncIterator[AsyncEngine]:
    """An impatient engine on a fresh database."""
    with postgres.fresh("template1") as url:
        engine = open_engine(url.replace("postgresql://", "postgres://"), busy_seconds=1)
        await run(engine, "CREATE TABLE notes (n INTEGER, at TIMESTAMPTZ); INSERT INTO notes VALUES (0, NULL)")
        yield engine
        await engine.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("sqlstate", "ours"),
    [
        ("53100", StorageFull),
        ("53300", StoreBusy),
        ("40P01", StoreBusy),
        ("55P03", StoreBusy),
        ("57P03", StoreBusy),
        ("42501", StoreError),
    ],
)
async def test_postgresqls_codes_become_our_errors(postgresql, sqlstate, ours):
    with pytest.raises((StoreError, StorageFull), match="no way") as caught:
        await run(postgresql, f"DO $$ BEGIN RAISE EXCEPTION 'no way' USING ERRCODE = '{sqlstate}'; END $$")
    assert caught.type is ours


@pytest.mark.postgres
async def test_a_row_that_another_keeps_locked_is_busy(postgresql):
    async with begin_write(postgresql) as connection:
        await connection.execute(update(notes).values(n=1))
        with pytest.raises(StoreBusy, match="lock timeout"):
            await write(postgresql, 2)
    assert await value(postgresql) == 1


@pytest.mark.postgres
async def test_a_connection_lost_in_a_transaction_is_busy_and_the_next_one_works(postgresql):
    async def lose() -> None:
        async with begin_write(postgresql) as connection:
            await connection.execute(update(notes).values(n=1))
            await connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(StoreBusy):
        await lose()
    await write(postgresql, 2)
    assert await value(postgresql) == 2


@pytest.mark.postgres
async def test_connections_that_died_in_the_pool_are_replaced_unnoticed(postgresql, postgres):
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE starts_with(datname, 'test_')"
    postgres.run(others)
    assert await value(postgresql) == 0


def test_without_its_driver_postgresql_is_refused_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"pip install 'flipbook\[postgres\]'"):
        open_engine("postgresql://127.0.0.1/flipbook")


async def test_a_server_that_is_away_is_busy():
    engine = open_engine("postgresql://flipbook:hunter2@127.0.0.1:1/flipbook", busy_seconds=1)
    with pytest.raises(StoreBusy, match=r"127\.0\.0\.1") as caught:
        await value(engine)
    assert "hunter2" not in str(caught.value)
    await engine.dispose()
