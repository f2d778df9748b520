"""Whatever fails in whatever order, and whenever the process is killed: bought at most once, delivered exactly once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core import Core, QuickClock, a_core
from doubles.generation.backend import ScriptedBackend
from failover_cores import OUT_OF_MEMORY, PRICE, PRICES
from generation.domain.job import FailureKind, Job, JobId, JobStatus
from generation.domain.pricing import FREE, Micros
from generation.lifecycle.timing import LifecycleTiming
from generation.protocol.errors import (
    AccountLocked,
    BackendBusy,
    BackendError,
    BackendUnavailable,
    RequestNotFound,
    SubmissionOutcomeUnknown,
)
from generation.rules.ledger import EVERYWHERE
from generation.rules.operator_rules import OperatorRules

MAX_RESTARTS = 60
SHORT = LifecycleTiming(failover_waiting=4, failover_queued=6, failover_running=12, confirmation=30)
A_LONG_SILENCE = 14
"""That many failed watches, a second apart, take longer than a rendering worker is waited for."""


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Kills:
    """How many steps the process takes before each of its kills; after the last one it goes on."""

    steps: list[int]

    def step(self) -> None:
        """One step closer to the next kill."""
        if self.steps:
            self.steps[0] -= 1
            if self.steps[0] <= 0:
                self.steps.pop(0)
                raise Killed


@dataclass
class MortalStore:
    """The real store, in a process that may be killed before and after every commit."""

    store: Any
    kills: Kills

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    @asynccontextmanager
    async def transaction(self, *urgency: Any) -> AsyncIterator[Any]:
        async with self.store.transaction(*urgency) as tx:
            yield tx
            self.kills.step()
        self.kills.step()


@dataclass
class Fal(ScriptedBackend):
    """fal: counts the submissions that it has, or may have, accepted, and may be the last thing a process sees."""

    name: str = "fal"
    resubmits_safely: bool = False
    kills: Kills = field(default_factory=lambda: Kills([]))
    maybe_bought: int = 0

    async def submit(self, *args: Any, **keywords: Any) -> str:
        self.maybe_bought += 1  # for all that a process knows which is killed now
        self.kills.step()
        try:
            return await super().submit(*args, **keywords)
        except (BackendUnavailable, BackendBusy, AccountLocked):
            self.maybe_bought -= 1
            raise


@dataclass(frozen=True)
class Case:
    """What goes wrong, in order."""

    worker_submit: list[BackendError]
    worker_watch: list[list[BackendError]]
    fal_submit: list[BackendError]
    fal_watch: list[BackendError]
    fal_fetch: list[BackendError]
    kills: list[int]
    fal_first: bool
    budget: Micros


AWAY, BUSY, CUT = BackendUnavailable, BackendBusy, SubmissionOutcomeUnknown


def some(*errors: Any, most: int = 6) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(errors), max_size=most)


CASES = st.builds(
    Case,
    worker_submit=st.one_of(
        some(AWAY("worker"), BUSY("worker"), CUT("worker", "cut"), most=8),
        st.just([AWAY("worker")] * 8),
        st.just([CUT("worker", "cut")] * 8),
    ),
    worker_watch=some(
        [AWAY("worker")], [AWAY("worker")] * A_LONG_SILENCE, [RequestNotFound("worker")], [OUT_OF_MEMORY]
    ),
    fal_submit=some(AWAY("fal"), BUSY("fal"), CUT("fal", "cut"), AccountLocked("fal")),
    fal_watch=some(AWAY("fal")),
    fal_fetch=some(AWAY("fal")),
    kills=st.lists(st.integers(min_value=1, max_value=25), max_size=4),
    fal_first=st.booleans(),
    budget=st.sampled_from([FREE, PRICE]),
)


@given(CASES)
@settings(
    max_examples=30, deadline=None, phases=[Phase.reuse, Phase.generate], suppress_health_check=[HealthCheck.too_slow]
)
def test_a_job_is_bought_at_most_once_and_its_one_clip_delivered_once(case: Case) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_play(case, Path(folder)))


async def _play(case: Case, folder: Path) -> None:
    kills = Kills([])
    worker, fal = _backends(case, kills)
    order = (fal, worker) if case.fal_first else (worker, fal)
    operator_rules = OperatorRules(backends=tuple(each.name for each in order), prices=PRICES, daily_budget=case.budget)
    clock = QuickClock()

    @asynccontextmanager
    async def a_process() -> AsyncIterator[Core]:
        first, second = order
        async with a_core(
            folder,
            backend=first,
            others=[second],
            rules=operator_rules,
            prices=PRICES,
            clock=clock,
            lifecycle_timing=SHORT,
            around=lambda store: MortalStore(store, kills),
        ) as core:
            yield core

    async with a_process() as core:
        job_id = (await core.submit()).id
    kills.steps = list(case.kills)
    for _ in range(MAX_RESTARTS):
        try:
            async with a_process() as core:
                await _run(core, job_id)
        except Killed:
            continue
        break
    kills.steps = []
    async with a_process() as core:
        await core.relay.deliver(job_id)
        job = await core.store.job(job_id)
        assert job is not None
        await _check(core, job, fal)


def _backends(case: Case, kills: Kills) -> tuple[ScriptedBackend, Fal]:
    watches = [error for errors in case.worker_watch for error in errors]
    worker = ScriptedBackend(refusals=list(case.worker_submit), troubles={"watch": watches})
    troubles: dict[str, list[Exception]] = {"watch": list(case.fal_watch), "fetch": list(case.fal_fetch)}
    return worker, Fal(refusals=list(case.fal_submit), troubles=troubles, kills=kills)


async def _run(core: Core, job_id: JobId) -> None:
    """Run the job, whenever it is due, to its end, as the dispatcher does."""
    for _ in range(200):
        job = await core.store.job(job_id)
        assert job is not None
        if job.status.is_final:
            return
        if job.status is JobStatus.PENDING and job.not_before is not None:
            await core.clock.advance(max(0.0, (job.not_before - core.clock.now()).total_seconds()))
        await core.run(job)
        await core.lifecycle.cancel_abandoned_requests()


async def _check(core: Core, job: Job, fal: Fal) -> None:
    spent = (await core.store.totals(EVERYWHERE, core.clock.now())).amount
    assert fal.maybe_bought <= 1
    assert job.status in {JobStatus.SUCCEEDED, JobStatus.FAILED}
    assert [(of, status) for of, status, _, _ in core.messenger.delivered] == [(job.id, job.status)]
    in_doubt = job.failure is not None and job.failure.kind is FailureKind.OUTCOME_UNKNOWN and job.backend == "fal"
    assert spent == (PRICE if fal.maybe_bought or in_doubt else FREE)  # killed between claiming and asking: who knows
    if fal.maybe_bought:
        assert job.backend == "fal"
    if job.status is JobStatus.SUCCEEDED:
        assert job.artifact is not None
        assert job.cost == spent
    assert await core.store.ledger_discrepancies() == []
