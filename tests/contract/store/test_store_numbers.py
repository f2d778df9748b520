"""The short numbers of clips: counted in each server, given once, and found in their own server only."""

import asyncio

import pytest
from sqlalchemy import text

from databases import a_cipher
from db.engine import begin_write, open_engine
from db.engine import close as close_engine
from db.store import SqlStore
from factories import a_channel, a_delivery, a_job, a_server
from generation.domain.refs import ServerRef


async def add_job(store: SqlStore, server: ServerRef, **changes: object) -> int:
    async with store.transaction() as tx:
        number = await tx.next_number(server)
        job = a_job(channel=a_channel(server=server), number=number, **changes)
        await tx.add_job(job, a_delivery(job), None)
    return number


async def test_each_server_counts_its_own(store):
    one, another = a_server(), a_server("another")
    given = [await add_job(store, server) for server in (one, one, another, one, another)]
    assert given == [1, 2, 1, 3, 2]


async def test_a_number_finds_the_job_of_its_own_server_only(store):
    one, another = a_server(), a_server("another")
    for server in (one, one, another):
        await add_job(store, server)
    found = await store.job_numbered(one, 2)
    assert found is not None
    assert (found.channel.server, found.number, found.name) == (one, 2, "#2")
    assert await store.job_numbered(another, 2) is None
    assert await store.job_numbered(one, 3) is None


async def test_several_bots_that_ask_at_once_never_give_one_number_twice(url):
    server = a_server()
    bots = [await SqlStore.open(url, a_cipher()) for _ in range(3)]
    given = await asyncio.gather(*(add_job(bots[turn % 3], server) for turn in range(24)))
    assert sorted(given) == list(range(1, 25))
    for bot in bots:
        await bot.close()


async def test_what_is_undone_leaves_no_job_with_that_number(store):
    server = a_server()

    async def count_and_fail() -> None:
        async with store.transaction() as tx:
            await tx.next_number(server)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await count_and_fail()
    number = await add_job(store, server)
    found = await store.job_numbered(server, number)
    assert found is not None


async def test_skipping_leaves_a_thousand_numbers_to_nobody(store):
    one, another = a_server(), a_server("another")
    for server in (one, one, another):
        await add_job(store, server)
    async with store.transaction() as tx:
        await tx.skip_numbers()
    assert [await add_job(store, server) for server in (one, another, one)] == [2001, 2001, 2002]


async def test_a_job_that_is_gone_leaves_its_number_to_nobody(store, url):
    server = a_server()
    await add_job(store, server)
    last = await add_job(store, server)
    engine = open_engine(url)
    async with begin_write(engine) as connection:
        await connection.execute(text("DELETE FROM jobs WHERE number_in_server = :last"), {"last": last})
    await close_engine(engine)
    assert await add_job(store, server) == last + 1
