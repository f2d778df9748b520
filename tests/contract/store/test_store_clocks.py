"""Clocks that differ: leases on a server are counted on its clock, on SQLite on the machine's."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from databases import a_cipher
from db.store import SqlStore
from factories import NOW, a_delivery, a_job, a_lease, later, moved
from generation.domain.job import JobStatus
from generation.domain.refs import Platform

DISCORD = frozenset({Platform.DISCORD})

apart = pytest.mark.parametrize(
    "offset",
    [timedelta(days=-3650), timedelta(minutes=-2), timedelta(0), timedelta(minutes=2), timedelta(days=3650)],
    ids=str,
)
"""How far a process's clock is from the server's."""


@pytest.fixture
async def server_store(postgres) -> AsyncIterator[SqlStore]:
    """A store on a fresh database of a server."""
    with postgres.fresh() as url:
        store = await SqlStore.open(url, a_cipher())
        yield store
        await store.close()


@pytest.mark.postgres
@apart
async def test_no_clock_ends_the_lease_that_another_process_has_on_a_job(server_store, offset):
    clock = datetime.now(UTC) + offset
    pending, running = a_job(), moved(a_job(), JobStatus.RUNNING)
    async with server_store.transaction() as tx:
        for job in (pending, running):
            await tx.add_job(job, a_delivery(job), a_lease("its holder"))
    assert await server_store.claimable(clock, limit=10) == []
    assert await server_store.stalled_jobs("me", clock, limit=10) == []
    async with server_store.transaction() as tx:
        assert not await tx.claim(pending.id, replace(a_lease("me"), since=clock), clock)


@pytest.mark.postgres
@apart
async def test_a_lease_that_a_process_takes_lasts_for_all_others_whatever_its_clock_says(server_store, offset):
    clock = datetime.now(UTC) + offset
    job = a_job()
    async with server_store.transaction() as tx:
        await tx.add_job(job, a_delivery(job), None)
    async with server_store.transaction() as tx:
        assert await tx.claim(job.id, replace(a_lease("me"), since=clock), clock)
    await server_store.renew_leases(replace(a_lease("me"), since=clock))
    assert await server_store.claimable(datetime.now(UTC), limit=10) == []
    async with server_store.transaction() as tx:
        now = datetime.now(UTC)
        assert not await tx.claim(job.id, replace(a_lease("another"), since=now), now)


@pytest.mark.postgres
@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(minutes=2), timedelta(days=3650)], ids=str)
@pytest.mark.parametrize("renewed", [False, True])
async def test_no_clock_ends_the_lease_on_a_delivery(server_store, ahead, renewed):
    clock = datetime.now(UTC) + ahead
    job = moved(a_job(), JobStatus.SUCCEEDED)
    async with server_store.transaction() as tx:
        await tx.add_job(job, a_delivery(job).owed(datetime(2000, 1, 1, tzinfo=UTC)), None)
    async with server_store.transaction() as tx:
        assert await tx.claim_delivery(job.id, a_lease("its holder"), later(days=1))
    if renewed:
        await server_store.renew_delivery_leases(replace(a_lease("its holder"), since=NOW - ahead))
    assert await server_store.owed_deliveries(clock, owner="me", platforms=DISCORD, limit=10) == []
    async with server_store.transaction() as tx:
        assert not await tx.claim_delivery(job.id, replace(a_lease("me"), since=clock), clock)


@pytest.mark.postgres
async def test_a_lease_of_no_time_is_over_at_once(server_store):
    job = a_job()
    async with server_store.transaction() as tx:
        await tx.add_job(job, a_delivery(job), replace(a_lease("gone"), seconds=0.0))
    assert await server_store.claimable(NOW, limit=10) == [job]
