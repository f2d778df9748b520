"""Cores whose worker is preferred to fal, for tests of fail-over."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from core import Core, a_core
from doubles.clock import ManualClock
from doubles.generation.backend import ScriptedBackend
from generation.domain.job import Job, JobStatus
from generation.domain.pricing import Micros, Price, Prices
from generation.protocol.errors import (
    GenerationFailed,
)
from generation.protocol.request import Endpoint
from generation.rules.ledger import EntryKind
from generation.rules.operator_rules import OperatorRules

PRICES = Prices({"fal": {Endpoint.STANDARD: Price(Decimal("0.05"))}})
PRICE = Micros(50_000)
OUT_OF_MEMORY = GenerationFailed("worker", error_type="runner_scheduling_failure", retryable=True)


def rules(**changes: object) -> OperatorRules:
    """The worker first, then fal."""
    return replace(OperatorRules(backends=("worker", "fal"), prices=PRICES), **changes)  # type: ignore[arg-type]


def a_worker(**how: object) -> ScriptedBackend:
    return ScriptedBackend("worker", made_by="animatediff", **how)  # type: ignore[arg-type]


def a_fal(**how: object) -> ScriptedBackend:
    return ScriptedBackend("fal", resubmits_safely=False, **how)  # type: ignore[arg-type]


@asynccontextmanager
async def both(
    folder: Path,
    worker: ScriptedBackend,
    fal: ScriptedBackend,
    operator_rules: OperatorRules | None = None,
    clock: ManualClock | None = None,
) -> AsyncIterator[Core]:
    """A core whose worker is preferred to fal."""
    operator_rules = operator_rules or rules()
    async with a_core(folder, backend=worker, others=[fal], rules=operator_rules, prices=PRICES, clock=clock) as core:
        yield core


async def run_to_end(core: Core, job: Job, *, times: int = 50) -> Job:
    """Run the job whenever it is due until it ends, as the dispatcher does."""
    for _ in range(times):
        job = await core.reload(job)
        if job.status.is_final:
            return job
        if job.not_before is not None:
            await core.clock.advance(max(0.0, (job.not_before - core.clock.now()).total_seconds()))
        await core.run(job)
    return await core.reload(job)


async def lines(core: Core, job: Job) -> list[tuple[EntryKind, int, Micros]]:
    return [(entry.kind, entry.clips, entry.amount) for entry in await core.store.ledger_of(job.id)]


async def abandoned_at_the_worker(core: Core) -> Job:
    """A job that waits to be bought after its worker went away with it."""
    core.backend.leave_during_watch()
    job = await core.run(await core.submit())
    assert (job.status, job.handle, job.waiting_for) == (JobStatus.PENDING, None, "fal")
    assert job.left is not None
    return job
