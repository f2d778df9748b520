"""Transactions and their errors, on every database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select, text, update

from contract.notes_table import notes, value, write
from db.engine import DatabaseEngine, begin_write, close, open_engine
from factories import NOW
from generation.protocol.errors import StoreError

SLOW = {
    "sqlite": "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000) SELECT count(*) FROM c",
    "postgresql": "SELECT pg_sleep(0.5)",
}
"""Statements slow enough to be cancelled; both end before the busy timeout."""


@pytest.fixture
async def engine(empty_url: str) -> AsyncIterator[DatabaseEngine]:
    """An engine with a busy timeout of a second, on a database with one table of one row."""
    engine = open_engine(empty_url, busy_seconds=1)
    async with begin_write(engine) as connection:
        await connection.run_sync(notes.metadata.create_all)
        await connection.execute(insert(notes).values(n=0, at=NOW))
    yield engine
    await close(engine)


@pytest.fixture
async def other_engine(empty_url: str, engine: DatabaseEngine) -> AsyncIterator[DatabaseEngine]:
    """Another such engine on the same database."""
    other = open_engine(empty_url, busy_seconds=1)
    yield other
    await close(other)


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
            await connection.execute(text(SLOW[connection.dialect.name]))

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
        if connection.dialect.name == "postgresql":
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
