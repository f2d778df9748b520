"""Leases of deliveries, on every database."""

import asyncio

from db.store import SqlStore
from factories import NOW, a_delivery, a_job, a_lease, later, moved
from generation.domain.job import Job, JobId, JobStatus
from generation.domain.refs import Platform
from generation.ports import Lease

DISCORD = frozenset({Platform.DISCORD})


async def a_job_with_due_delivery(store: SqlStore, at=NOW) -> Job:
    """A finished job whose delivery is due at this time."""
    job = moved(a_job(), JobStatus.SUCCEEDED)
    async with store.transaction() as tx:
        await tx.add_job(job, a_delivery(job).owed(at), None)
    return job


async def claim(store: SqlStore, job_id: JobId, lease: Lease, now=NOW) -> bool:
    async with store.transaction() as tx:
        return await tx.claim_delivery(job_id, lease, now)


async def claimable_by(store: SqlStore, owner: str, now=NOW) -> list[JobId]:
    return [job.id for job, _ in await store.owed_deliveries(now, owner=owner, platforms=DISCORD, limit=10)]


async def test_a_delivery_is_claimed_once(store):
    job = await a_job_with_due_delivery(store)
    assert await claim(store, job.id, a_lease("me"))
    assert not await claim(store, job.id, a_lease("another"))


async def test_the_holder_of_a_delivery_may_claim_it_again(store):
    job = await a_job_with_due_delivery(store)
    assert await claim(store, job.id, a_lease("me", later(minutes=1)))
    assert await claim(store, job.id, a_lease("me", later(minutes=5)))
    assert not await claim(store, job.id, a_lease("another"), later(minutes=4))


async def test_a_claimed_delivery_is_found_by_its_owner_alone_until_the_lease_expires(store, expire):
    claimed, free = await a_job_with_due_delivery(store), await a_job_with_due_delivery(store)
    await claim(store, claimed.id, a_lease("me"))
    assert await claimable_by(store, "me") == [claimed.id, free.id]
    assert await claimable_by(store, "another") == [free.id]
    await expire("me")
    assert await claimable_by(store, "another") == [claimed.id, free.id]
    assert await claim(store, claimed.id, a_lease("another"))


async def test_a_delivery_that_is_not_due_or_sent_or_unknown_cannot_be_claimed(store):
    not_due, sent = await a_job_with_due_delivery(store, later(seconds=1)), await a_job_with_due_delivery(store)
    async with store.transaction() as tx:
        await tx.save_delivery(a_delivery(sent).sent(None, NOW))
    for job_id in (not_due.id, sent.id, JobId("0" * 24)):
        assert not await claim(store, job_id, a_lease())


async def test_of_sixteen_concurrent_claims_of_a_delivery_one_wins(store, other_store):
    job = await a_job_with_due_delivery(store)
    claims = [claim((store, other_store)[n % 2], job.id, a_lease(f"owner-{n}")) for n in range(16)]
    assert sorted(await asyncio.gather(*claims)) == [False] * 15 + [True]


async def test_only_its_owner_releases_a_delivery(store):
    job = await a_job_with_due_delivery(store)
    await claim(store, job.id, a_lease("me"))
    for owner, owed in (("another", []), ("me", [job.id])):
        async with store.transaction() as tx:
            await tx.release_delivery(job.id, owner)
        assert await claimable_by(store, "another") == owed


async def test_all_delivery_leases_of_an_owner_are_renewed_at_once(store, expire):
    mine, others = [await a_job_with_due_delivery(store) for _ in range(2)], await a_job_with_due_delivery(store)
    for job in mine:
        await claim(store, job.id, a_lease("me"))
    await claim(store, others.id, a_lease("another"))
    await expire("me")
    await expire("another")
    await store.renew_delivery_leases(a_lease("me"))
    assert await claimable_by(store, "third") == [others.id]


async def test_saving_a_delivery_keeps_its_lease(store):
    job = await a_job_with_due_delivery(store)
    await claim(store, job.id, a_lease("me"))
    async with store.transaction() as tx:
        await tx.save_delivery(a_delivery(job).owed(NOW).noted("uploaded"))
    assert await claimable_by(store, "another") == []
