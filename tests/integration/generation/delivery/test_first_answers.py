"""Which message shows a job is recorded for many jobs at once, and for each by itself where something is wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from core import Core, a_core
from db.store import SqlStore
from db.transaction import SqlTransaction
from factories import a_message
from generation.domain.job import Job, JobId
from generation.domain.refs import Platform
from generation.ports import Urgency
from generation.protocol.errors import JobNotFound, StoreBusy
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules

MANY = OperatorRules(backends=("fal",), default_limits=Limits(user_active_jobs=100, server_active_jobs=100))
NOBODY = JobId("0" * 24)


@dataclass
class Counted:
    """The real store, which counts transactions and can refuse them."""

    store: SqlStore
    transactions: int = 0
    is_refusing: bool = False

    @asynccontextmanager
    async def transaction(self, urgency: Urgency = Urgency.BACKGROUND) -> AsyncIterator[SqlTransaction]:
        self.transactions += 1
        if self.is_refusing:
            raise StoreBusy("the disk is away")
        async with self.store.transaction(urgency) as tx:
            yield tx

    def __getattr__(self, name: str) -> object:
        return getattr(self.store, name)


async def many_jobs(core: Core, count: int) -> list[Job]:
    return [await core.submit(origin=f"o{number}") for number in range(count)]


def counted(core: Core) -> Counted:
    assert isinstance(core.store, Counted)
    core.store.transactions = 0
    return core.store


async def open_all(core: Core, ids: list[JobId]) -> list[object]:
    """Every job's first answer at the same time; what each record has raised, or None."""
    records = [core.service.opened(job_id, a_message(f"m{number}")) for number, job_id in enumerate(ids)]
    return list(await asyncio.gather(*records, return_exceptions=True))


async def shown(core: Core, job: Job) -> str | None:
    message = (await core.delivery(job)).message
    return None if message is None else message.id


async def test_first_answers_of_one_moment_share_a_transaction(tmp_path):
    async with a_core(tmp_path, rules=MANY, around=Counted) as core:
        jobs = await many_jobs(core, 20)
        store = counted(core)
        assert await open_all(core, [job.id for job in jobs]) == [None] * 20
        assert store.transactions == 1
        assert [await shown(core, job) for job in jobs] == [f"m{number}" for number in range(20)]


async def test_how_long_a_member_has_waited_is_told_once_it_is_recorded(tmp_path):
    async with a_core(tmp_path) as core:
        job = await core.submit()
        await core.clock.advance(1.5)
        await core.service.opened(job.id, a_message())
        assert core.observer.opened == [(Platform.DISCORD, 1.5)]
        with pytest.raises(JobNotFound):
            await core.service.opened(NOBODY, a_message())
        assert len(core.observer.opened) == 1


@pytest.mark.parametrize("others", [0, 1, 5])
async def test_a_job_that_is_gone_keeps_no_other_from_its_message(tmp_path, others):
    async with a_core(tmp_path, rules=MANY, around=Counted) as core:
        jobs = await many_jobs(core, others)
        raised = await open_all(core, [NOBODY, *(job.id for job in jobs)])
        assert isinstance(raised[0], JobNotFound)
        assert raised[1:] == [None] * others
        assert [await shown(core, job) for job in jobs] == [f"m{number + 1}" for number in range(others)]


async def test_a_store_that_refuses_tells_everyone_and_the_next_record_works(tmp_path):
    async with a_core(tmp_path, rules=MANY, around=Counted) as core:
        jobs = await many_jobs(core, 3)
        store = counted(core)
        store.is_refusing = True
        raised = await open_all(core, [job.id for job in jobs])
        assert [type(error) for error in raised] == [StoreBusy] * 3
        store.is_refusing = False
        assert await open_all(core, [job.id for job in jobs]) == [None] * 3
        assert [await shown(core, job) for job in jobs] == ["m0", "m1", "m2"]


@pytest.mark.parametrize("leaver", [0, 1, 2])
async def test_whoever_leaves_takes_nobodys_record_along(tmp_path, leaver):
    async with a_core(tmp_path, rules=MANY, around=Counted) as core:
        jobs = await many_jobs(core, 3)
        records = [asyncio.create_task(core.service.opened(job.id, a_message(job.id))) for job in jobs]
        await asyncio.sleep(0)
        records[leaver].cancel()
        ended = await asyncio.gather(*records, return_exceptions=True)
        assert [isinstance(each, asyncio.CancelledError) for each in ended] == [n == leaver for n in range(3)]
        assert [await shown(core, job) for job in jobs] == [job.id for job in jobs]
        assert await open_all(core, [job.id for job in jobs]) == [None] * 3


async def test_an_outcome_that_is_due_gets_its_message_and_one_that_has_arrived_keeps_its_own(tmp_path):
    async with a_core(tmp_path, rules=MANY, around=Counted) as core:
        waiting, running = await many_jobs(core, 2)
        await core.run(waiting)
        assert await open_all(core, [waiting.id, running.id]) == [None, None]
        assert (await shown(core, waiting), await shown(core, running)) == ("m0", "m1")
