"""Members find their clips again: by number, page by page, and those under way."""

from pathlib import Path

import pytest

from core import a_core
from factories import NOW, a_channel, a_delivery, a_job, a_message, a_server, a_user, later, moved
from generation.domain.delivery import DeliveryStatus
from generation.domain.gallery import HistoryPage
from generation.domain.job import Job, JobStatus
from generation.protocol.errors import JobNotFound
from generation.service.clips import Actor


async def add(core, *jobs: Job) -> None:
    async with core.store.transaction() as tx:
        for job in jobs:
            await tx.add_job(job, a_delivery(job, message=a_message(job.id), status=DeliveryStatus.SENT), None)


def numbers(page: HistoryPage) -> list[int | None]:
    return [each.job.number for each in page.shown]


async def test_a_job_is_named_by_its_number_in_its_server_or_by_its_id(tmp_path: Path):
    async with a_core(tmp_path) as core:
        first, second = await core.submit(origin="o1"), await core.submit(origin="o2")
        server = first.channel.server
        assert (first.name, second.name) == ("#1", "#2")
        for name in ("#2", "2", " `#2` ", "002", second.id, second.id.upper()):
            assert await core.service.named_job(name, server) == second.id
        for name in ("#3", "0", "#", "-1", "1 2", "٢", "9" * 12, "'; --", ""):
            with pytest.raises(JobNotFound):
                await core.service.named_job(name, server)
        with pytest.raises(JobNotFound):
            await core.service.named_job("#2", a_server("another"))


async def test_the_same_event_again_takes_no_number(tmp_path: Path):
    async with a_core(tmp_path) as core:
        assert (await core.submit(origin="o1")).number == 1
        assert (await core.submit(origin="o1")).number == 1
        assert (await core.submit(origin="o2")).number == 2


async def test_a_history_goes_back_and_forth_in_pages(tmp_path: Path):
    async with a_core(tmp_path) as core:
        # two at one moment: the order of asking decides
        made = [moved(a_job(number=n, created_at=later(seconds=n // 2)), JobStatus.SUCCEEDED) for n in range(1, 8)]
        elsewhere = a_job(channel=a_channel(server=a_server("another")))
        await add(core, *made, elsewhere, a_job(requested_by=a_user("8")))
        member, server = a_user(), a_server()

        async def page(**beside) -> HistoryPage:
            return await core.service.history(member, server, size=3, **beside)

        first = await page()
        assert (numbers(first), first.newer_than) == ([7, 6, 5], None)
        second = await page(older_than=first.older_than)
        assert numbers(second) == [4, 3, 2]
        third = await page(older_than=second.older_than)
        assert (numbers(third), third.older_than) == ([1], None)
        assert numbers(await page(newer_than=third.newer_than)) == [4, 3, 2]
        assert await page(newer_than=second.newer_than) == first
        # a forged place shows nothing of others
        assert numbers(await page(older_than=elsewhere.id)) == [1]
        assert await page(newer_than="0" * 24) == first


async def test_an_entry_leads_to_its_message_while_there_is_one(tmp_path: Path):
    async with a_core(tmp_path) as core:
        made = moved(a_job(), JobStatus.SUCCEEDED)
        await add(core, made, moved(a_job(created_at=later(seconds=1)), JobStatus.SUCCEEDED).deleted(NOW))
        deleted, shown = (await core.service.history(a_user(), a_server())).shown
        assert deleted.message is None
        assert shown.message == a_message(made.id)


async def test_what_is_under_way_says_how_far_ones_own_is_and_what_may_be_cancelled(tmp_path: Path):
    async with a_core(tmp_path) as core:
        mine, theirs = a_job(), a_job(requested_by=a_user("8"))
        await add(core, mine, theirs)
        own, other = await core.service.under_way(Actor(a_user(), a_server()), limit=5)
        assert (own.may_cancel, own.progress is None) == (True, False)
        assert (other.may_cancel, other.progress) == (False, None)
        moderator = Actor(a_user(), a_server(), is_moderator=True)
        assert [each.may_cancel for each in await core.service.under_way(moderator, limit=5)] == [True, True]
