"""Transactions and errors that are SQLite's own."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from databases import foreign_writer, sqlite_url
from db.engine import begin_read, begin_write, open_engine
from generation.errors import StorageFull, StoreBusy, StoreError
from notes_table import notes, value, write


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
