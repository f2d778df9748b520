"""Transactions and errors of SQLite alone: group commit, pragmas, locks, the disk."""

import asyncio
import contextlib
import re
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import event, select, text, update

from contract.notes_table import notes, value, write
from databases import foreign_writer, sqlite_url
from db.engine import DatabaseEngine, begin_read, begin_write, close, open_engine
from generation.ports import Urgency
from generation.protocol.errors import StorageFull, StoreBusy, StoreError


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
async def sqlite(file: Path) -> AsyncIterator[DatabaseEngine]:
    """An engine with a busy timeout of a second, on the file."""
    engine = open_engine(sqlite_url(file), busy_seconds=1)
    yield engine
    await close(engine)


@pytest.mark.parametrize(
    ("pragma", "expected"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 1000)],
)
async def test_sqlite_is_set_up_to_lose_nothing(sqlite, pragma, expected):
    async with begin_read(sqlite) as connection:
        assert await connection.scalar(text(f"PRAGMA {pragma}")) == expected


async def test_two_engines_on_one_file_lose_no_update_and_are_never_locked_out(file, sqlite):
    other = open_engine(sqlite_url(file))

    async def increment(engine: DatabaseEngine) -> None:
        async with begin_write(engine) as connection:
            n = await connection.scalar(select(notes.c.n))
            await connection.execute(update(notes).values(n=n + 1))

    patient = open_engine(sqlite_url(file))
    await asyncio.gather(*(increment(engine) for engine in (patient, other) * 100))
    await close(other)
    await close(patient)
    assert await value(sqlite) == 200


async def test_a_lock_that_another_process_keeps_is_busy_and_then_works(file, sqlite):
    with foreign_writer(file):
        with pytest.raises(StoreBusy, match="locked"):
            await write(sqlite, 1)
        assert await value(sqlite) == 0
    await write(sqlite, 2)
    assert await value(sqlite) == 2


async def test_a_writer_that_waits_too_long_for_other_writers_is_refused(sqlite):
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
    await close(engine)


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
    await close(engine)


def test_a_file_that_cannot_be_opened_is_named(tmp_path):
    path = tmp_path / "missing" / "flipbook.db"
    with pytest.raises(StoreError, match=re.escape(f"{path} cannot be opened: No such file or directory")):
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


async def counted(engine: DatabaseEngine, add: int, *, fails: bool = False) -> None:
    """Add to the number in a transaction of its own."""
    async with begin_write(engine) as connection:
        n = await connection.scalar(select(notes.c.n))
        await connection.execute(update(notes).values(n=n + add))
        if fails:
            raise ZeroDivisionError


async def test_writers_that_wait_share_one_commit(file, sqlite):
    commits = 0

    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1

    event.listen(sqlite.sync_engine, "commit", count)
    await asyncio.gather(*(counted(sqlite, 1) for _ in range(20)))
    assert await value(sqlite) == 20
    assert commits < 10


async def test_a_writer_that_fails_undoes_only_its_own_writes_of_a_shared_commit(sqlite):
    ends = await asyncio.gather(*(counted(sqlite, 1, fails=n == 5) for n in range(10)), return_exceptions=True)
    assert [type(end) for end in ends].count(ZeroDivisionError) == 1
    assert await value(sqlite) == 9


async def test_a_cancelled_writer_leaves_the_others_alone(sqlite):
    first = asyncio.create_task(counted(sqlite, 1))
    others = [asyncio.create_task(counted(sqlite, 10)) for _ in range(5)]
    await asyncio.sleep(0)
    others[2].cancel()
    first.cancel()
    await asyncio.wait([first, *others])
    assert [task.cancelled() for task in others] == [False, False, True, False, False]
    assert await value(sqlite) % 10 <= 1
    assert await value(sqlite) // 10 == 4


async def test_when_a_shared_commit_fails_all_its_writers_raise(file, sqlite):
    def fail(_connection: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    begun = asyncio.Event()

    async def hold() -> None:
        async with begin_write(sqlite) as connection:
            begun.set()
            await asyncio.sleep(0.01)
            await connection.execute(update(notes).values(n=100))

    holder = asyncio.create_task(hold())
    await begun.wait()
    event.listen(sqlite.sync_engine, "commit", fail)
    ends = await asyncio.gather(holder, counted(sqlite, 1), counted(sqlite, 1), return_exceptions=True)
    event.remove(sqlite.sync_engine, "commit", fail)
    assert [type(end) for end in ends] == [StoreError] * 3
    assert await value(sqlite) == 0
    await counted(sqlite, 7)
    assert await value(sqlite) == 7


async def test_a_disk_that_is_full_for_one_writer_fails_all_writers_of_the_commit(sqlite):
    begun = asyncio.Event()

    async def overfill() -> None:
        async with begin_write(sqlite) as connection:
            begun.set()
            await asyncio.sleep(0.01)
            await connection.exec_driver_sql("PRAGMA max_page_count = 1")
            await connection.exec_driver_sql("INSERT INTO notes VALUES (1, zeroblob(100000))")

    holder = asyncio.create_task(overfill())
    await begun.wait()
    ends = await asyncio.gather(holder, counted(sqlite, 1), return_exceptions=True)
    assert isinstance(ends[0], StorageFull)
    assert ends[1] is None or isinstance(ends[1], StorageFull)
    assert await value(sqlite) == (1 if ends[1] is None else 0)


async def test_members_write_before_background_work(sqlite):
    order: list[str] = []
    begun = asyncio.Event()

    async def write_as(name: str, urgency: Urgency) -> None:
        async with begin_write(sqlite, urgency):
            order.append(name)
            begun.set()
            await asyncio.sleep(0.01)

    first = asyncio.create_task(write_as("first", Urgency.BACKGROUND))
    await begun.wait()
    later = [
        write_as("background", Urgency.BACKGROUND),
        write_as("member", Urgency.MEMBER),
        write_as("another member", Urgency.MEMBER),
    ]
    await asyncio.gather(first, *later)
    assert order == ["first", "member", "another member", "background"]


async def test_background_work_is_not_starved_by_members(sqlite):
    order: list[str] = []

    async def member(left: int) -> None:
        async with begin_write(sqlite, Urgency.MEMBER):
            order.append("member")
        if left:
            await member(left - 1)

    async def work() -> None:
        async with begin_write(sqlite):
            order.append("work")

    await asyncio.gather(*(member(20) for _ in range(3)), work())
    assert order.index("work") <= 3


async def test_a_reader_cancelled_inside_a_statement_leaves_no_open_transaction(file, sqlite):
    reading = asyncio.create_task(value(sqlite))
    for _ in range(20):
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])
    await counted(sqlite, 3)
    assert await value(sqlite) == 3


async def test_closing_waits_for_a_commit_whose_writer_has_gone(file):
    engine = open_engine(sqlite_url(file))
    writing = asyncio.create_task(write(engine, 7))
    while not (commits := [task for task in asyncio.all_tasks() if task.get_name() == "commit"]):
        await asyncio.sleep(0)
    writing.cancel()
    await asyncio.wait({writing})
    await close(engine)
    assert (writing.cancelled(), commits[0].done(), engine.sync_engine.pool.checkedout()) == (True, True, 0)
    with contextlib.closing(sqlite3.connect(file)) as other:
        assert other.execute("SELECT n FROM notes").fetchone() == (7,)


@pytest.mark.parametrize("turns", range(1, 9))
async def test_closing_waits_for_the_thread_of_a_reader_cancelled_while_its_connection_opens(file, turns):
    before = set(threading.enumerate())
    engine = open_engine(sqlite_url(file))
    reading = asyncio.create_task(value(engine))
    for _ in range(turns):
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])
    await close(engine)
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("turns", range(1, 9))
async def test_a_read_without_end_is_interrupted_when_its_task_is_cancelled(sqlite, turns):
    async def read_for_ever() -> None:
        async with begin_read(sqlite) as connection:
            await connection.exec_driver_sql(
                "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
            )

    reading = asyncio.create_task(read_for_ever())
    for _ in range(turns):
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])
    assert (reading.cancelled(), sqlite.sync_engine.pool.checkedout()) == (True, 0)
    assert await value(sqlite) == 0


async def test_a_writer_that_waits_for_another_process_stops_at_once_when_cancelled(file):
    engine = open_engine(sqlite_url(file), busy_seconds=3600)
    with foreign_writer(file):
        writing = asyncio.create_task(write(engine, 1))
        for _ in range(1000):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.wait([writing])
    await write(engine, 2)
    assert (writing.cancelled(), await value(engine)) == (True, 2)
    await close(engine)


async def test_a_database_that_was_closed_is_busy_rather_than_an_error_of_a_library(file):
    engine = open_engine(sqlite_url(file))
    await write(engine, 1)
    await close(engine)
    for use in (value(engine), write(engine, 2)):
        with pytest.raises(StoreBusy, match="was closed"):
            await use
