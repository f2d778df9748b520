"""Decides which jobs this process runs: takes those that wait, adopts those that a dead process
left unfinished, and passes cancellations on."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from generation.domain.job import Job, JobId, JobStatus
from generation.lifecycle.failures import without_quote
from generation.lifecycle.lifecycle import JobLifecycle
from generation.lifecycle.line import Schedule
from generation.ports import Observer, Store
from generation.protocol.clock import Clock, Deadline, sleep_or
from generation.protocol.errors import FlipbookError, StaleJob, StoreError


@dataclass(frozen=True, slots=True)
class DispatcherTiming:
    """How often the dispatcher does what, in seconds, and how many jobs it runs at once.

    ``poll_every`` is the pause between two searches for jobs while nothing wakes it, ``min_pause``
    the pause after each, so that a thousand submits in a second are not a thousand queries.
    ``shown`` is how many jobs at the head of the line are told where they are, ``store_pause`` the
    pause of a job that could not be saved, ``settle`` how long a stop waits for submissions under
    way.
    """

    poll_every: float = 1.0
    min_pause: float = 0.05
    adopt_every: float = 10.0
    lease_every: float = 10.0
    cancel_abandoned_every: float = 10.0
    places_every: float = 10.0
    in_flight: int = 64
    shown: int = 64
    store_pause: float = 2.0
    settle: float = 3.0


class Dispatcher:
    """Keeps every waiting job moving for as long as :meth:`run` runs."""

    def __init__(
        self,
        store: Store,
        lifecycle: JobLifecycle,
        *,
        owner: str,
        schedule: Schedule,
        clock: Clock,
        observer: Observer,
        timing: DispatcherTiming | None = None,
        is_deserted: Callable[[Job], bool] = lambda _: False,
    ) -> None:
        """``schedule`` says whose turn it is. ``is_deserted`` says of a job that no process holds
        whether nobody waits for it any more: it is ended, not run."""
        self._store = store
        self._lifecycle = lifecycle
        self._owner = owner
        self._line = schedule.line
        self._places = schedule.places
        self._clock = clock
        self._observer = observer
        self._timing = timing or DispatcherTiming()
        self._is_deserted = is_deserted
        self._running: dict[JobId, asyncio.Task[None]] = {}
        self._is_full = False
        self._cancels: dict[JobId, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self._stopped = asyncio.Event()

    def wake(self) -> None:
        """There is something to do now."""
        self._woken.set()

    @property
    def in_flight(self) -> int:
        """How many jobs are being run."""
        return len(self._running)

    async def run(self) -> None:
        """Run jobs until :meth:`stop` is called; then let submissions under way settle and leave
        the rest to the next start."""
        await self._guard("learning how long clips take", self._lifecycle.learn_durations())
        async with asyncio.TaskGroup() as group:
            # the first adoption runs at once: jobs of the last run go on without a wait
            loops = self._start_loops(group)
            try:
                while not self._stopped.is_set():
                    # cleared before looking, so that what comes meanwhile is seen in the next round
                    self._woken.clear()
                    await self._guard("looking for jobs", self._dispatch(group))
                    await sleep_or(self._clock, self._timing.min_pause, self._stopped)
                    await sleep_or(self._clock, self._timing.poll_every, self._woken)
                await self._settle()
            finally:
                # jobs in flight are saved at every step, so the next start goes on from there
                for task in (*loops, *self._cancels.values(), *self._running.values()):
                    task.cancel()

    def stop(self) -> None:
        """Take nothing more."""
        self._stopped.set()
        self.wake()

    def _start_loops(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        timing = self._timing
        loops = (
            self._every(timing.lease_every, self._renew_leases),
            self._every(timing.cancel_abandoned_every, self._lifecycle.cancel_abandoned_requests),
            self._every(timing.adopt_every, lambda: self._adopt(group)),
            self._every(timing.places_every, self._places.learn),
        )
        return [group.create_task(loop) for loop in loops]

    async def _dispatch(self, group: asyncio.TaskGroup) -> None:
        free = self._timing.in_flight - len(self._running)
        self._is_full = free <= 0
        if free > 0:
            await self._line.refresh(self._store, self._clock.now(), every=self._timing.poll_every)
            await self._take_next(group)
            self._is_full = self._line.has_more(self._running)
        self._lifecycle.show_line(self._timing.shown, taken=self._running)
        for job_id in await self._store.cancellations(self._owner):
            if job_id not in self._cancels and not self._lifecycle.is_cancelling(job_id):
                # a task of its own: a backend may take its time to answer
                self._cancels[job_id] = group.create_task(
                    self._cancel(job_id), name=f"cancel {job_id}"
                )

    async def _take_next(self, group: asyncio.TaskGroup) -> None:
        backend = self._places.next_backend
        for job in self._line.to_send(backend, self._places.assumed(backend)):
            if job.id not in self._running:
                await self._take(group, job)

    async def _adopt(self, group: asyncio.TaskGroup) -> None:
        """Take over unfinished jobs: of our last run, or of a process whose lease has ended. Tell
        those that a pause holds why they wait."""
        stalled = await self._store.stalled_jobs(
            self._owner,
            self._clock.now(),
            limit=2 * self._timing.in_flight,
            excluding=self._running,
        )
        for found in stalled:
            if found.id not in self._running and not self._stopped.is_set():
                # read again in a transaction: it may have moved since it was found
                job = await self._claim_stalled(found.id)
                if job is not None:
                    self._line.found(job)
                    self._start(group, job)
        held = await self._store.held_jobs(self._clock.now(), limit=self._timing.shown)
        self._lifecycle.show_held(held)

    async def _claim_stalled(self, job_id: JobId) -> Job | None:
        """The job as it is now, held by us; None when it has ended, waits again, or another process
        holds it."""
        async with self._store.transaction() as tx:
            job = await tx.job(job_id)
            if job is None or job.status.is_final or job.status is JobStatus.PENDING:
                # a waiting job under our lease could be claimed by no process, not even by this one
                return None
            is_ours = await tx.claim(job_id, self._lifecycle.lease(), self._clock.now())
            if is_ours and self._is_deserted(job):
                await tx.request_cancel(job_id)
        return job if is_ours else None

    async def _take(self, group: asyncio.TaskGroup, job: Job) -> None:
        if job.cancel_requested or self._is_deserted(job):
            # no slot is needed to end it
            await self._guard("ending a waiting job", self._lifecycle.cancel_waiting(job))
        elif len(self._running) < self._timing.in_flight:
            self._start(group, job)

    def _start(self, group: asyncio.TaskGroup, job: Job) -> None:
        if job.id not in self._running and not self._stopped.is_set():
            task = group.create_task(self._run(job), name=f"run {job.id}")
            self._running[job.id] = task

    async def _run(self, job: Job) -> None:
        """The only place that survives any error of one job."""
        ended = False
        try:
            ended = (await self._lifecycle.run(job)).status.is_final
        except StaleJob:
            self._line.forget(job.id)  # another process runs it
        except StoreError as error:
            self._line.forget(job.id)
            self._observer.trouble("saving a job", error, job_id=job.id)
            # taken again at once, it would fail at once
            await self._clock.sleep(self._timing.store_pause)
        except Exception as error:  # noqa: BLE001 - one job's failure is never another's
            self._line.forget(job.id)
            self._observer.trouble("running a job", without_quote(error, job), job_id=job.id)
            await self._guard("failing a job", self._lifecycle.abort(job.id))
        finally:
            self._running.pop(job.id, None)
            # a job that has just ended leaves only its slot, which matters while others want it
            if not ended or self._is_full:
                self.wake()

    async def _cancel(self, job_id: JobId) -> None:
        try:
            await self._guard("cancelling a request", self._lifecycle.cancel_at_backend(job_id))
        finally:
            self._cancels.pop(job_id, None)

    async def _renew_leases(self) -> None:
        await self._store.renew_leases(self._lifecycle.lease())

    async def _settle(self) -> None:
        try:
            async with Deadline(self._clock, self._timing.settle):
                await self._lifecycle.submissions_settled()
        except TimeoutError as error:
            self._observer.trouble("letting submissions settle", error)

    async def _every(self, seconds: float, act: Callable[[], Coroutine[None, None, None]]) -> None:
        while not self._stopped.is_set():
            await self._guard("looking after jobs", act())
            await self._clock.sleep(seconds)

    async def _guard(self, what: str, work: Coroutine[None, None, None]) -> None:
        """Report a FlipbookError; it never ends the dispatcher."""
        try:
            await work
        except FlipbookError as error:
            self._observer.trouble(what, error)
