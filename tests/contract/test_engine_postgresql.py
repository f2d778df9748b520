"""Transactions and errors of PostgreSQL alone."""

import sys
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import update

from contract.notes_table import notes, run, value, write
from db.engine import DatabaseEngine, begin_write, close, open_engine
from generation.protocol.errors import DatabaseDamaged, DatabaseUnusable, StorageFull, StoreBusy, StoreError


@pytest.fixture
async def postgresql(postgres) -> AsyncIterator[DatabaseEngine]:
    """An engine with a lock timeout of a second, on a fresh database."""
    with postgres.fresh("template1") as url:
        engine = open_engine(url.replace("postgresql://", "postgres://"), busy_seconds=1)
        await run(engine, "CREATE TABLE notes (n INTEGER, at TIMESTAMPTZ); INSERT INTO notes VALUES (0, NULL)")
        yield engine
        await close(engine)


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
        ("25006", DatabaseUnusable),
        ("28P01", DatabaseUnusable),
        ("3D000", DatabaseUnusable),
        ("XX001", DatabaseDamaged),
        ("XX002", DatabaseDamaged),
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
    with pytest.raises(StoreError, match=r"pip install '\.\[postgres\]'"):
        open_engine("postgresql://127.0.0.1/flipbook")


async def test_a_server_that_is_away_is_busy():
    engine = open_engine("postgresql://flipbook:hunter2@127.0.0.1:1/flipbook", busy_seconds=1)
    with pytest.raises(StoreBusy, match=r"127\.0\.0\.1") as caught:
        await value(engine)
    assert "hunter2" not in str(caught.value)
    await close(engine)


@pytest.mark.postgres
@pytest.mark.parametrize(("of", "wrong"), [("/postgres?", "/no_such_database?"), ("postgres:@", "nobody:@")])
async def test_a_server_that_will_never_let_us_in_is_not_told_as_busy(postgres, of, wrong):
    engine = open_engine(postgres.url("postgres").replace(of, wrong), busy_seconds=1)
    with pytest.raises(DatabaseUnusable, match=r"does not exist\. Look at FLIPBOOK_DATABASE_URL"):
        await value(engine)
    await close(engine)
