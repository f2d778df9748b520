"""The store's ledger, usage and quotas, on every database."""

import asyncio
from dataclasses import replace

import pytest

from databases import a_cipher
from db.store import SqlStore
from factories import NOW, a_channel, a_delivery, a_job, a_server, a_user, an_entry, later, moved
from generation.domain.job import Job, JobStatus
from generation.domain.pricing import FREE, Micros
from generation.domain.refs import ServerRef
from generation.protocol.errors import StoreError
from generation.rules.ledger import EVERYWHERE, Entry, Totals, refund, reserve, server_scope, settle, user_scope
from generation.rules.limits import Usage
from generation.rules.money.spending import Discrepancy

UNUSED = Usage(0, 0, 0, 0, FREE, FREE, NOW.date(), at=NOW)
NOTHING = Totals(0, FREE)


async def append(store: SqlStore, *entries: Entry) -> None:
    async with store.transaction() as tx:
        for entry in entries:
            await tx.append(entry)


async def add(store: SqlStore, *jobs: Job) -> None:
    async with store.transaction() as tx:
        for job in jobs:
            await tx.add_job(job, a_delivery(job), None)


async def test_a_jobs_lines_come_back_as_they_were_oldest_first(store):
    job = a_job()
    succeeded = replace(moved(job, JobStatus.SUCCEEDED), cost=Micros(50_000))
    lines = [reserve(job, NOW), settle(succeeded, later(seconds=1)), refund(job, later(seconds=2))]
    await append(store, *lines, an_entry())
    member = a_cipher().pseudonyms.of(a_server(), a_user())
    assert await store.ledger_of(job.id) == [replace(line, user=member) for line in lines]


async def test_nothing_was_used_where_nothing_was_written(store):
    assert (await store.standing(a_server(), a_user(), NOW)).usage == UNUSED
    assert await store.totals(EVERYWHERE, NOW) == NOTHING


async def test_a_line_counts_for_its_member_its_server_and_everything(store):
    other_member = a_job(requested_by=a_user("7002"), reserved=Micros(5))
    other_server = a_job(channel=a_channel(server=a_server("9002")), reserved=Micros(7))
    await append(store, *(reserve(job, NOW) for job in (a_job(), other_member, other_server)))
    member = a_cipher().pseudonyms.of(a_server(), a_user())
    assert await store.totals(user_scope(a_server(), member), NOW) == Totals(1, Micros(40_000))
    assert await store.totals(server_scope(a_server()), NOW) == Totals(2, Micros(40_005))
    assert await store.totals(EVERYWHERE, NOW) == Totals(3, Micros(40_012))
    assert (await store.standing(a_server(), a_user(), NOW)).usage == Usage(
        user_clips_today=1,
        server_clips_today=2,
        user_active_jobs=0,
        server_active_jobs=0,
        server_spent_today=Micros(40_005),
        all_spent_today=Micros(40_012),
        day=NOW.date(),
        user_clips_this_hour=1,
        user_clips_this_month=1,
        server_clips_this_month=2,
        user_spent_today=Micros(40_000),
        user_spent_this_month=Micros(40_000),
        server_spent_this_month=Micros(40_005),
        all_spent_this_month=Micros(40_012),
        last_clip_at=NOW,
        at=NOW,
    )


async def test_a_month_counts_to_its_end_whichever_of_its_days_is_asked_about(store):
    # judged again at a dearer backend tomorrow, or under a clock that was set back
    day = NOW.replace(day=10)
    jobs = [
        a_job(created_at=at, reserved=Micros(5)) for at in (day, day.replace(day=20), day.replace(month=day.month + 1))
    ]
    await append(store, *(reserve(job, job.created_at) for job in jobs))
    usage = (await store.standing(a_server(), a_user(), day, day=day.date())).usage
    assert (usage.user_clips_today, usage.user_clips_this_month, usage.all_spent_this_month) == (1, 2, 10)


async def test_settling_and_refunding_change_the_day_on_which_the_job_was_asked_for(store):
    job = a_job()
    tomorrow = later(days=1)
    await append(store, reserve(job, NOW), refund(job, tomorrow))
    assert await store.totals(EVERYWHERE, NOW) == NOTHING
    assert await store.totals(EVERYWHERE, tomorrow) == NOTHING


async def test_a_new_day_begins_at_midnight_utc(store):
    await append(store, an_entry())
    last_moment, midnight = later(hours=11, minutes=59, seconds=59), later(hours=12)
    assert (await store.standing(a_server(), a_user(), last_moment)).usage.user_clips_today == 1
    assert (await store.standing(a_server(), a_user(), midnight)).usage == replace(
        UNUSED,
        day=midnight.date(),
        at=midnight,
        user_clips_this_month=1,
        server_clips_this_month=1,
        user_spent_this_month=Micros(40_000),
        server_spent_this_month=Micros(40_000),
        all_spent_this_month=Micros(40_000),
    )


async def test_active_jobs_are_the_unfinished_ones_of_the_server(store):
    everything = [moved(a_job(), status) for status in JobStatus]
    others = [a_job(requested_by=a_user("7002")), a_job(channel=a_channel(server=a_server("9002")))]
    await add(store, *everything, *others)
    async with store.transaction() as tx:
        usage = (await tx.standing(a_server(), a_user(), NOW)).usage
    assert usage == replace(UNUSED, user_active_jobs=4, server_active_jobs=5)


@pytest.mark.parametrize("statement", ["UPDATE ledger SET amount = 0", "DELETE FROM ledger"])
async def test_the_ledger_cannot_be_changed_afterwards(store, execute, statement):
    entry = an_entry()
    await append(store, entry)
    with pytest.raises(StoreError, match="append-only"):
        await execute(statement)
    assert [line.amount for line in await store.ledger_of(entry.job_id)] == [entry.amount]


async def test_deleting_jobs_resets_no_quota(store, execute):
    job = a_job()
    await add(store, job)
    await append(store, reserve(job, NOW))
    await execute("DELETE FROM jobs")
    assert (await store.job(job.id), await store.delivery_of(job.id)) == (None, None)
    assert (await store.standing(a_server(), a_user(), NOW)).usage.user_clips_today == 1


async def test_totals_that_are_the_sum_of_their_lines_are_no_discrepancy(store):
    job = a_job()
    other = a_job(requested_by=a_user("7002"), created_at=later(days=1))
    await append(store, reserve(job, NOW), refund(job, NOW), reserve(other, NOW))
    assert await store.ledger_discrepancies() == []


async def test_totals_that_were_tampered_with_are_found(store, execute):
    await append(store, an_entry(), an_entry(a_job(created_at=later(days=1))))
    await execute("DELETE FROM ledger_totals WHERE scope = 'discord:9001' AND day = '2026-11-20'")
    await execute("UPDATE ledger_totals SET clips = 9 WHERE scope = 'all' AND day = '2026-11-21'")
    assert await store.ledger_discrepancies() == [
        Discrepancy("discord:9001", NOW.date(), kept=NOTHING, counted=Totals(1, Micros(40_000))),
        Discrepancy("all", later(days=1).date(), kept=Totals(9, Micros(40_000)), counted=Totals(1, Micros(40_000))),
    ]


async def submit_if(store: SqlStore, server: ServerRef, allowed) -> bool:
    """Read, check and write, as a submission does."""
    job = a_job(channel=a_channel(server=server))
    async with store.transaction() as tx:
        if not allowed((await tx.standing(server, a_user(), NOW)).usage):
            return False
        await tx.append(reserve(job, NOW))
        await tx.add_job(job, a_delivery(job), None)
        return True


async def test_sixteen_submits_at_a_quotas_edge_let_exactly_the_quota_through(store, other_store):
    await append(store, *(an_entry() for _ in range(5)))
    submits = (
        submit_if((store, other_store)[n % 2], a_server(), lambda usage: usage.user_clips_today < 10) for n in range(16)
    )
    assert sum(await asyncio.gather(*submits)) == 5
    usage = (await store.standing(a_server(), a_user(), NOW)).usage
    assert (usage.user_clips_today, usage.user_active_jobs) == (10, 5)


async def test_submits_of_sixteen_servers_cannot_overspend_the_common_budget(store, other_store):
    submits = (
        submit_if((store, other_store)[n % 2], a_server(f"{n}"), lambda usage: usage.all_spent_today < 200_000)
        for n in range(16)
    )
    assert sum(await asyncio.gather(*submits)) == 5
    assert await store.totals(EVERYWHERE, NOW) == Totals(5, Micros(200_000))


async def test_one_origin_in_two_processes_makes_one_job(store, other_store):
    async def submit(store: SqlStore) -> Job:
        job = a_job(origin="delivered-twice")
        async with store.transaction() as tx:
            if known := await tx.job_of_origin(job.origin):
                return known
            await tx.standing(a_server(), a_user(), NOW)
            await tx.add_job(job, a_delivery(job), None)
            return job

    assert len({job.id for job in await asyncio.gather(*map(submit, [store, other_store] * 4))}) == 1
