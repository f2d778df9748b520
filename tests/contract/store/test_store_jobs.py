"""What the store promises about jobs, on every database."""

from dataclasses import replace

import pytest

from db.store import SqlStore
from factories import NOW, a_channel, a_delivery, a_full_job, a_job, a_lease, a_server, a_user, later, moved
from generation.domain.job import Job, JobId, JobStatus, RequestHandle
from generation.domain.pricing import Micros
from generation.domain.refs import Platform, ServerRef, UserRef
from generation.protocol.errors import StaleJob, StoreError


async def add(store: SqlStore, *jobs: Job) -> None:
    async with store.transaction() as tx:
        for job in jobs:
            await tx.add_job(job, a_delivery(job), None)


async def save(store: SqlStore, job: Job, was: Job) -> None:
    async with store.transaction() as tx:
        await tx.save_job(job, was=was)


async def test_a_job_comes_back_as_it_was(store):
    new, full = a_job(), a_full_job()
    await add(store, new, full)
    assert await store.job(new.id) == new
    assert await store.job(full.id) == full


async def test_a_transaction_reads_its_own_writes(store):
    job = a_job()
    async with store.transaction() as tx:
        await tx.add_job(job, a_delivery(job), None)
        assert (await tx.job(job.id), await tx.job_of_origin(job.origin)) == (job, job)


async def test_what_is_not_there_is_none(store):
    unknown = JobId("0" * 24)
    async with store.transaction() as tx:
        assert (await tx.job(unknown), await tx.delivery_of(unknown), await tx.job_of_origin("none")) == (None,) * 3
    assert (await store.job(unknown), await store.delivery_of(unknown)) == (None, None)


async def test_an_exception_undoes_the_whole_transaction(store):
    job = a_job()

    async def add_and_fail() -> None:
        async with store.transaction() as tx:
            await tx.add_job(job, a_delivery(job), None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await add_and_fail()
    assert await store.job(job.id) is None
    assert await store.delivery_of(job.id) is None


async def test_one_origin_never_has_two_jobs(store):
    first = a_job(origin="the-same")
    await add(store, first)
    with pytest.raises(StoreError):
        await add(store, a_job(origin="the-same"))
    async with store.transaction() as tx:
        assert await tx.job_of_origin("the-same") == first


async def test_every_move_is_saved(store):
    job = a_job()
    await add(store, job)
    submitting = job.submitting("worker", later(seconds=1))
    queued = moved(job, JobStatus.QUEUED)
    waiting = queued.back_to_pending(not_before=later(minutes=1), waiting_for="the worker is away")
    for new, was in ((submitting, job), (queued, submitting), (waiting, queued)):
        await save(store, new, was)
        assert await store.job(job.id) == new


async def test_a_full_job_can_be_written_over_a_new_one(store):
    full = a_full_job()
    kept = ("id", "origin", "request", "channel", "parent", "parent_number", "number", "style")
    kept += ("own_defaults", "servers_defaults")
    new = a_job(**{name: getattr(full, name) for name in kept})
    await add(store, new)
    await save(store, full, new)
    assert await store.job(full.id) == full


async def test_saving_what_another_process_moved_is_stale(store):
    job = a_job()
    await add(store, job)
    submitting = job.submitting("fal", NOW)
    await save(store, submitting, job)
    with pytest.raises(StaleJob):
        await save(store, job.cancelled(NOW), job)
    assert await store.job(job.id) == submitting


async def test_saving_a_job_that_is_gone_is_stale(store):
    job = a_job()
    with pytest.raises(StaleJob):
        await save(store, job.submitting("fal", NOW), job)


async def test_a_requested_cancellation_survives_a_save_of_a_job_read_before(store):
    job = a_job()
    await add(store, job)
    async with store.transaction() as tx:
        await tx.request_cancel(job.id)
    submitting = job.submitting("fal", NOW)
    assert submitting.cancel_requested is False
    await save(store, submitting, job)
    assert await store.job(job.id) == replace(submitting, cancel_requested=True)


async def test_a_requested_cancellation_is_saved_with_the_job_too(store):
    job = a_job()
    await add(store, job)
    await save(store, job.cancel(), job)
    assert await store.job(job.id) == job.cancel()


async def test_a_finished_job_can_no_longer_be_cancelled(store):
    job = moved(a_job(), JobStatus.SUCCEEDED)
    await add(store, job)
    async with store.transaction() as tx:
        await tx.request_cancel(job.id)
    assert await store.job(job.id) == job


async def test_a_members_jobs_come_newest_first(store):
    old, new, same_time = a_job(), a_job(created_at=later(minutes=1)), a_job()
    elsewhere = a_job(channel=a_channel(server=a_server("9002")))
    await add(store, new, old, same_time, elsewhere, a_job(requested_by=a_user("7002")))
    assert await store.jobs_of(a_user(), a_server(), limit=10) == [new, same_time, old]
    assert await store.jobs_of(a_user(), a_server(), limit=1) == [new]


async def test_members_and_servers_of_different_platforms_are_different(store):
    slack = a_job(
        requested_by=UserRef(Platform.SLACK, "7001"), channel=a_channel(server=ServerRef(Platform.SLACK, "9001"))
    )
    await add(store, a_job(), slack)
    assert await store.jobs_of(slack.requested_by, slack.channel.server, limit=10) == [slack]
    assert await store.unfinished_in(slack.channel.server, limit=10) == [slack]


async def test_unfinished_jobs_of_a_server_come_oldest_first(store):
    late, early = a_job(created_at=later(minutes=1)), moved(a_job(), JobStatus.RUNNING)
    finished = [moved(a_job(), status) for status in JobStatus if status.is_final]
    await add(store, late, early, *finished, a_job(channel=a_channel(server=a_server("9002"))))
    assert await store.unfinished_in(a_server(), limit=10) == [early, late]
    assert await store.unfinished_in(a_server(), limit=1) == [early]


async def test_recent_clips_are_the_successful_ones_of_the_newest_jobs_oldest_first(store):
    first, second, third = (moved(a_job(), JobStatus.SUCCEEDED, later(minutes=n)) for n in range(3))
    assert await store.recent_clips(limit=10) == []
    await add(store, first, second, moved(a_job(), JobStatus.FAILED), third, a_job())
    assert await store.recent_clips(limit=10) == [first, second, third]
    assert await store.recent_clips(limit=4) == [second, third]


async def test_unfinished_jobs_are_counted_by_status(store):
    assert await store.status_counts() == {"pending": 0, "submitting": 0, "queued": 0, "running": 0}
    await add(store, a_job(), a_job(), *(moved(a_job(), status) for status in JobStatus))
    assert await store.status_counts() == {"pending": 3, "submitting": 1, "queued": 1, "running": 1}


def asked_by(user: str, server: str = "9001", **fields: object) -> Job:
    return a_job(requested_by=a_user(user), channel=a_channel(server=a_server(server)), **fields)


async def test_everyones_first_waiting_job_is_found_before_anyones_second(store):
    flood = [asked_by("1") for _ in range(5)]
    first, second, elsewhere = asked_by("2"), asked_by("2"), asked_by("1", "9002")
    await add(store, *flood, first, elsewhere, second)
    expected = [flood[0], first, elsewhere, flood[1], second, *flood[2:]]
    assert await store.waiting_ids(NOW, limit=10) == [job.id for job in expected]
    assert await store.waiting_ids(NOW, limit=4) == [job.id for job in expected[:4]]


async def test_the_first_of_a_member_is_the_first_by_number_whatever_the_clock_said(store):
    first, second = a_job(created_at=later(minutes=5)), a_job(created_at=later(minutes=-5))
    await add(store, first, second)
    assert await store.waiting_ids(NOW, limit=10) == [first.id, second.id]


async def test_only_due_pending_jobs_without_a_lease_wait_for_their_turn(store):
    free = a_job()
    postponed = moved(a_job(), JobStatus.PENDING).waiting(not_before=later(seconds=9), waiting_for="fal")
    await add(store, *(moved(a_job(), status) for status in JobStatus if status is not JobStatus.PENDING), free)
    await add(store, postponed)
    async with store.transaction() as tx:
        held = a_job()
        await tx.add_job(held, a_delivery(held), a_lease())
    assert await store.waiting_ids(NOW, limit=10) == [free.id]
    assert await store.waiting_ids(later(seconds=9), limit=10) == [free.id, postponed.id]


async def test_jobs_are_read_by_their_ids_oldest_first(store):
    jobs = [a_job() for _ in range(4)]
    await add(store, *jobs)
    assert await store.jobs([jobs[2].id, "unknown", jobs[0].id]) == [jobs[0], jobs[2]]
    assert await store.jobs([]) == []


async def test_hostile_text_is_stored_and_found_again(store):
    job = a_job(origin="\0\ud800💥'; DROP TABLE jobs; --", requested_by=a_user("\0%_"))
    failed = replace(moved(job, JobStatus.FAILED), failure=None, waiting_for="\0 and \udfff")
    await add(store, failed)
    async with store.transaction() as tx:
        found = await tx.job_of_origin(job.origin)
    assert found == replace(
        failed,
        origin="\ufffd\ufffd💥'; DROP TABLE jobs; --",
        requested_by=a_user("\ufffd%_"),
        waiting_for="\ufffd and \ufffd",
    )
    assert await store.jobs_of(job.requested_by, a_server(), limit=1) == [found]


async def test_large_amounts_fit(store):
    job = a_job(reserved=Micros(2**62), cost=Micros(2**62))
    await add(store, job)
    assert await store.job(job.id) == job


async def test_a_time_without_a_zone_is_refused(store):
    with pytest.raises(StoreError):
        await add(store, a_job(created_at=NOW.replace(tzinfo=None)))


async def test_a_job_that_cannot_be_read_is_named_and_its_prompt_is_not(store, execute):
    job = a_job()
    await add(store, job)
    await execute('UPDATE jobs SET request = \'{"prompt": "a secret"}\'')
    with pytest.raises(StoreError, match=job.id) as caught:
        await store.job(job.id)
    assert "secret" not in f"{caught.value} {caught.value.__cause__}"


async def test_ping_reads_the_database(store):
    await store.ping()


async def test_a_new_job_may_have_a_lease_from_the_start(store, expire):
    job = a_job()
    async with store.transaction() as tx:
        await tx.add_job(job, a_delivery(job), a_lease("me"))
    assert await store.claimable(NOW, limit=10) == []
    await expire("me")
    assert await store.claimable(NOW, limit=10) == [job]


async def test_a_job_of_another_attempt_or_at_another_backend_is_not_written_over(store):
    job = a_job()
    await add(store, job)
    sent = job.submitting("fal", NOW)
    await save(store, sent, job)
    for stale in (replace(sent, attempt=2), replace(sent, backend="worker")):
        with pytest.raises(StaleJob):
            await save(store, stale.unsent(not_before=NOW, waiting_for="fal"), stale)
    assert await store.job(job.id) == sent


async def test_an_abandoned_request_is_found_once_its_job_cannot_return_to_it(store):
    left = RequestHandle("worker", a_job().request.endpoint, "request-left", 1)
    jobs = {status: replace(moved(a_job(), status), left=left) for status in JobStatus}
    await add(store, *jobs.values(), moved(a_job(), JobStatus.SUCCEEDED))
    gone = [status for status in JobStatus if status not in {JobStatus.PENDING, JobStatus.SUBMITTING}]
    assert await store.abandoned_requests(limit=100) == [jobs[status] for status in gone]
    assert len(await store.abandoned_requests(limit=2)) == 2
