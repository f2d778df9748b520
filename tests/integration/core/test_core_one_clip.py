"""Whatever fails in whatever order, and whenever the process is killed: bought at most once, delivered exactly once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core import Core, QuickClock, a_core
from doubles.backend import ScriptedBackend
from generation.desk import Patience
from generation.errors import (
    AccountLocked,
    BackendBusy,
    BackendError,
    BackendUnavailable,
    GenerationFailed,
    RequestNotFound,
    SubmissionOutcomeUnknown,
)
from generation.house_rules import HouseRules
from generation.job import FailureKind, Job, JobId, JobStatus
from generation.ledger import EVERYWHERE
from generation.pricing import FREE, Micros, Prices
from generation.request import Endpoint

PRICES = Prices({"fal": {Endpoint.STANDARD: Decimal("0.05")}})
PRICE = Micros(50_000)
MOST_LIVES = 60
SHORT = Patience(gives_way=4, queued_away=6, running_away=12, adoption=30)
A_LONG_SILENCE = 14
"""So many failed watches, a second apart, last longer than the patience with a worker that renders."""


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Lives:
    """How many steps the process takes in each of its lives before it is killed; then it lives on."""

    left: list[int]

    def step(self) -> None:
        """One step closer to the end."""
        if self.left:
            self.left[0] -= 1
            if self.left[0] <= 0:
                self.left.pop(0)
                raise Killed


@dataclass
class MortalStore:
    """The real store, in a process that may be killed before and after every commit."""

    store: Any
    lives: Lives

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    @asynccontextmanager
    async def transaction(self, *urgency: Any) -> AsyncIterator[Any]:
        async with self.store.transaction(*urgency) as tx:
            yield tx
            self.lives.step()
        self.lives.step()


@dataclass
class Fal(ScriptedBackend):
    """fal: counts the submissions that it has, or may have, accepted, and may be the last thing a process sees."""

    name: str = "fal"
    resubmits_safely: bool = False
    lives: Lives = field(default_factory=lambda: Lives([]))
    maybe_bought: int = 0

    async def submit(self, *args: Any, **keywords: Any) -> str:
        self.maybe_bought += 1  # for all that a process knows which is killed now
        self.lives.step()
        try:
            return await super().submit(*args, **keywords)
        except (BackendUnavailable, BackendBusy, AccountLocked):
            self.maybe_bought -= 1
            raise


@dataclass(frozen=True)
class Fate:
    """What goes wrong, in order."""

    worker_submit: list[BackendError]
    worker_watch: list[list[BackendError]]
    fal_submit: list[BackendError]
    fal_watch: list[BackendError]
    fal_fetch: list[BackendError]
    lives: list[int]
    fal_first: bool
    budget: Micros


AWAY, BUSY, CUT = BackendUnavailable, BackendBusy, SubmissionOutcomeUnknown
OUT_OF_MEMORY = GenerationFailed("worker", error_type="runner_scheduling_failure", retryable=True)


def some(*errors: Any, most: int = 6) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(errors), max_size=most)


FATES = st.builds(
    Fate,
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
    lives=st.lists(st.integers(min_value=1, max_value=25), max_size=4),
    fal_first=st.booleans(),
    budget=st.sampled_from([FREE, PRICE]),
)


@given(FATES)
@settings(
    max_examples=30, deadline=None, phases=[Phase.reuse, Phase.generate], suppress_health_check=[HealthCheck.too_slow]
)
def test_a_job_is_bought_at_most_once_and_its_one_clip_delivered_once(fate: Fate) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_suffer(fate, Path(folder)))


async def _suffer(fate: Fate, folder: Path) -> None:
    lives = Lives([])
    worker, fal = _backends(fate, lives)
    order = (fal, worker) if fate.fal_first else (worker, fal)
    house = HouseRules(backends=tuple(each.name for each in order), prices=PRICES, daily_budget=fate.budget)
    clock = QuickClock()

    @asynccontextmanager
    async def a_life() -> AsyncIterator[Core]:
        first, second = order
        async with a_core(
            folder,
            backend=first,
            others=[second],
            rules=house,
            prices=PRICES,
            clock=clock,
            patience=SHORT,
            around=lambda store: MortalStore(store, lives),
        ) as core:
            yield core

    async with a_life() as core:
        job_id = (await core.submit()).id
    lives.left = list(fate.lives)
    for _ in range(MOST_LIVES):
        try:
            async with a_life() as core:
                await _live(core, job_id)
        except Killed:
            continue
        break
    lives.left = []
    async with a_life() as core:
        await core.relay.bring(job_id)
        job = await core.store.job(job_id)
        assert job is not None
        await _judge(core, job, fal)


def _backends(fate: Fate, lives: Lives) -> tuple[ScriptedBackend, Fal]:
    watches = [error for errors in fate.worker_watch for error in errors]
    worker = ScriptedBackend(refusals=list(fate.worker_submit), troubles={"watch": watches})
    troubles: dict[str, list[Exception]] = {"watch": list(fate.fal_watch), "fetch": list(fate.fal_fetch)}
    return worker, Fal(refusals=list(fate.fal_submit), troubles=troubles, lives=lives)


async def _live(core: Core, job_id: JobId) -> None:
    """Carry the job, whenever it is due, to its end, as the dispatcher does."""
    for _ in range(200):
        job = await core.store.job(job_id)
        assert job is not None
        if job.status.is_final:
            return
        if job.status is JobStatus.PENDING and job.not_before is not None:
            await core.clock.advance(max(0.0, (job.not_before - core.clock.now()).total_seconds()))
        await core.carry(job)
        await core.carrier.stop_left_behind()


async def _judge(core: Core, job: Job, fal: Fal) -> None:
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
