"""Who is told that a clip is ready: owed with the outcome, once, and nothing of what is gone meanwhile."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from core import Core, a_core
from doubles.clock import ManualClock
from factories import NOW, a_channel, a_delivery, a_job, a_message, a_server, a_user, an_answer, later, moved
from generation.delivery.ready_notices import ready_notice, wants_to_be_told
from generation.domain.delivery import Delivery, DeliveryStatus
from generation.domain.job import Job, JobStatus
from generation.domain.notice import Audience, NoticeKind, NoticeStatus
from generation.domain.refs import Platform
from generation.rules.policy import NotifyWhen
from generation.service.clips import Actor

CLIP = moved(a_job(), JobStatus.SUCCEEDED)
OWED = a_delivery(CLIP, status=DeliveryStatus.OWED, message=a_message())
SENT = OWED.sent(a_message(), NOW)


@pytest.fixture
async def core(tmp_path: Path):
    async with a_core(tmp_path, clock=ManualClock()) as core:
        yield core


def test_the_asker_of_a_clip_is_told_where_it_was_asked_for():
    notice = ready_notice(CLIP, OWED, SENT, NOW)
    assert notice is not None
    assert (notice.audience, notice.kind, notice.member) == (Audience.ASKER, NoticeKind.CLIP_READY, a_user())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (OWED.sent(a_message(), NOW), SENT),
        (OWED, OWED.delayed(later(minutes=1))),
        (OWED, OWED.abandoned("no place")),
        (OWED, OWED.sent(None, NOW).shown_as(a_message(channel=a_channel("8001")))),
        (OWED, replace(SENT, answer=an_answer(private=True))),
    ],
    ids=["shown before", "not yet", "nowhere", "a direct message", "theirs alone"],
)
def test_nobody_is_told_of_what_pings_by_itself_or_has_not_arrived(before: Delivery, after: Delivery):
    assert ready_notice(CLIP, before, after, NOW) is None


@pytest.mark.parametrize(
    ("job", "told"),
    [
        (CLIP, True),
        (moved(a_job(), JobStatus.FAILED), True),
        (moved(a_job(), JobStatus.CANCELLED), False),
        (moved(a_job(channel=a_channel(server=a_server("0", Platform.TERMINAL))), JobStatus.SUCCEEDED), False),
    ],
    ids=["made", "failed", "cancelled", "in a terminal"],
)
async def test_a_member_wants_to_hear_of_clips_and_failures(core: Core, job: Job, told: bool):
    await core.service.choose(job.requested_by, job.channel.server, {"notify": NotifyWhen.ALWAYS})
    assert await wants_to_be_told(core.store, job, NOW) is told


async def owe(core: Core, job: Job, delivery: Delivery) -> None:
    notice = ready_notice(job, replace(delivery, sent_at=None), delivery, core.clock.now())
    assert notice is not None
    async with core.store.transaction() as tx:
        await tx.add_job(job, delivery, None)
        assert await tx.add_notice(notice)


async def test_the_notice_replies_to_the_message_that_shows_the_clip(core: Core):
    await owe(core, CLIP, SENT)
    await core.notices.post_due()
    assert [each.clip for each in core.messenger.posted] == [a_message()]


async def test_nothing_is_told_of_a_clip_that_was_deleted_meanwhile(core: Core):
    await owe(core, CLIP, SENT)
    await core.service.delete(CLIP.id, Actor(a_user(), a_server()))
    await core.notices.post_due()
    assert core.messenger.posted == []
    assert [each.status for each in core.observer.notices] == [NoticeStatus.ABANDONED]


async def test_an_outcome_that_has_arrived_is_saved_where_the_servers_rules_cannot_be_read(tmp_path: Path):
    async with a_core(tmp_path) as core:
        job = await core.finish()
        with closing(sqlite3.connect(tmp_path / "flipbook.db")) as database, database:
            database.execute("INSERT INTO server_policies (server, policy) VALUES (?, '[]')", (str(a_server()),))
        await core.relay.deliver(job.id)
        assert (await core.delivery(job)).status is DeliveryStatus.SENT
        await core.notices.post_due()
        assert core.messenger.posted == []
