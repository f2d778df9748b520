"""The ledger as a whole: added up, and compared with the jobs, on every database."""

from dataclasses import replace

import pytest

from databases import a_cipher
from factories import NOW, a_channel, a_delivery, a_job, a_server, a_user, later, moved
from generation.domain.job import Job, JobStatus
from generation.domain.pricing import Micros
from generation.rules.ledger import Totals, refund, reserve, settle
from generation.rules.money.spending import Misbooked, SpendBy, Spending, SpendQuery, by_spending

CENT = 10_000


@pytest.fixture(autouse=True)
def small_pieces(store) -> None:
    """So that a few rows are several reads."""
    store.rows_at_a_time = 2


async def book(store, job: Job, *, end: Job | None = None) -> None:
    """The job as it is stored, with its lines."""
    async with store.transaction() as tx:
        await tx.add_job(job, a_delivery(job), None)
        await tx.append(reserve(job, NOW))
        if end is not None:
            await tx.save_job(end, was=job)
            succeeded = end.status is JobStatus.SUCCEEDED
            await tx.append(settle(end, NOW) if succeeded else refund(end, NOW, end.cost or Micros(0)))


async def a_book(store) -> None:
    """Of one member a clip for 3 cents instead of 4, and one that waits; of another, in another server, on the next
    day, one that was cancelled."""
    job = a_job()
    await book(store, job, end=replace(moved(job, JobStatus.SUCCEEDED), cost=Micros(3 * CENT)))
    await book(store, a_job())
    other = a_job(requested_by=a_user("7002"), channel=a_channel(server=a_server("9002")), created_at=later(days=1))
    await book(store, other, end=moved(other, JobStatus.CANCELLED))


def sums(clips: int, *, reserved: int, settled: int = 0, refunded: int = 0) -> tuple[int, int, int, int]:
    return clips, reserved * CENT, settled * CENT, refunded * CENT


async def added_up(store, *by: SpendBy, **question) -> list[tuple]:
    rows = by_spending(await store.spending(SpendQuery(by, **question)), by)
    return [(*row.keys, (row.clips, row.reserved, row.settled, row.refunded)) for row in rows]


async def test_lines_are_added_up_by_what_is_asked(store):
    await a_book(store)
    first, second = sums(2, reserved=8, settled=-1), sums(0, reserved=4, refunded=-4)
    assert await added_up(store, SpendBy.DAY) == [("2026-11-20", first), ("2026-11-21", second)]
    assert await added_up(store, SpendBy.SERVER) == [("discord:9001", first), ("discord:9002", second)]
    assert await added_up(store, SpendBy.MEMBER) == [("discord:7001", first), ("discord:7002", second)]
    assert await added_up(store, SpendBy.BACKEND, SpendBy.DAY) == [
        ("none", "2026-11-20", sums(1, reserved=4)),
        ("fal", "2026-11-20", sums(1, reserved=4, settled=-1)),
        ("none", "2026-11-21", second),
    ]


async def test_days_and_a_server_narrow_what_is_added_up(store):
    await a_book(store)
    today, tomorrow = NOW.date(), later(days=1).date()
    assert len(await added_up(store, SpendBy.SERVER, first=tomorrow)) == 1
    assert await added_up(store, SpendBy.SERVER, first=today, last=today) == [
        ("discord:9001", sums(2, reserved=8, settled=-1))
    ]
    assert await added_up(store, SpendBy.DAY, server=a_server("9002")) == [
        ("2026-11-21", sums(0, reserved=4, refunded=-4))
    ]
    assert await added_up(store, SpendBy.DAY, first=later(days=2).date()) == []


async def test_whoever_has_no_job_any_more_is_a_pseudonym(store, execute):
    await a_book(store)
    await execute("DELETE FROM jobs WHERE server = 'discord:9002'")
    pseudonym = a_cipher().pseudonyms.of(a_server("9002"), a_user("7002"))
    names = {name for name, _ in await added_up(store, SpendBy.MEMBER)}
    assert names == {"discord:7001", str(pseudonym)}
    assert await store.lines_without_job() == 2


async def test_books_that_are_right_agree_with_every_job(store):
    await a_book(store)
    charged = a_job()
    await book(store, charged, end=replace(moved(charged, JobStatus.FAILED), cost=Micros(4 * CENT)))
    assert [found async for found in store.misbooked()] == []
    assert await store.lines_without_job() == 0


async def test_jobs_whose_lines_say_something_else_are_named(store, execute):
    paid, unbooked, twice = a_job(), a_job(), a_job()
    await book(store, paid, end=moved(paid, JobStatus.SUCCEEDED))
    await book(store, twice)
    async with store.transaction() as tx:
        await tx.add_job(unbooked, a_delivery(unbooked), None)
        await tx.append(reserve(twice, NOW))
    await execute(f"UPDATE jobs SET cost = 70000 WHERE id = '{paid.id}'")
    reserved = Totals(1, Micros(4 * CENT))
    assert [found async for found in store.misbooked()] == [
        Misbooked(paid.id, JobStatus.SUCCEEDED, booked=reserved, expected=Totals(1, Micros(7 * CENT))),
        Misbooked(twice.id, JobStatus.PENDING, booked=Totals(2, Micros(8 * CENT)), expected=reserved),
        Misbooked(unbooked.id, JobStatus.PENDING, booked=Totals(0, Micros(0)), expected=reserved),
    ]


def test_the_dearest_of_a_day_comes_first():
    rows = [Spending(("b", "2"), reserved=Micros(1)), Spending(("a", "2"), reserved=Micros(5)), Spending(("c", "1"))]
    assert [row.keys for row in by_spending(rows, (SpendBy.MEMBER, SpendBy.DAY))] == [
        ("c", "1"),
        ("a", "2"),
        ("b", "2"),
    ]


async def test_a_question_about_late_days_finds_every_line_of_them(store):
    """However the first of them is looked for among all the lines."""
    for number in range(12):
        async with store.transaction() as tx:
            at = later(days=number - number % 3)
            await tx.append(reserve(a_job(created_at=at), at))
    by_day = dict(await added_up(store, SpendBy.DAY))
    assert sorted(by_day) == ["2026-11-20", "2026-11-23", "2026-11-26", "2026-11-29"]
    for number in range(12):
        first = later(days=number).date()
        left = {day: sums for day, sums in by_day.items() if day >= first.isoformat()}
        assert dict(await added_up(store, SpendBy.DAY, first=first)) == left
