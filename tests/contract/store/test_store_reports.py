"""Reports: one open per clip and member, counted by member, decided together, gone with their job."""

from factories import NOW, a_delivery, a_job, a_server, a_user, later
from generation.domain.job import Job
from generation.domain.report import Decision, Report, ReportReason


async def a_stored_job(store) -> Job:
    job = a_job()
    async with store.transaction() as tx:
        await tx.add_job(job, a_delivery(job), None)
    return job


def a_report(job: Job, by: str = "8001", at=NOW) -> Report:
    return Report(job.id, a_server(), a_user(by), ReportReason.VIOLENT, "*not* \0 here", at)


async def test_a_member_has_one_open_report_of_a_clip_and_may_report_it_again_once_it_is_decided(store):
    job = await a_stored_job(store)
    async with store.transaction() as tx:
        assert [await tx.add_report(a_report(job)) for _ in range(2)] == [True, False]
        assert await tx.add_report(a_report(job, by="8002"))
    async with store.transaction() as tx:
        assert await tx.decide_reports(job.id, Decision.DISMISS, by=a_user("7900"), at=later(hours=1)) == 2
        assert await tx.decide_reports(job.id, Decision.HIDE, by=a_user("7900"), at=later(hours=2)) == 0
        assert await tx.add_report(a_report(job, at=later(hours=3)))
    first, second, third = await store.reports_of(job.id)
    assert (first.decision, first.decided_by, first.decided_at) == (Decision.DISMISS, a_user("7900"), later(hours=1))
    assert (second.by, third.decision) == (a_user("8002"), None)
    assert await store.open_reports_in(a_server(), limit=5) == [third]
    assert await store.open_reports_in(a_server("9002"), limit=5) == []


async def test_reports_are_counted_by_member_from_a_moment_on(store):
    jobs = [await a_stored_job(store) for _ in range(3)]
    async with store.transaction() as tx:
        for hours, job in enumerate(jobs):
            assert await tx.add_report(a_report(job, at=later(hours=hours)))
        assert await tx.reports_by(a_user("8001"), since=NOW) == 2
    assert await store.reports_by(a_user("8001"), since=later(hours=-1)) == 3
    assert await store.reports_by(a_user("8002"), since=later(hours=-1)) == 0
