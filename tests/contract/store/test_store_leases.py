"""Leases of jobs: claims, renewals, stalled jobs, on every database."""

import asyncio
from dataclasses import replace

from db.store import SqlStore
from factories import NOW, a_channel, a_delivery, a_job, a_lease, a_server, later, moved
from generation.domain.job import Job, JobId, JobStatus
from generation.ports import Lease


async def add(store: SqlStore, *jobs: Job, lease: Lease | None = None) -> None:
    async with store.transaction() as tx:
        for job in jobs:
            await tx.add_job(job, a_delivery(job), lease)


async def claim(store: SqlStore, job_id: JobId, lease: Lease, now=NOW) -> bool:
    async with store.transaction() as tx:
        return await tx.claim(job_id, lease, now)


async def test_a_free_job_is_claimed_once(store):
    job = a_job()
    await add(store, job)
    assert await claim(store, job.id, a_lease("me"))
    assert not await claim(store, job.id, a_lease("another"))


async def test_a_job_can_be_claimed_again_when_its_lease_has_expired(store, expire):
    job = a_job()
    await add(store, job, lease=a_lease("gone"))
    assert not await claim(store, job.id, a_lease("me"))
    await expire("gone")
    assert await claim(store, job.id, a_lease("me"))


async def test_the_holder_of_a_job_may_claim_it_again(store):
    job = a_job()
    await add(store, job, lease=a_lease("me", later(minutes=1)))
    assert await claim(store, job.id, a_lease("me", later(minutes=5)))
    assert not await claim(store, job.id, a_lease("another"), later(minutes=4))


async def test_a_finished_or_unknown_job_cannot_be_claimed(store):
    jobs = [moved(a_job(), status) for status in JobStatus if status.is_final]
    await add(store, *jobs)
    for job_id in [*(job.id for job in jobs), JobId("0" * 24)]:
        assert not await claim(store, job_id, a_lease())


async def test_of_sixteen_concurrent_claims_of_a_job_one_wins(store, other_store):
    job = a_job()
    await add(store, job)
    claims = [claim((store, other_store)[n % 2], job.id, a_lease(f"owner-{n}")) for n in range(16)]
    assert sorted(await asyncio.gather(*claims)) == [False] * 15 + [True]


async def test_only_its_owner_releases_a_job(store):
    job = a_job()
    await add(store, job, lease=a_lease("me"))
    async with store.transaction() as tx:
        await tx.release(job.id, "another")
    assert await store.claimable(NOW, limit=10) == []
    async with store.transaction() as tx:
        await tx.release(job.id, "me")
    assert await store.claimable(NOW, limit=10) == [job]


async def test_a_final_state_ends_the_lease(store, holder_of):
    running = moved(a_job(), JobStatus.RUNNING)
    await add(store, running, lease=a_lease("me"))
    assert await holder_of(running.id) == "me"
    async with store.transaction() as tx:
        await tx.save_job(running.cancelled(NOW), was=running)
    assert await holder_of(running.id) is None


async def test_every_other_state_keeps_the_lease(store, holder_of):
    job = a_job()
    await add(store, job, lease=a_lease("me"))
    async with store.transaction() as tx:
        await tx.save_job(job.submitting("fal", NOW), was=job)
    assert await holder_of(job.id) == "me"


async def test_claimable_are_due_pending_jobs_without_a_valid_lease_oldest_first(store):
    young, old = a_job(created_at=later(seconds=1)), a_job()
    same_time = a_job()
    due = a_job(created_at=later(seconds=2), not_before=NOW)
    expired = a_job(created_at=later(seconds=3))
    await add(store, young, old, same_time, due)
    await add(store, expired, lease=a_lease("gone", NOW))
    await add(store, a_job(not_before=later(seconds=1)), *(moved(a_job(), s) for s in JobStatus if s != "pending"))
    await add(store, a_job(), lease=a_lease("another"))
    assert await store.claimable(NOW, limit=10) == [old, same_time, young, due, expired]
    assert await store.claimable(NOW, limit=2) == [old, same_time]


async def test_a_pending_job_with_a_requested_cancellation_is_still_claimable(store):
    job = a_job()
    await add(store, job)
    async with store.transaction() as tx:
        await tx.request_cancel(job.id)
    assert await store.claimable(NOW, limit=10) == [replace(job, cancel_requested=True)]


async def test_stalled_are_submitted_jobs_of_the_owner_or_without_a_valid_lease(store):
    free = [moved(a_job(), status) for status in (JobStatus.SUBMITTING, JobStatus.QUEUED, JobStatus.RUNNING)]
    mine = moved(a_job(created_at=later(seconds=1)), JobStatus.QUEUED)
    expired = moved(a_job(created_at=later(seconds=2)), JobStatus.QUEUED)
    await add(store, *free, a_job(), *(moved(a_job(), status) for status in JobStatus if status.is_final))
    await add(store, mine, a_job(), lease=a_lease("me"))
    await add(store, expired, lease=a_lease("gone", NOW))
    await add(store, moved(a_job(), JobStatus.RUNNING), lease=a_lease("another"))
    assert await store.stalled_jobs("me", NOW, limit=10) == [*free, mine, expired]
    assert await store.stalled_jobs("me", NOW, limit=1) == free[:1]
    assert await store.stalled_jobs("me", NOW, limit=2, excluding={free[0].id, mine.id}) == free[1:]
    assert await store.stalled_jobs("me", NOW, limit=10, excluding={free[0].id, mine.id}) == [*free[1:], expired]


async def test_all_leases_of_an_owner_are_renewed_at_once(store, expire):
    mine, running, others = a_job(), moved(a_job(), JobStatus.RUNNING), a_job()
    await add(store, mine, running, lease=a_lease("me"))
    await add(store, others, lease=a_lease("another"))
    await expire("me")
    await expire("another")
    await store.renew_leases(a_lease("me"))
    assert [await claim(store, job.id, a_lease("third")) for job in (mine, running, others)] == [False, False, True]


async def test_cancellations_are_the_owners_unfinished_jobs_with_a_requested_cancellation(store):
    asked, not_asked, others = a_job(), a_job(channel=a_channel(server=a_server("9002"))), a_job()
    await add(store, asked, not_asked, lease=a_lease("me"))
    await add(store, others, lease=a_lease("another"))
    finished = replace(moved(a_job(), JobStatus.SUCCEEDED), cancel_requested=True)
    await add(store, finished, lease=a_lease("me"))
    async with store.transaction() as tx:
        for job in (asked, others):
            await tx.request_cancel(job.id)
    assert await store.cancellations("me") == [asked.id]
