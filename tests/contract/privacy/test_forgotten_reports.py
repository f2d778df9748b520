"""What a member has reported and was told is found and forgotten, on every database."""

import json
from dataclasses import replace

from databases import a_cipher
from factories import NOW, a_channel, a_delivery, a_job, a_notice, a_server, a_user, later, moved
from generation.domain.job import JobStatus
from generation.domain.notice import Audience, NoticeKind, OwedNotice
from generation.domain.report import Report, ReportReason


async def test_reports_keep_what_was_reported_under_a_pseudonym(store):
    job = moved(a_job(requested_by=a_user("7002")), JobStatus.SUCCEEDED)
    report = Report(job.id, a_server(), a_user(), ReportReason.OTHER, "my own words", NOW)
    async with store.transaction() as tx:
        await tx.add_job(job, a_delivery(job), None)
        await tx.add_report(report)
        await tx.add_report(replace(report, by=a_user("7003")))
    assert await store.every_report_by(a_user()) == [report]
    async with store.transaction() as tx:
        await tx.forget_reports(a_user())
    assert await store.every_report_by(a_user()) == []
    member = a_cipher().pseudonyms.of(a_server(), a_user())
    assert await store.every_report_by(member) == [replace(report, by=member, words="")]
    assert len(await store.every_report_by(a_user("7003"))) == 1


async def test_a_member_who_reports_a_clip_again_after_being_forgotten_is_forgotten_again(store):
    job = moved(a_job(requested_by=a_user("7002")), JobStatus.SUCCEEDED)
    report = Report(job.id, a_server(), a_user(), ReportReason.OTHER, "my own words", NOW)
    async with store.transaction() as tx:
        await tx.add_job(job, a_delivery(job), None)
        await tx.add_report(report)
        await tx.forget_reports(a_user())
        assert await tx.add_report(replace(report, words="again"))
        await tx.forget_reports(a_user())
    member = a_cipher().pseudonyms.of(a_server(), a_user())
    assert await store.reports_of(job.id) == [replace(report, by=member, words="")]


async def test_old_notices_go_and_welcomes_are_told_once_for_ever(store):
    old = [
        OwedNotice(a_notice(key=key, kind=kind), next_attempt_at=NOW)
        for key, kind in (("told", NoticeKind.WELCOME), ("held", NoticeKind.WELCOME), ("lost", NoticeKind.REPORT))
    ]
    async with store.transaction() as tx:
        for each, status in zip(old, (OwedNotice.told, lost, lost), strict=True):
            await tx.add_notice(each.notice)
            await tx.save_notice(status(each))
        assert await tx.forget_old_notices(later(days=1)) == 2
        assert not await tx.add_notice(old[0].notice)
        # what an admin reads has its words
        assert await tx.take_held_notices(a_server(), limit=5) == [old[1].notice]


def lost(owed: OwedNotice) -> OwedNotice:
    return owed.undeliverable("there is no log channel")


async def test_told_notices_about_a_member_go_and_owed_ones_are_counted(store, fetch):
    def told(key: str, **changes: object) -> OwedNotice:
        return OwedNotice(a_notice(key=key, **changes), next_attempt_at=NOW).told()

    to_member = {"audience": Audience.MEMBER, "kind": NoticeKind.FORGOTTEN, "member": a_user()}
    notices = [
        told("told", **to_member),
        told("about", details={"asker": a_user().id}),
        told(f"keyed:{a_user().id}"),
        told("other", details={"asker": "7002"}),
    ]
    owed = a_notice(key="owed", **to_member)
    async with store.transaction() as tx:
        for each in notices:
            await tx.add_notice(each.notice)
            await tx.save_notice(each)
        await tx.add_notice(owed)
        assert await tx.forget_notices(a_user()) == 1
    assert sorted(await fetch("SELECT key FROM notices")) == [("other",), ("owed",)]
    async with store.transaction() as tx:
        assert await tx.forget_old_notices(later(days=1)) == 1
    # what is still to be told keeps its words
    assert await fetch("SELECT key FROM notices") == [("owed",)]


async def test_a_notice_that_is_still_to_be_told_keeps_no_words_of_who_is_forgotten(store, fetch):
    details = {"asker": "7001", "prompt": "my prompt", "reporter": "7002", "words": "their words", "clip": "c"}
    async with store.transaction() as tx:
        await tx.add_notice(a_notice(key="report", kind=NoticeKind.REPORT, details=details))
        assert await tx.forget_notices(a_user("7001")) == 1
    ((left,),) = await fetch("SELECT details FROM notices")
    assert json.loads(left) == details | {"prompt": ""}
    async with store.transaction() as tx:
        assert await tx.forget_notices(a_user("7002")) == 1
    ((left,),) = await fetch("SELECT details FROM notices")
    assert json.loads(left) == details | {"prompt": "", "words": ""}


async def test_every_member_with_jobs_is_found_in_each_server(store):
    elsewhere = a_channel("5002", server=a_server("9002"))
    jobs = [a_job(), a_job(), a_job(channel=elsewhere), moved(a_job(), JobStatus.FAILED)]
    async with store.transaction() as tx:
        for job in jobs:
            await tx.add_job(job, a_delivery(job), None)
        await tx.erase_job(jobs[-1], NOW)
    assert await store.known_members() == [(a_server(), a_user()), (a_server("9002"), a_user())]
