"""Many jobs at once: looks are few, progress is shown in turn, and outcomes never wait for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core import a_core
from core_running import dispatching, reached, until
from doubles.clock import ManualClock
from doubles.observer import RecordingObserver
from factories import a_delivery, a_job
from generation.delivery import Delivery
from generation.job import Job, JobStatus
from generation.limits import Limits
from generation.places import Platform
from generation.progress import Phase, Progress
from generation.service import HouseRules
from generation.showing import Showing

OPEN = Limits(user_clips_per_day=None, server_clips_per_day=None, user_active_jobs=1000, server_active_jobs=1000)


class CountingStore:
    """Counts how often somebody looks for waiting jobs."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.looks = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def claimable(self, now: datetime, *, limit: int) -> list[Job]:
        self.looks += 1
        return list(await self._store.claimable(now, limit=limit))


async def test_many_submits_at_once_are_few_looks(tmp_path: Path) -> None:
    counting: list[CountingStore] = []

    def around(store: Any) -> CountingStore:
        counting.append(CountingStore(store))
        return counting[0]

    rules = HouseRules(backends=("worker",), default_limits=OPEN)
    async with a_core(tmp_path, clock=ManualClock(), rules=rules, around=around) as core, dispatching(core):
        await core.clock.advance(0.1)
        counting[0].looks = 0
        for number in range(50):
            await core.submit(origin=f"o{number}", user=str(number))
        await asyncio.sleep(0.01)
        assert counting[0].looks <= 1
        await until(core, reached(core, JobStatus.SUCCEEDED, 50))


class Edits:
    """A messenger that writes down when which job's progress was shown."""

    platform = Platform.DISCORD
    seconds_between_edits = 3.0

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.shown: list[tuple[datetime, str]] = []

    async def show(self, job: Job, delivery: Delivery, progress: Progress) -> None:
        self.shown.append((self._clock.now(), job.id))


class Open:
    """A store in which every delivery is open."""

    async def delivery_of(self, job_id: str) -> Delivery:
        return a_delivery(a_job(id=job_id))


@asynccontextmanager
async def showing(clock: ManualClock, edits: Edits) -> AsyncIterator[Showing]:
    """Progress being shown."""
    shown = Showing(
        Open(),  # type: ignore[arg-type]
        {Platform.DISCORD: edits},  # type: ignore[dict-item]
        clock=clock,
        observer=RecordingObserver(),
        shown=lambda _job: None,
        longest=20.0,
    )
    task = asyncio.create_task(shown.run())
    try:
        yield shown
    finally:
        task.cancel()
        await asyncio.wait([task])


async def tell(shown: Showing, jobs: Sequence[Job], clock: ManualClock, *, seconds: int) -> None:
    """Every job moves ten times a second."""
    for _ in range(seconds * 10):
        for job in jobs:
            shown.keep(job, Progress(Phase.RENDERING))
        await clock.advance(0.1)


async def test_the_progress_of_a_crowd_is_shown_in_turn_and_never_more_than_thirty_times_a_second() -> None:
    clock = ManualClock()
    edits = Edits(clock)
    jobs = [a_job(id=f"{number:024d}") for number in range(300)]
    async with showing(clock, edits) as shown:
        await tell(shown, jobs, clock, seconds=11)
    per_second = [sum(at <= moment < at + timedelta(seconds=1) for moment, _ in edits.shown) for at, _ in edits.shown]
    assert max(per_second) <= 30
    assert {job_id for _, job_id in edits.shown} == {job.id for job in jobs}


async def test_the_progress_of_a_few_is_shown_at_full_pace() -> None:
    clock = ManualClock()
    edits = Edits(clock)
    jobs = [a_job(id=f"{number:024d}") for number in range(64)]
    async with showing(clock, edits) as shown:
        await tell(shown, jobs, clock, seconds=13)
    assert min(sum(name == job.id for _, name in edits.shown) for job in jobs) >= 4
