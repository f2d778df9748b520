"""What is kept of members is found, forgotten and let grow old, on every database."""

from dataclasses import replace

import pytest

from databases import a_cipher
from db.store import SqlStore
from factories import (
    NOW,
    a_channel,
    a_delivery,
    a_full_job,
    a_job,
    a_message,
    a_request,
    a_server,
    a_user,
    an_answer,
    an_audit_entry,
    later,
    moved,
)
from generation.domain.delivery import DeliveryStatus
from generation.domain.job import Job, JobStatus
from generation.domain.privacy import Forgetting, KeptAmount, KeptClip, KeptOfMember
from generation.protocol.errors import StaleJob
from generation.protocol.request import NO_TEXTS, GenerationRequest
from generation.rules.ledger import reserve
from generation.rules.limits import Limits

ELSEWHERE = a_channel("5002", server=a_server("9002"))


def a_clip(*, days_ago: int = 0, **changes: object) -> Job:
    return moved(a_job(**changes), JobStatus.SUCCEEDED, later(days=-days_ago))


async def add(store: SqlStore, *jobs: Job, status: DeliveryStatus = DeliveryStatus.SENT) -> None:
    async with store.transaction() as tx:
        for job in jobs:
            message = a_message(f"3{job.id}", channel=job.channel)
            delivery = a_delivery(job, status=status, message=message, answer=an_answer(), note="a file's id")
            await tx.add_job(job, delivery, None)
            await tx.append(reserve(job, NOW))


async def test_what_is_kept_of_a_member_is_counted_in_all_servers(store):
    await add(store, a_clip(), a_clip(channel=ELSEWHERE), a_job(), a_clip(requested_by=a_user("7002")))
    assert await store.kept_of(a_user()) == KeptOfMember(jobs=3, prompts=3, clips=2, clip_bytes=246_912)
    assert await store.kept_of(a_user("7003")) == KeptOfMember()


async def test_a_members_jobs_come_page_by_page_from_all_servers(store):
    mine = [a_clip(), a_clip(channel=ELSEWHERE), a_job()]
    await add(store, *mine, a_clip(requested_by=a_user("7002")), a_job(created_at=later(seconds=1)))
    first = await store.all_jobs_of(a_user(), until=NOW, after=None, limit=2)
    rest = await store.all_jobs_of(a_user(), until=NOW, after=first[-1].id, limit=2)
    assert [*first, *rest] == mine
    deliveries = await store.deliveries_of([job.id for job in mine])
    assert [deliveries[job.id].note for job in mine] == ["a file's id"] * 3
    lines = await store.ledger_of_jobs([job.id for job in mine])
    assert [line.job_id for line in lines] == [job.id for job in mine]


async def test_an_erased_job_keeps_id_shape_and_price_under_a_pseudonym(store, fetch):
    job = replace(a_full_job(), origin="reaction:7001:3001")
    await add(store, job)
    async with store.transaction() as tx:
        await tx.erase_job(job, later(days=1))
    erased = await store.job(job.id)
    assert erased == replace(
        job,
        request=GenerationRequest.model_validate(job.request.model_dump() | NO_TEXTS),
        requested_by=a_cipher().pseudonyms.of(a_server(), a_user()),
        channel=a_channel(""),
        origin=f"erased:{job.id}",
        handle=None,
        artifact=None,
        failure=replace(job.failure, detail=""),
        waiting_for=None,
        avoided=None,
        style=None,
        own_defaults=(),
        servers_defaults=(),
        left=None,
        prompt_removed_at=later(days=1),
    )
    assert await store.delivery_of(job.id) is None
    assert (await store.standing(a_server(), a_user(), NOW)).usage.user_clips_today == 1
    for table in ("jobs", "deliveries", "ledger", "ledger_totals"):
        assert "7001" not in repr(await fetch(f"SELECT * FROM {table}"))


async def test_every_field_that_tells_what_a_clip_shows_is_removed(store):
    # a field of text that is added to requests has to be named in NO_TEXTS, or here with the reason
    worded = {name for name, field in GenerationRequest.model_fields.items() if field.annotation is str}
    assert worded <= NO_TEXTS.keys()
    request = a_request(prompt="a secret boat", negative_prompt="secret").without_texts()
    assert "secret" not in request.model_dump_json()
    assert (request.seed, request.num_frames) == (0, 16)


async def test_asking_to_be_forgotten_twice_is_one_forgetting_with_the_later_moment(store):
    first = Forgetting(a_user(), NOW, a_server())
    async with store.transaction() as tx:
        assert await tx.ask_to_forget(first) == first
        await tx.add_left_messages(a_user(), 2)
        again = await tx.ask_to_forget(Forgetting(a_user(), later(hours=1), a_server("9002")))
        earlier = await tx.ask_to_forget(Forgetting(a_user(), later(hours=-1), None))
    assert again == earlier == Forgetting(a_user(), later(hours=1), a_server("9002"), left=2)
    assert await store.forgettings() == [again]
    async with store.transaction() as tx:
        assert await tx.note_export(a_user(), NOW, since=later(hours=-1))
        assert not await tx.note_export(a_user(), later(minutes=1), since=later(minutes=-59))
        assert await tx.exported_at(a_user()) == NOW
        assert await tx.note_export(a_user(), later(minutes=1), since=NOW)
    assert await store.exported_at(a_user()) == later(minutes=1)
    async with store.transaction() as tx:
        await tx.end_forgetting(a_user())
    assert await store.forgetting_of(a_user()) is None
    assert await store.exported_at(a_user()) is None


async def test_old_clips_are_those_that_ended_long_ago_and_owe_nothing(store):
    old, older, young = a_clip(days_ago=31), a_clip(days_ago=40), a_clip(days_ago=29)
    await add(store, old, older, young, a_clip(channel=ELSEWHERE, days_ago=99), a_job())
    await add(store, a_clip(days_ago=50), status=DeliveryStatus.OWED)
    before = later(days=-30)
    found = await store.old_clips(a_server(), before, limit=10)
    assert found == [KeptClip(job.id, f"{job.id}.mp4", 123_456) for job in (older, old)]
    assert await store.amount_of_old_clips(a_server(), before) == KeptAmount(2, 246_912)
    async with store.transaction() as tx:
        await tx.clear_clips([old.id, older.id])
    assert await store.old_clips(a_server(), before, limit=10) == []
    cleared = await store.job(old.id)
    assert cleared == replace(old, artifact=None)


async def test_old_prompts_leave_the_shape_and_stay_where_something_is_due(store):
    old, owed = a_clip(days_ago=91), a_clip(days_ago=91)
    await add(store, old)
    await add(store, owed, status=DeliveryStatus.OWED)
    before = later(days=-90)
    assert await store.amount_of_old_prompts(a_server(), before) == KeptAmount(1)
    assert await store.old_prompts(a_server(), before, limit=10) == [old.id]
    async with store.transaction() as tx:
        # it may have become due since it was found
        assert await tx.clear_prompts([old.id, owed.id], NOW) == 1
    assert await store.job(old.id) == replace(old, request=old.request.without_texts(), prompt_removed_at=NOW)
    assert await store.job(owed.id) == owed
    assert await store.old_prompts(a_server(), before, limit=10) == []


async def test_a_prompt_that_cannot_be_read_goes_all_the_same(store, execute, fetch):
    job = a_clip(days_ago=91)
    await add(store, job)
    await execute(f"UPDATE jobs SET request = 'a secret boat' WHERE id = '{job.id}'")
    async with store.transaction() as tx:
        assert await tx.clear_prompts([job.id], NOW) == 1
    assert "secret" not in repr(await fetch("SELECT request FROM jobs"))


async def test_servers_are_found_without_looking_at_every_job(store):
    await add(store, *(a_clip() for _ in range(5)), a_clip(channel=ELSEWHERE))
    assert await store.servers_with_jobs() == [a_server(), a_server("9002")]


async def test_a_server_that_left_is_gone_until_it_returns(store):
    async with store.transaction() as tx:
        await tx.server_left(a_server(), NOW)
        await tx.server_left(a_server(), later(days=3))
    assert await store.gone_servers(later(days=-1)) == []
    assert await store.gone_servers(NOW) == [a_server()]
    async with store.transaction() as tx:
        assert await tx.server_returned(a_server())
        assert not await tx.server_returned(a_server())
    assert await store.gone_servers(NOW) == []


async def test_an_erased_server_keeps_no_rules_and_no_audit(store):
    async with store.transaction() as tx:
        for server in (a_server(), a_server("9002")):
            await tx.set_limits(server, Limits(user_clips_per_day=1), an_audit_entry(server=server))
        await tx.server_left(a_server(), NOW)
        await tx.erase_server(a_server())
    assert await store.limits_of(a_server()) is None
    assert await store.audit_of(a_server(), limit=5) == []
    assert len(await store.audit_of(a_server("9002"), limit=5)) == 1
    assert await store.gone_servers(NOW) == []


async def test_jobs_of_a_server_are_those_that_still_tell_something(store):
    mine, erased = a_clip(), a_clip()
    await add(store, mine, erased, a_clip(channel=ELSEWHERE))
    async with store.transaction() as tx:
        await tx.erase_job(erased, NOW)
    assert await store.jobs_in(a_server(), after=None, limit=5) == [mine]
    assert await store.jobs_in(a_server(), after=mine.id, limit=5) == []


@pytest.mark.parametrize("status", [JobStatus.PENDING, JobStatus.RUNNING])
async def test_an_unfinished_job_is_never_erased(store, status):
    job = moved(a_job(), status)
    await add(store, job, status=DeliveryStatus.OPEN)
    async with store.transaction() as tx:
        with pytest.raises(StaleJob):
            await tx.erase_job(job, NOW)
        assert await tx.clear_prompts([job.id], NOW) == 0
    assert await store.job(job.id) == job
    assert await store.delivery_of(job.id) is not None


async def test_the_last_pieces_of_removed_texts_are_removed_once(store):
    assert not await store.remove_traces()
    async with store.transaction() as tx:
        await tx.erase_server(a_server())
    assert await store.remove_traces()
    assert not await store.remove_traces()
