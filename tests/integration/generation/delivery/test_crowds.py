"""Many outcomes at once cost few looks and few transactions, and each arrives once."""

from pathlib import Path
from typing import Any

import pytest

from core import a_core
from core_running import dispatching, reached, relaying, until
from doubles.clock import ManualClock
from doubles.generation.faulty_store import FaultyStore
from factories import a_message
from generation.delivery.timing import RelayTiming
from generation.domain.job import JobStatus
from generation.ports import Urgency
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules

OPEN = OperatorRules(
    backends=("worker",),
    default_limits=Limits(user_active_jobs=1_000, user_clips_per_day=None, server_active_jobs=1_000),
)


class Counting(FaultyStore):
    """Counts looks for waiting jobs and for due outcomes, and transactions."""

    looks = due_looks = transactions = 0

    async def waiting_ids(self, *args: Any, **keywords: Any) -> Any:
        self.looks += 1
        return await self.store.waiting_ids(*args, **keywords)

    async def owed_deliveries(self, *args: Any, **keywords: Any) -> Any:
        self.due_looks += 1
        return await self.store.owed_deliveries(*args, **keywords)

    def transaction(self, urgency: Urgency = Urgency.BACKGROUND) -> Any:
        self.transactions += 1
        return super().transaction(urgency)


@pytest.mark.parametrize("at_once", [4, 16, 100])
async def test_outcomes_that_are_due_together_are_claimed_together(tmp_path: Path, at_once: int) -> None:
    timing = RelayTiming(at_once=at_once)
    async with a_core(tmp_path, clock=ManualClock(), rules=OPEN, around=Counting, relay_timing=timing) as core:
        jobs = [await core.finish(origin=f"o{number}") for number in range(40)]
        core.store.transactions = core.store.due_looks = 0
        async with relaying(core):
            await until(core, lambda: len(core.messenger.delivered) >= len(jobs), step=0.01)
        assert sorted(each[0] for each in core.messenger.delivered) == sorted(job.id for job in jobs)
        # one to save each, and one for each handful that is begun
        assert core.store.transactions <= len(jobs) + len(jobs) // at_once * 2 + 8
        assert core.store.due_looks <= 3


async def test_a_job_that_ends_makes_nobody_look_for_jobs(tmp_path: Path) -> None:
    async with (
        a_core(tmp_path, clock=ManualClock(), rules=OPEN, around=Counting) as core,
        dispatching(core),
    ):
        await core.clock.advance(0.5)
        for number in range(20):
            job = await core.submit(origin=f"o{number}", user=str(number))
            await core.service.opened(job.id, a_message(str(number)))
        began, before = core.clock.now(), core.store.looks
        await until(core, reached(core, JobStatus.SUCCEEDED, 20), step=0.05)
        # once for what was submitted, and once a second besides
        assert core.store.looks - before <= 2 + (core.clock.now() - began).total_seconds()
