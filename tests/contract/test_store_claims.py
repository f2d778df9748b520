"""Who brings which outcome: claims on deliveries, on every database."""

import asyncio

from db.store import SqlStore
from factories import NOW, a_delivery, a_job, a_lease, later, moved
from generation.job import Job, JobId, JobStatus
from generation.places import Platform
from generation.ports import Lease

DISCORD = frozenset({Platform.DISCORD})


async def an_owed(store: SqlStore, at=NOW) -> Job:
    """A job whose outcome is due at that time."""
    job = moved(a_job(), JobStatus.SUCCEEDED)
    async with store.transaction() as tx:
        await tx.add_job(job, a_delivery(job).owed(at), None)
    return job


async def claim(store: SqlStore, job_id: JobId, lease: Lease, now=NOW) -> bool:
    async with store.transaction() as tx:
        return await tx.claim_delivery(job_id, lease, now)


async def owed_to(store: SqlStore, owner: str, now=NOW) -> list[JobId]:
    return [job.id for job, _ in await store.owed_deliveries(now, owner=owner, platforms=DISCORD, limit=10)]


async def test_an_outcome_is_claimed_once(store):
    job = await an_owed(store)
    assert await claim(store, job.id, a_lease("me"))
    assert not await claim(store, job.id, a_lease("another"))


async def test_who_holds_an_outcome_may_claim_it_again(store):
    job = await an_owed(store)
    assert await claim(store, job.id, a_lease("me", later(minutes=1)))
    assert await claim(store, job.id, a_lease("me", later(minutes=5)))
    assert not await claim(store, job.id, a_lease("another"), later(minutes=4))


async def test_a_held_outcome_is_owed_to_its_holder_alone_until_the_lease_has_run_out(store):
    held, free = await an_owed(store), await an_owed(store)
    await claim(store, held.id, a_lease("me", later(minutes=1)))
    assert await owed_to(store, "me") == [held.id, free.id]
    assert await owed_to(store, "another", later(seconds=59)) == [free.id]
    assert await owed_to(store, "another", later(minutes=1)) == [held.id, free.id]
    assert await claim(store, held.id, a_lease("another", later(minutes=2)), later(minutes=1))


async def test_what_is_not_due_or_not_owed_or_unknown_cannot_be_claimed(store):
    not_due, sent = await an_owed(store, later(seconds=1)), await an_owed(store)
    async with store.transaction() as tx:
        await tx.save_delivery(a_delivery(sent).sent(None, NOW))
    for job_id in (not_due.id, sent.id, JobId("0" * 24)):
        assert not await claim(store, job_id, a_lease())


async def test_of_sixteen_that_claim_an_outcome_at_once_one_wins(store, other_store):
    job = await an_owed(store)
    claims = [claim((store, other_store)[n % 2], job.id, a_lease(f"owner-{n}")) for n in range(16)]
    assert sorted(await asyncio.gather(*claims)) == [False] * 15 + [True]


async def test_only_its_owner_releases_an_outcome(store):
    job = await an_owed(store)
    await claim(store, job.id, a_lease("me"))
    for owner, owed in (("another", []), ("me", [job.id])):
        async with store.transaction() as tx:
            await tx.release_delivery(job.id, owner)
        assert await owed_to(store, "another") == owed


async def test_all_outcomes_of_an_owner_are_held_on_to_at_once(store):
    mine, others = [await an_owed(store) for _ in range(2)], await an_owed(store)
    for job in mine:
        await claim(store, job.id, a_lease("me", later(seconds=30)))
    await claim(store, others.id, a_lease("another", later(seconds=30)))
    await store.renew_delivery_leases(a_lease("me", later(minutes=5)))
    assert await owed_to(store, "third", later(minutes=1)) == [others.id]


async def test_saving_a_delivery_keeps_its_claim(store):
    job = await an_owed(store)
    await claim(store, job.id, a_lease("me"))
    async with store.transaction() as tx:
        await tx.save_delivery(a_delivery(job).owed(NOW).noted("uploaded"))
    assert await owed_to(store, "another") == []
