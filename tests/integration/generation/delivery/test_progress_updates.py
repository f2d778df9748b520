"""Progress of many jobs: each of them shown, and never more often than the chats allow."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from doubles.clock import ManualClock
from doubles.generation.observer import RecordingObserver
from factories import a_delivery, a_job
from generation.delivery.progress_updates import ProgressUpdater
from generation.domain.delivery import Delivery
from generation.domain.job import Job
from generation.domain.refs import Platform
from generation.protocol.progress import Phase, Progress


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
async def progress_updates(clock: ManualClock, edits: Edits) -> AsyncIterator[ProgressUpdater]:
    """Progress being shown."""
    shown = ProgressUpdater(
        Open(),  # type: ignore[arg-type]
        {Platform.DISCORD: edits},  # type: ignore[dict-item]
        clock=clock,
        observer=RecordingObserver(),
        on_edited=lambda _job: None,
        timeout=20.0,
    )
    task = asyncio.create_task(shown.run())
    try:
        yield shown
    finally:
        task.cancel()
        await asyncio.wait([task])


async def tell(shown: ProgressUpdater, jobs: Sequence[Job], clock: ManualClock, *, seconds: int) -> None:
    """Every job moves ten times a second."""
    for _ in range(seconds * 10):
        for job in jobs:
            shown.update(job, Progress(Phase.RENDERING))
        await clock.advance(0.1)


async def test_the_progress_of_a_crowd_is_shown_in_turn_and_never_more_than_thirty_times_a_second() -> None:
    clock = ManualClock()
    edits = Edits(clock)
    jobs = [a_job(id=f"{number:024d}") for number in range(300)]
    async with progress_updates(clock, edits) as shown:
        await tell(shown, jobs, clock, seconds=11)
    per_second = [sum(at <= moment < at + timedelta(seconds=1) for moment, _ in edits.shown) for at, _ in edits.shown]
    assert max(per_second) <= 30
    assert {job_id for _, job_id in edits.shown} == {job.id for job in jobs}


async def test_the_progress_of_a_few_is_shown_at_full_pace() -> None:
    clock = ManualClock()
    edits = Edits(clock)
    jobs = [a_job(id=f"{number:024d}") for number in range(64)]
    async with progress_updates(clock, edits) as shown:
        await tell(shown, jobs, clock, seconds=13)
    assert min(sum(name == job.id for _, name in edits.shown) for job in jobs) >= 4
