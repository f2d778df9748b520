"""What a request is judged by, as the store reads it: days in the server's zone, the last hour, ceilings, pauses."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from factories import NOW, a_delivery, a_job, a_server, a_user, an_audit_entry, later
from generation.domain.job import Job
from generation.domain.pricing import Micros
from generation.domain.refs import ServerRef
from generation.protocol.errors import StoreError
from generation.rules.ledger import refund, reserve
from generation.rules.pause import EVERY_SERVER, Pause
from generation.rules.policy import Policy

BERLIN = Policy(time_zone="Europe/Berlin")
AUDIT = an_audit_entry()


async def asked(store, at: datetime, **changes) -> Job:
    """A job that was submitted then, on the server's day of that moment."""
    standing = await store.standing(a_server(), a_user(), at)
    job = a_job(created_at=at, day=standing.usage.day, **changes)
    async with store.transaction() as tx:
        await tx.append(reserve(job, at))
    return job


async def set_policy(store, policy: Policy) -> None:
    async with store.transaction() as tx:
        await tx.set_policy(a_server(), policy, AUDIT)


async def usage_at(store, at: datetime):
    return (await store.standing(a_server(), a_user(), at)).usage


async def test_a_day_begins_at_the_servers_midnight(store, other_store):
    await set_policy(store, BERLIN)
    evening = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)  # half past midnight in Berlin
    await asked(store, evening)
    # the other process has not read this server before
    for each in (store, other_store):
        usage = await usage_at(each, evening)
        assert (usage.day, usage.user_clips_today) == (date(2026, 11, 21), 1)
        assert usage.resets_at == datetime(2026, 11, 21, 23, tzinfo=UTC)
        assert (await usage_at(each, evening - timedelta(hours=1))).user_clips_today == 0
        # what all servers spend counts by UTC
        assert usage.all_spent_today == Micros(40_000)
        assert usage.all_resets_at == datetime(2026, 11, 21, tzinfo=UTC)


async def test_a_zone_that_another_process_has_changed_is_seen_at_once(store, other_store):
    evening = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    assert (await usage_at(store, evening)).day == date(2026, 11, 20)
    await set_policy(other_store, BERLIN)
    assert (await usage_at(store, evening)).day == date(2026, 11, 21)


async def test_a_refund_counts_for_the_day_of_the_job_whatever_the_zone_is_by_then(store):
    await set_policy(store, BERLIN)
    evening = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
    job = await asked(store, evening)
    await set_policy(store, Policy())
    async with store.transaction() as tx:
        await tx.append(refund(job, later(days=2)))
    assert await store.ledger_discrepancies() == []
    await set_policy(store, BERLIN)
    assert (await usage_at(store, evening)).user_clips_today == 0


async def test_a_month_is_the_sum_of_its_days(store):
    for day in (
        datetime(2027, 1, 31, 23, 59, tzinfo=UTC),
        *(datetime(2027, 2, day, tzinfo=UTC) for day in (1, 15, 28)),
    ):
        await asked(store, day)
    usage = await usage_at(store, datetime(2027, 2, 28, 12, tzinfo=UTC))
    assert (usage.user_clips_this_month, usage.server_clips_this_month, usage.user_clips_today) == (3, 3, 1)
    assert usage.all_spent_this_month == Micros(3 * 40_000)
    assert (await usage_at(store, datetime(2027, 3, 1, tzinfo=UTC))).user_clips_this_month == 0


async def test_the_last_hour_counts_what_was_asked_for_in_it_and_not_given_back(store):
    old = await asked(store, later(minutes=-70))
    given_back = await asked(store, later(minutes=-30))
    await asked(store, later(minutes=-20))
    await asked(store, later(minutes=-10))
    async with store.transaction() as tx:
        # of a clip that was asked for before the hour: gives nothing back within it
        await tx.append(refund(old, NOW))
        await tx.append(refund(given_back, NOW))
    usage = await usage_at(store, NOW)
    assert (usage.user_clips_this_hour, usage.last_clip_at) == (2, later(minutes=-10))
    moments = [later(minutes=-20), later(minutes=-10)]
    assert await store.asked_lately(a_server(), a_user(), NOW) == moments
    assert (await usage_at(store, later(minutes=50))).user_clips_this_hour == 0
    other = (await store.standing(a_server(), a_user("7002"), NOW)).usage
    assert (other.user_clips_this_hour, other.last_clip_at) == (0, None)


async def test_a_clock_that_was_set_back_by_days_does_not_lock_members_out(store):
    await asked(store, later(days=3))
    usage = await usage_at(store, NOW)
    assert (usage.user_clips_this_hour, usage.last_clip_at, usage.user_clips_today) == (0, None, 0)
    # by seconds, as between two machines, it counts
    await asked(store, later(seconds=30))
    assert (await usage_at(store, NOW)).user_clips_this_hour == 1


async def test_ceilings_are_kept_for_all_and_for_one(store, other_store):
    async with store.transaction() as tx:
        await tx.set_ceilings(EVERY_SERVER, {"max_frames": 16}, AUDIT)
        await tx.set_ceilings(a_server(), {"max_frames": 32, "user_clips_per_day": None}, AUDIT)
    rules = (await other_store.standing(a_server(), a_user(), NOW)).rules
    assert rules.ceilings == {"max_frames": 16}
    assert rules.own_ceilings == {"max_frames": 32, "user_clips_per_day": None}
    assert await other_store.ceilings_of(a_server("9002")) == {}


async def test_ceilings_that_cannot_be_read_let_nothing_through(store, execute):
    await execute("INSERT INTO ceilings (server, ceilings) VALUES ('terminal:all', '{\"max_frames\": 129}')")
    with pytest.raises(StoreError, match="ceilings"):
        await store.standing(a_server(), a_user(), NOW)


def a_pause(server: ServerRef = EVERY_SERVER, **changes) -> Pause:
    return replace(Pause(server, "back soon", a_user("7900"), NOW), **changes)


async def set_pause(store, pause: Pause | None, server: ServerRef = EVERY_SERVER) -> None:
    async with store.transaction() as tx:
        await tx.set_pause(server, pause, AUDIT)


async def test_a_pause_is_kept_until_it_is_ended(store, other_store):
    own = a_pause(a_server(), until=later(hours=2))
    await set_pause(store, own, a_server())
    assert (await other_store.standing(a_server(), a_user(), NOW)).rules.pause == own
    assert (await other_store.standing(a_server("9002"), a_user(), NOW)).rules.pause is None
    await set_pause(store, a_pause())
    # what is said of all is read first
    assert (await other_store.standing(a_server(), a_user(), NOW)).rules.pause == a_pause()
    assert await other_store.pauses(NOW) == [own, a_pause()] or await other_store.pauses(NOW) == [a_pause(), own]
    await set_pause(other_store, None)
    assert (await store.standing(a_server(), a_user(), NOW)).rules.pause == own
    # its time is over
    assert (await store.standing(a_server(), a_user(), later(hours=2))).rules.pause is None
    async with store.transaction() as tx:
        assert await tx.pause_at(a_server(), NOW) == own
        assert await tx.pause_at(EVERY_SERVER, NOW) is None


async def test_waiting_jobs_are_held_only_where_that_was_said(store):
    job = a_job()
    async with store.transaction() as tx:
        await tx.add_job(job, a_delivery(job), None)

    async def waiting(now: datetime = NOW) -> int:
        return len(await store.claimable(now, limit=10))

    await set_pause(store, a_pause())
    assert await waiting() == 1
    await set_pause(store, a_pause(holds_waiting=True, until=later(hours=1)))
    assert (await waiting(), await waiting(later(hours=1))) == (0, 1)
    assert await store.held_jobs(NOW, limit=9) == [(job, "back soon")]
    assert await store.held_jobs(later(hours=1), limit=9) == []
    await set_pause(store, None)
    await set_pause(store, a_pause(a_server("9002"), holds_waiting=True), a_server("9002"))
    assert await waiting() == 1
    await set_pause(store, a_pause(a_server(), holds_waiting=True), a_server())
    assert await waiting() == 0
