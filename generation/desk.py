"""What every step of a job's life shares: saving it, ending it, saying how far it is, and waiting."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from generation import endings, spending
from generation.breaker import GIVES_WAY_AFTER, Breakers, Trouble, trouble_of
from generation.clock import sleep_or
from generation.errors import BackendBusy, BackendError, StaleJob, StorageFull, StoreBusy
from generation.failures import without_prompt
from generation.house_rules import HouseRules
from generation.job import Artifact, Failure, Job, JobId
from generation.ports import ArtifactStore, Backend, Clock, Lease, Observer, ProgressSink, Store, Transaction, Wake
from generation.pricing import Prices
from generation.progress import Phase, Progress


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the carrier waits for what, in seconds.

    ``queued`` and ``running`` count from the last news of the job, ``adoption`` from a submission whose answer got
    lost; ``asking`` is the least that a job gets which was late already when we took it up; ``probing`` is how long one
    submission may try a backend that has failed before another one may. After ``gives_way`` of trouble a backend's
    waiting jobs go to the next one; what a worker that is away has accepted goes there after ``queued_away`` where it
    waits there, after ``running_away`` where it renders.
    """

    lease: float = 30.0
    first_retry: float = 1.0
    longest_retry: float = 60.0
    adoption: float = 600.0
    running: float = 1800.0
    queued: float = 24 * 3600.0
    fetching: float = 3600.0
    asking: float = 300.0
    probing: float = 15.0
    gives_way: float = GIVES_WAY_AFTER
    queued_away: float = 120.0
    running_away: float = 300.0

    def before_attempt(self, attempt: int) -> float:
        """The pause before trying for the ``attempt``-th time again; doubles each time."""
        return min(self.longest_retry, self.first_retry * 2.0 ** min(attempt - 1, 16))

    def while_failing(self, seconds: float) -> float:
        """The pause before a backend that has failed for so long is tried again: as long once more."""
        return min(self.longest_retry, max(self.first_retry, seconds))


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything that carrying a job reaches: named once, handed over whole.

    ``staging`` is a folder for clips on their way in, ``public_url`` where backends may call us (None: nowhere).
    Nothing is submitted while ``staging`` has less room than ``least_room_bytes``: a clip is paid for before it turns
    out that it cannot be kept.
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
    rules: HouseRules = field(default_factory=HouseRules)
    breakers: Breakers = field(default_factory=Breakers)
    public_url: str | None = None
    max_clip_bytes: int = 200 * 1024 * 1024
    least_room_bytes: int = 64 * 1024 * 1024
    max_attempts: int = 3


class Desk:
    """Moves jobs and tells everybody who has to know; each move is saved before anything else happens."""

    def __init__(self, outside: Outside, owner: str, patience: Patience, *, keeps_waiting_jobs: bool = False) -> None:
        self.outside = outside
        self.patience = patience
        self._owner = owner
        self._keeps_waiting_jobs = keeps_waiting_jobs
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

    def is_listening(self, job_id: JobId) -> bool:
        """Whether the job is being carried."""
        return job_id in self._nudges

    def has_failed(self, backend: str, error: BackendError) -> Trouble | None:
        """A backend gave an error; what that says of the backend itself, if anything."""
        breaker, now, trouble = self.outside.breakers[backend], self.now(), trouble_of(error)
        if trouble is None:
            self.outside.breakers[backend] = breaker.accepted()
            return None
        wait = self.patience.while_failing(breaker.seconds_in_trouble(now))
        if isinstance(error, BackendBusy) and error.retry_after is not None:
            wait = min(self.patience.longest_retry, max(wait, error.retry_after))
        self.outside.breakers[backend] = breaker.failed(trouble, now, wait)
        return trouble

    def has_lost(self, backend: str, error: BackendError) -> None:
        """A backend cannot be asked about a request of ours; that puts off no submission that may try it by now."""
        if self.outside.breakers[backend].trouble is None:
            self.has_failed(backend, error)

    def has_answered(self, backend: str) -> None:
        """A backend spoke to us about a request of ours."""
        self.outside.breakers[backend] = self.outside.breakers[backend].answered()

    def nudge(self, job_id: JobId) -> None:
        """Somebody says that there is news of the job: ask again at once instead of later."""
        if event := self._nudges.get(job_id):
            event.set()

    async def pause(self, job_id: JobId, seconds: float) -> None:
        """Wait, unless somebody nudges."""
        await sleep_or(self.outside.clock, seconds, self._nudges[job_id])
        self._nudges[job_id].clear()

    async def has_room(self) -> bool:
        """Whether there is room to fetch another clip."""
        try:
            usage = await asyncio.to_thread(shutil.disk_usage, self.outside.staging)
        except OSError:
            return True  # what is wrong there is said when it is written to
        return usage.free >= self.outside.least_room_bytes

    async def claim(self, job: Job, backend: str) -> Job:
        """Take the job for that backend: held, its price there reserved, and SUBMITTING, all in one transaction.

        Raises StaleJob when somebody else holds it, LimitExceeded or BudgetExhausted when its price is not allowed.
        """
        price, now = self.outside.prices.of(job.request, backend), self.now()
        async with self._writing() as tx:
            if not await tx.claim(job.id, self.lease(), now):
                raise StaleJob(job.id)
            paid = await spending.reserve_for(tx, job, price, self.outside.rules, now)
            sending = paid.submitting(backend, now)
            await tx.save_job(sending, was=job)
        self.outside.observer.job_moved(sending)
        return sending

    async def save(self, job: Job, *, was: Job) -> Job:
        """Save a move."""
        async with self._writing() as tx:
            await tx.save_job(job, was=was)
        self.outside.observer.job_moved(job)
        return job

    async def put_back(self, waiting: Job, *, was: Job) -> Job:
        """Let the job wait for its next attempt; the job ended instead, where that was asked for meanwhile."""
        async with self._writing() as tx:
            stored = await tx.job(waiting.id)
            await tx.save_job(waiting, was=was)
            if stored is not None and stored.cancel_requested:
                waiting = await endings.cancel(tx, waiting, self.now())
            elif not self._keeps_waiting_jobs:
                await tx.release(waiting.id, self._owner)
        if waiting.status.is_final:
            return self._ended(waiting)
        self.outside.observer.job_moved(waiting)
        self.say(waiting, Progress(Phase.WAITING, waiting_for=waiting.waiting_for))
        return waiting

    async def succeed(self, job: Job, backend: Backend, artifact: Artifact, engine: str | None) -> Job:
        """The clip is kept; ``engine`` made it."""
        cost = self.outside.prices.of(job.request, backend.name)
        async with self._writing() as tx:
            ended = await endings.succeed(tx, job, artifact, self.now(), cost=cost, engine=engine)
        return self._ended(ended)

    async def fail(self, job: Job, failure: Failure) -> Job:
        """There will be no clip."""
        failure = without_prompt(failure, job.request)
        price = self.outside.prices.of(job.request, job.backend or "")
        async with self._writing() as tx:
            ended = await endings.fail(tx, job, failure, self.now(), price=price)
        return self._ended(ended)

    async def end_cancelled(self, job: Job) -> Job:
        """Nobody wants the clip any more."""
        price = self.outside.prices.of(job.request, job.backend or "")
        async with self._writing() as tx:
            ended = await endings.cancel(tx, job, self.now(), price=price)
        return self._ended(ended)

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Transaction]:
        """A transaction; a full disk of the database is trouble that passes, and no fault of the clip's."""
        try:
            async with self.outside.store.transaction() as tx:
                yield tx
        except StorageFull as error:
            raise StoreBusy(str(error)) from error

    def _ended(self, job: Job) -> Job:
        self.outside.observer.job_moved(job)
        self.outside.ended()
        return job
