"""What every step of a job's life shares: saving it, ending it, saying how far it is, and waiting."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from generation import endings
from generation.clock import sleep_or
from generation.job import Artifact, Failure, Job, JobId
from generation.ports import ArtifactStore, Backend, Clock, Lease, Observer, ProgressSink, Store, Wake
from generation.pricing import Prices
from generation.progress import Phase, Progress


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the carrier waits for what, in seconds."""

    lease: float = 30.0
    first_retry: float = 1.0
    longest_retry: float = 60.0
    adoption: float = 600.0
    running: float = 1800.0
    queued: float = 24 * 3600.0
    fetching: float = 3600.0

    def before_attempt(self, attempt: int) -> float:
        """The pause before trying for the ``attempt``-th time again; doubles each time."""
        return min(self.longest_retry, self.first_retry * 2.0 ** min(attempt - 1, 16))


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything that carrying a job reaches: named once, handed over whole.

    ``staging`` is a folder for clips on their way in, ``public_url`` where backends may call us (None: nowhere).
    """

    store: Store
    backends: Mapping[str, Backend]
    artifacts: ArtifactStore
    clock: Clock
    observer: Observer
    progress: ProgressSink
    ended: Wake
    staging: Path
    prices: Prices = field(default_factory=Prices)
    public_url: str | None = None
    max_clip_bytes: int = 200 * 1024 * 1024
    max_attempts: int = 3


class Desk:
    """Moves jobs and tells everybody who has to know; each move is saved before anything else happens."""

    def __init__(self, outside: Outside, owner: str, patience: Patience) -> None:
        self.outside = outside
        self.patience = patience
        self._owner = owner
        self._nudges: dict[JobId, asyncio.Event] = {}

    def now(self) -> datetime:
        """The present moment."""
        return self.outside.clock.now()

    def seconds_until(self, moment: datetime) -> float:
        """How long until then; 0 when it has passed."""
        return max(0.0, (moment - self.now()).total_seconds())

    def lease(self) -> Lease:
        """A lease from now on in this owner's name."""
        return Lease(self._owner, self.now() + timedelta(seconds=self.patience.lease))

    def say(self, job: Job, progress: Progress) -> None:
        """Tell whoever shows progress."""
        self.outside.progress(job, progress)

    @contextmanager
    def listening(self, job_id: JobId) -> Iterator[None]:
        """For as long as this lasts the job can be nudged."""
        self._nudges[job_id] = asyncio.Event()
        try:
            yield
        finally:
            del self._nudges[job_id]

    def nudge(self, job_id: JobId) -> None:
        """Somebody says that there is news of the job: ask again at once instead of later."""
        if event := self._nudges.get(job_id):
            event.set()

    async def pause(self, job_id: JobId, seconds: float) -> None:
        """Wait, unless somebody nudges."""
        await sleep_or(self.outside.clock, seconds, self._nudges[job_id])
        self._nudges[job_id].clear()

    async def claim(self, job: Job, *, was: Job) -> bool:
        """Take the job and save its new state in one transaction; False when somebody else holds it."""
        async with self.outside.store.transaction() as tx:
            if not await tx.claim(job.id, self.lease(), self.now()):
                return False
            await tx.save_job(job, was=was)
        self.outside.observer.job_moved(job)
        return True

    async def save(self, job: Job, *, was: Job) -> Job:
        """Save a move."""
        async with self.outside.store.transaction() as tx:
            await tx.save_job(job, was=was)
        self.outside.observer.job_moved(job)
        return job

    async def put_back(self, job: Job, seconds: float, reason: str) -> Job:
        """Let the job wait for its next attempt, held by nobody."""
        waiting = job.back_to_pending(not_before=self.now() + timedelta(seconds=seconds), waiting_for=reason)
        async with self.outside.store.transaction() as tx:
            await tx.save_job(waiting, was=job)
            await tx.release(job.id, self._owner)
        self.outside.observer.job_moved(waiting)
        self.say(waiting, Progress(Phase.WAITING, waiting_for=reason))
        return waiting

    async def succeed(self, job: Job, backend: Backend, artifact: Artifact) -> Job:
        """The clip is kept."""
        cost = self.outside.prices.of(job.request, backend.name)
        async with self.outside.store.transaction() as tx:
            ended = await endings.succeed(tx, job, artifact, cost, self.now())
        return self._ended(ended)

    async def fail(self, job: Job, failure: Failure) -> Job:
        """There will be no clip."""
        async with self.outside.store.transaction() as tx:
            ended = await endings.fail(tx, job, failure, self.now())
        return self._ended(ended)

    async def end_cancelled(self, job: Job) -> Job:
        """Nobody wants the clip any more."""
        async with self.outside.store.transaction() as tx:
            ended = await endings.cancel(tx, job, self.now())
        return self._ended(ended)

    def _ended(self, job: Job) -> Job:
        self.outside.observer.job_moved(job)
        self.outside.ended()
        return job
