"""Which jobs this process carries: it claims what waits, adopts what a dead process left, and passes cancels on."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from generation import endings
from generation.carrier import Carrier
from generation.clock import Deadline, sleep_or
from generation.desk import Outside
from generation.errors import FlipbookError, StaleJob, StoreError
from generation.fairness import in_fair_order
from generation.job import Failure, FailureKind, Job, JobId, JobStatus


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often the dispatcher looks, in seconds, and how many jobs it carries at once.

    ``window`` is how many waiting jobs are put into fair order at least, ``rest`` the pause of a job that met a
    database without room or time for it, ``breath`` the least time between two looks: a thousand submits in a second
    are not a thousand looks.
    """

    tick: float = 1.0
    breath: float = 0.05
    adopt_every: float = 10.0
    lease_every: float = 10.0
    in_flight: int = 64
    window: int = 256
    rest: float = 2.0
    settle: float = 3.0
    sweep_every: float = 10.0


@dataclass(frozen=True, slots=True)
class _Carried:
    """A job in flight, as it was when it was taken, and the task that carries it."""

    job: Job
    task: asyncio.Task[None]


class Dispatcher:
    """Keeps every waiting job moving for as long as :meth:`run` runs."""

    def __init__(self, outside: Outside, carrier: Carrier, *, owner: str, rhythm: Rhythm | None = None) -> None:
        self._outside = outside
        self._carrier = carrier
        self._owner = owner
        self._rhythm = rhythm or Rhythm()
        self._carried: dict[JobId, _Carried] = {}
        self._cancels: dict[JobId, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._stopped = asyncio.Event()

    def wake(self) -> None:
        """There is something to do now."""
        self._news.set()

    @property
    def in_flight(self) -> int:
        """How many jobs are being carried."""
        return len(self._carried)

    async def run(self) -> None:
        """Look for work until :meth:`stop` is called; then let submissions on the wire settle and leave the rest.

        What is left is found again by the next start.
        """
        await self._guard("recalling how long clips take", self._carrier.recall_paces())
        async with asyncio.TaskGroup() as group:
            keeper = group.create_task(self._every(self._rhythm.lease_every, self._renew_leases))
            sweeper = group.create_task(self._every(self._rhythm.sweep_every, self._carrier.stop_left_behind))
            adopter = group.create_task(self._every(self._rhythm.adopt_every, lambda: self._adopt(group)))
            try:
                while not self._stopped.is_set():
                    self._news.clear()
                    await self._guard("looking for jobs", self._look(group))
                    await sleep_or(self._outside.clock, self._rhythm.breath, self._stopped)
                    await self._idle()
                await self._settle()
            finally:
                carrying = [carried.task for carried in self._carried.values()]
                for task in (keeper, sweeper, adopter, *self._cancels.values(), *carrying):
                    task.cancel()

    def stop(self) -> None:
        """Take nothing more."""
        self._stopped.set()
        self.wake()

    async def _look(self, group: asyncio.TaskGroup) -> None:
        room = self._rhythm.in_flight - len(self._carried)
        if room > 0:
            now = self._outside.clock.now()
            waiting = await self._outside.store.claimable(now, limit=max(self._rhythm.window, room))
            in_flight = [carried.job for carried in self._carried.values()]
            for job in in_fair_order((job for job in waiting if job.id not in self._carried), in_flight, now):
                await self._take(group, job)
        for job_id in await self._outside.store.cancellations(self._owner):
            if job_id not in self._cancels and not self._carrier.has_told_to_stop(job_id):
                self._cancels[job_id] = group.create_task(self._pass_on_cancel(job_id), name=f"cancel {job_id}")

    async def _adopt(self, group: asyncio.TaskGroup) -> None:
        """Take over what was left unfinished, by our last run or by a process whose lease ran out."""
        limit, now = 2 * self._rhythm.in_flight, self._outside.clock.now()
        for found in await self._outside.store.orphans(self._owner, now, limit=limit, carried=self._carried):
            if found.id not in self._carried and not self._stopped.is_set() and (job := await self._held(found.id)):
                self._start(group, job)

    async def _held(self, job_id: JobId) -> Job | None:
        """The job as it is now and henceforth ours; None when it has ended, waits again, or is somebody else's.

        A waiting job with our lease that we do not carry would be held back from everybody, us included, for ever.
        """
        async with self._outside.store.transaction() as tx:
            job = await tx.job(job_id)
            if job is None or job.status.is_final or job.status is JobStatus.PENDING:
                return None
            return job if await tx.claim(job_id, self._carrier.lease(), self._outside.clock.now()) else None

    async def _take(self, group: asyncio.TaskGroup, job: Job) -> None:
        """A waiting job's turn."""
        if job.cancel_requested:
            await self._guard("ending a waiting job", self._end_waiting(job))
        elif len(self._carried) < self._rhythm.in_flight:
            self._start(group, job)

    def _start(self, group: asyncio.TaskGroup, job: Job) -> None:
        if job.id not in self._carried and not self._stopped.is_set():
            task = group.create_task(self._carry(job), name=f"carry {job.id}")
            self._carried[job.id] = _Carried(job, task)

    async def _carry(self, job: Job) -> None:
        """One job's way: the only place that survives any error of one job."""
        try:
            await self._carrier.carry(job)
        except StaleJob:
            pass
        except StoreError as error:
            self._outside.observer.trouble("saving a job", error, job_id=job.id)
            await self._outside.clock.sleep(self._rhythm.rest)  # taken again at once, it would fail at once
        except Exception as error:  # noqa: BLE001 - one job's failure is never another's
            self._outside.observer.trouble("carrying a job", error, job_id=job.id)
            await self._guard("giving a job up", self._give_up(job.id))
        finally:
            self._carried.pop(job.id, None)
            self.wake()

    async def _give_up(self, job_id: JobId) -> None:
        async with self._outside.store.transaction() as tx:
            job = await tx.job(job_id)
            if job is None or job.status.is_final:
                return
            unknown = job.status is JobStatus.SUBMITTING
            kind = FailureKind.OUTCOME_UNKNOWN if unknown else FailureKind.INTERNAL
            price = self._outside.prices.of(job.request, job.backend or "")
            ended = await endings.fail(tx, job, Failure(kind, "see the log"), self._outside.clock.now(), price=price)
        self._outside.observer.job_moved(ended)
        self._outside.ended()
        await self._carrier.stop_request(ended)

    async def _end_waiting(self, job: Job) -> None:
        async with self._outside.store.transaction() as tx:
            ended = await endings.cancel(tx, job, self._outside.clock.now())
        self._outside.observer.job_moved(ended)
        self._outside.ended()

    async def _pass_on_cancel(self, job_id: JobId) -> None:
        """One cancel's way, beside everything else: a backend may take its time to answer."""
        try:
            await self._guard("cancelling a request", self._carrier.pass_on_cancel(job_id))
        finally:
            self._cancels.pop(job_id, None)

    async def _renew_leases(self) -> None:
        await self._outside.store.renew_leases(self._carrier.lease())

    async def _settle(self) -> None:
        try:
            async with Deadline(self._outside.clock, self._rhythm.settle):
                await self._carrier.submissions_settled()
        except TimeoutError as error:
            self._outside.observer.trouble("letting submissions settle", error)

    async def _every(self, seconds: float, act: Callable[[], Coroutine[None, None, None]]) -> None:
        while not self._stopped.is_set():
            await self._guard("keeping jobs", act())
            await self._outside.clock.sleep(seconds)

    async def _guard(self, what: str, work: Coroutine[None, None, None]) -> None:
        """Nothing that one look meets may end the looking."""
        try:
            await work
        except FlipbookError as error:
            self._outside.observer.trouble(what, error)

    async def _idle(self) -> None:
        await sleep_or(self._outside.clock, self._rhythm.tick, self._news)
