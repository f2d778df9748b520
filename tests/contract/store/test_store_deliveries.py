"""What the store promises about deliveries, on every database."""

import asyncio
from datetime import timedelta

import pytest

from databases import a_cipher
from db.encryption import FernetCipher
from db.store import SqlStore
from factories import (
    NOW,
    a_channel,
    a_delivery,
    a_full_job,
    a_job,
    a_message,
    a_server,
    an_answer,
    later,
    moved,
)
from generation.delivery import removals
from generation.delivery.leases import DeliveryLeases
from generation.domain.delivery import Answer, Delivery, DeliveryStatus
from generation.domain.job import Job, JobStatus
from generation.domain.refs import Platform, ServerRef
from generation.protocol.clock import SystemClock
from generation.protocol.errors import StaleJob, StoreError

DISCORD = frozenset({Platform.DISCORD})


async def add(store: SqlStore, *pairs: tuple[Job, Delivery]) -> None:
    async with store.transaction() as tx:
        for job, delivery in pairs:
            await tx.add_job(job, delivery, None)


async def save(store: SqlStore, delivery: Delivery) -> None:
    async with store.transaction() as tx:
        await tx.save_delivery(delivery)


def a_full_delivery(job: Job) -> Delivery:
    """A delivery without a default in any field."""
    return a_delivery(
        job,
        status=DeliveryStatus.SENT,
        message=a_message(channel=a_channel("5002", server=a_server("9002"), thread="1700000000.000200")),
        answer=an_answer(private=True),
        attempts=3,
        next_attempt_at=later(seconds=9),
        step="reply",
        note="F123\nsecond line",
        told=("the message is gone", "", 'quotes " and 💥 and \ud800'),
        sent_at=later(seconds=10.5),
    )


async def test_a_delivery_comes_back_as_it_was(store):
    job, full = a_job(), a_full_job()
    await add(store, (job, a_delivery(job)), (full, a_full_delivery(full)))
    assert await store.delivery_of(job.id) == a_delivery(job)
    assert await store.delivery_of(full.id) == a_full_delivery(full)
    async with store.transaction() as tx:
        assert await tx.delivery_of(full.id) == a_full_delivery(full)


async def test_a_saved_delivery_replaces_the_old_one_in_every_field(store):
    job = a_job()
    await add(store, (job, a_delivery(job)))
    for changed in (a_full_delivery(job), a_delivery(job)):
        await save(store, changed)
        assert await store.delivery_of(job.id) == changed


async def test_saving_the_delivery_of_a_job_that_is_gone_is_stale(store):
    with pytest.raises(StaleJob):
        await save(store, a_delivery(a_job()))


async def test_a_delivery_needs_its_job(store):
    job = a_job()
    with pytest.raises(StoreError):
        await add(store, (job, a_delivery(a_job())))
    assert await store.job(job.id) is None


async def test_changes_at_once_by_several_processes_are_all_kept(store, other_store):
    job = a_job()
    await add(store, (job, a_delivery(job)))

    async def step_down(store: SqlStore, reason: str) -> None:
        async with store.transaction() as tx:
            delivery = await tx.delivery_of(job.id)
            await tx.save_delivery(delivery.stepped_down("next", reason, NOW))

    reasons = [f"reason {n}" for n in range(8)]
    await asyncio.gather(*map(step_down, [store, other_store] * 4, reasons))
    assert sorted((await store.delivery_of(job.id)).told) == reasons


async def test_a_delivery_that_cannot_be_read_is_named(store, execute):
    job = a_job()
    await add(store, (job, a_delivery(job)))
    await execute("UPDATE deliveries SET status = 'lost'")
    with pytest.raises(StoreError, match=job.id):
        await store.delivery_of(job.id)


async def test_the_answers_token_is_not_readable_in_the_database(store, fetch):
    job = a_job()
    await add(store, (job, a_delivery(job, answer=an_answer(token="a-secret-token"))))
    [(stored,)] = await fetch("SELECT answer_token FROM deliveries")
    assert "secret" not in stored
    assert a_cipher().decrypt(stored) == "a-secret-token"


async def test_under_a_lost_key_an_answer_counts_as_expired_and_stays_private(store, url):
    job = a_job()
    await add(store, (job, a_delivery(job, answer=an_answer(private=True))))
    other = await SqlStore.open(url, FernetCipher(FernetCipher.new_key()))
    found = await other.delivery_of(job.id)
    await other.close()
    assert found == a_delivery(job, answer=Answer("", expires_at=NOW, private=True))


async def test_after_a_change_of_keys_an_old_answer_is_still_read(store, url, cipher_key):
    job = a_job()
    await add(store, (job, a_delivery(job, answer=an_answer())))
    other = await SqlStore.open(url, FernetCipher(FernetCipher.new_key(), cipher_key))
    found = await other.delivery_of(job.id)
    await other.close()
    assert found == a_delivery(job, answer=an_answer())


async def test_a_message_finds_its_job_whatever_thread_or_server_is_named(store):
    shown, other = a_job(), a_job()
    in_thread = a_message("3001", channel=a_channel("5001", thread="1700000000.000100"))
    await add(
        store,
        (shown, a_delivery(shown, message=in_thread)),
        (other, a_delivery(other, message=a_message("3002"))),
        (unshown := a_job(), a_delivery(unshown)),
    )
    assert await store.job_of_message(in_thread) == shown
    assert await store.job_of_message(a_message("3001")) == shown
    assert await store.job_of_message(a_message("3001", channel=a_channel(server=a_server("dm")))) == shown


async def test_a_message_of_another_channel_or_platform_is_another_message(store):
    job = a_job()
    await add(store, (job, a_delivery(job, message=a_message("3001"))))
    slack = a_channel(server=ServerRef(Platform.SLACK, "9001"))
    assert await store.job_of_message(a_message("3001", channel=slack)) is None
    assert await store.job_of_message(a_message("3001", channel=a_channel("5002"))) is None
    assert await store.job_of_message(a_message("3002")) is None


async def test_of_two_jobs_in_one_message_the_newer_is_shown(store):
    old, new = a_job(), a_job()
    await add(store, *((job, a_delivery(job, message=a_message())) for job in (old, new)))
    assert await store.job_of_message(a_message()) == new


async def test_owed_deliveries_are_those_that_are_due_the_longest_due_first(store):
    finished = [moved(a_job(), JobStatus.SUCCEEDED) for _ in range(4)]
    second, first, not_yet, sent = finished
    later_due, long_due = a_delivery(second).owed(NOW), a_delivery(first).owed(NOW - timedelta(seconds=1))
    await add(store, (second, later_due), (first, long_due), (not_yet, a_delivery(not_yet).owed(later(seconds=1))))
    await add(store, (sent, a_delivery(sent).owed(NOW).sent(None, NOW)))
    await add(store, (under_way := a_job(), a_delivery(under_way)))
    owed = await store.owed_deliveries(NOW, owner="me", platforms=DISCORD, limit=10)
    assert owed == [(first, long_due), (second, later_due)]
    assert await store.owed_deliveries(NOW, owner="me", platforms=DISCORD, limit=1) == [(first, long_due)]


async def test_owed_deliveries_are_those_of_the_platforms_that_are_served(store):
    jobs = {
        platform: moved(a_job(channel=a_channel(server=ServerRef(platform, "9001"))), JobStatus.SUCCEEDED)
        for platform in Platform
    }
    await add(store, *((job, a_delivery(job).owed(NOW)) for job in jobs.values()))

    async def served(*platforms: Platform) -> list[Job]:
        owed = await store.owed_deliveries(NOW, owner="me", platforms=frozenset(platforms), limit=10)
        return [job for job, _ in owed]

    assert await served(Platform.SLACK) == [jobs[Platform.SLACK]]
    assert await served(Platform.DISCORD, Platform.TERMINAL) == [jobs[Platform.DISCORD], jobs[Platform.TERMINAL]]
    assert await served() == []
    async with store.transaction() as tx:
        for platform in (Platform.SLACK, Platform.TERMINAL):
            await removals.delete(tx, jobs[platform], NOW)
    # the file of a clip that no chat has can be removed by anybody
    assert [job.id for job in await served()] == [jobs[Platform.TERMINAL].id]


async def test_an_outcome_that_arrives_while_its_clip_is_deleted_waits_for_that(store, other_store):
    jobs = [moved(a_job(), JobStatus.SUCCEEDED) for _ in range(24)]
    owed = [a_delivery(job).owed(NOW) for job in jobs]
    async with store.transaction() as tx:
        for job, delivery in zip(jobs, owed, strict=True):
            await tx.add_job(job, delivery, None)
    leases = DeliveryLeases(other_store, "other", clock=SystemClock(), seconds=60)

    async def delete(job: Job) -> None:
        async with store.transaction() as tx:
            await removals.delete(tx, await tx.job(job.id) or job, NOW)

    def arrived(stored: Delivery) -> Delivery:
        return stored.sent(None, NOW)

    # on PostgreSQL two that lock the same rows in another order would end each other
    ends = [leases.finish(delivery, arrived, of=job) for job, delivery in zip(jobs, owed, strict=True)]
    await asyncio.gather(*ends, *(delete(job) for job in jobs))
    for job in jobs:
        # deleted before it arrived or after: its message is still to be taken away
        assert (await store.job(job.id)).deleted_at is not None
        assert (await store.delivery_of(job.id)).status is DeliveryStatus.OWED
