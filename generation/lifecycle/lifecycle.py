"""One job's life: submit, watch, fetch, keep. Every step is saved before the next one begins."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from generation.backends.circuit_breaker import Breakers
from generation.domain.job import Failure, FailureKind, Job, JobId, JobStatus
from generation.lifecycle.cancellations import Cancellations
from generation.lifecycle.completion import JobWriter
from generation.lifecycle.failover import Failover
from generation.lifecycle.failures import failure_of
from generation.lifecycle.fetching import ClipFetcher
from generation.lifecycle.line import Schedule
from generation.lifecycle.progress_reports import ProgressReporter
from generation.lifecycle.routing import BackendRouter
from generation.lifecycle.submission import JobSubmitter
from generation.lifecycle.timing import LifecycleTiming
from generation.lifecycle.wakeups import Wakeups
from generation.ports import (
    Backend,
    BackendState,
    BackendUpdate,
    Lease,
    Observer,
    ProgressSink,
    Store,
)
from generation.protocol.clock import Clock, Deadline
from generation.protocol.errors import (
    ArtifactError,
    BackendError,
    BackendUnavailable,
    GenerationFailed,
    RequestCancelled,
    RequestNotFound,
)
from generation.protocol.fairness import ShareNames
from generation.protocol.progress import RunningEta
from generation.rules.operator_rules import OperatorRules


@dataclass(slots=True)
class _Watch:
    """What one run of a job has seen of its backend so far; ``unreachable_since`` is None while it
    answers."""

    since: datetime
    updated_at: datetime | None = None
    unreachable_since: datetime | None = None
    running_eta: RunningEta = field(default_factory=RunningEta)


class JobLifecycle:
    """Runs each job as far as it can go now; one object serves every job of a process.

    ``jobs`` saves them, ``fetcher`` brings their clips, ``schedule`` says when their turn is.
    ``shares`` name members to our worker (None: they stay unnamed). ``public_url`` is where
    backends may call us (None: nowhere). A job has ``max_attempts`` submissions that may have been
    accepted.
    """

    def __init__(
        self,
        store: Store,
        backends: Mapping[str, Backend],
        *,
        jobs: JobWriter,
        fetcher: ClipFetcher,
        breakers: Breakers,
        rules: OperatorRules,
        schedule: Schedule,
        clock: Clock,
        observer: Observer,
        progress: ProgressSink,
        shares: ShareNames | None = None,
        timing: LifecycleTiming | None = None,
        public_url: str | None = None,
        max_attempts: int = 3,
    ) -> None:
        self._store = store
        self._backends = backends
        self._jobs = jobs
        self._fetcher = fetcher
        self._breakers = breakers
        self._clock = clock
        self._timing = timing = timing or LifecycleTiming()
        self._max_attempts = max_attempts
        # its own parts: callers know this class only
        self._wakeups = Wakeups(clock)
        self._reports = ProgressReporter(progress, clock, schedule)
        router = BackendRouter(
            store, backends, breakers=breakers, rules=rules, clock=clock, timing=timing
        )
        self._failover = Failover(router, clock=clock, timing=timing, max_attempts=max_attempts)
        self._cancellations = Cancellations(
            store, backends, breakers=breakers, wakeups=self._wakeups, observer=observer
        )
        self._submitter = JobSubmitter(
            store,
            backends,
            router=router,
            failover=self._failover,
            jobs=jobs,
            fetcher=fetcher,
            reports=self._reports,
            wakeups=self._wakeups,
            breakers=breakers,
            clock=clock,
            observer=observer,
            timing=timing,
            public_url=public_url,
            shares=shares,
        )

    def lease(self) -> Lease:
        """A lease from now on in this owner's name."""
        return self._jobs.lease()

    async def learn_durations(self) -> None:
        """Learn how long clips take from those made before. Raises StoreError."""
        await self._reports.learn_from_recent_clips(self._store)
        await self._jobs.learn_from_recent_clips()

    def show_line(self, count: int, *, taken: Collection[JobId]) -> None:
        """Tell those of the next so many jobs where they are that wait for a backend, and are not
        taken."""
        self._reports.in_line(count, taken)

    def show_held(self, held: Sequence[tuple[Job, str]]) -> None:
        """Tell the jobs that a pause holds why they wait: each with the pause's reason."""
        self._reports.held(held)

    async def submissions_settled(self) -> None:
        """Return once no submission is under way."""
        await self._submitter.all_settled()

    def wake(self, job_id: JobId) -> None:
        """Something about the job has changed: ask its backend at once instead of later."""
        self._wakeups.wake(job_id)

    def is_cancelling(self, job_id: JobId) -> bool:
        """Whether the job's backend has been asked to cancel it, or is being asked."""
        return job_id in self._cancellations

    async def cancel_at_backend(self, job_id: JobId) -> None:
        """Cancel the request of a job that is being run here, once; it may still complete.

        Raises BackendError when the backend could not be asked: call again later.
        """
        await self._cancellations.cancel_running(job_id)

    async def cancel_abandoned_requests(self) -> None:
        """Cancel what jobs have abandoned at backends that can be reached again."""
        await self._cancellations.cancel_abandoned()

    async def cancel_late(self, job: Job) -> None:
        """Cancel the request of a job that is given up, where its backend can be asked."""
        await self._cancellations.cancel_late(job)

    async def cancel_waiting(self, job: Job) -> None:
        """End a job that waits and is to be cancelled."""
        await self._jobs.cancel(job)

    async def abort(self, job_id: JobId) -> None:
        """Fail a job that has met a bug, and cancel its request."""
        job = await self._jobs.abort(job_id)
        if job is not None:
            await self._cancellations.cancel_late(job)

    async def run(self, job: Job) -> Job:
        """Take the job as far as it goes: to its end, or back to PENDING where it waits for another
        attempt.

        Raises StoreError when a step could not be saved; the job is then as it was at its last
        saved step.
        """
        # one watch for the whole run: a backend that comes and goes does not restart its time limit
        watch = _Watch(self._clock.now())
        try:
            with self._wakeups.running(job.id):
                if job.status is JobStatus.PENDING:
                    job = await self._submitter.submit(job)
                while not job.status.is_final and job.status is not JobStatus.PENDING:
                    job = await self._step(job, watch)
        finally:
            # also after an error, so that nothing is kept of jobs that are no longer run
            self._cancellations.forget(job.id)
        if job.status is JobStatus.PENDING:
            # reported here, whichever step has returned the job to PENDING
            self._reports.waiting(job, job.waiting_for)
        return job

    async def _step(self, job: Job, watch: _Watch) -> Job:
        backend = self._backends.get(job.handle.backend) if job.handle else None
        if job.status is JobStatus.SUBMITTING:
            job = await self._submitter.resolve(job)
        elif backend is None:
            # the operator has removed it since the submission; the request cannot be asked about
            failure = Failure(FailureKind.OPERATOR, f"backend {job.backend!r} is not configured")
            job = await self._jobs.fail(job, failure)
        else:
            job = await self._follow(job, backend, watch)
        return job

    async def _follow(self, job: Job, backend: Backend, watch: _Watch) -> Job:
        """Watch an accepted request and fetch its clip, for as long as the backend answers."""
        assert job.handle is not None  # noqa: S101 - QUEUED and RUNNING have one
        seconds = self._seconds_left(job, watch)
        try:
            if seconds <= 0:
                raise TimeoutError  # a watch that fails at once would end before the deadline acts
            async with (
                Deadline(self._clock, seconds) as deadline,
                _closing(backend.watch(job.handle)) as updates,
            ):
                async for update in updates:
                    job = await self._apply(job, update, watch)
                    # every update is a sign of life and extends the time
                    deadline.move(self._seconds_left(job, watch))
            job = await self._collect(job, backend)
        except TimeoutError:
            await self._cancellations.cancel_late(job)
            failure = Failure(FailureKind.TIMED_OUT, f"no clip from {backend.name} in time")
            job = await self._jobs.fail(job, failure)
        except (BackendError, ArtifactError) as error:
            job = await self._recover(job, backend, error, watch)
        return job

    async def _recover(
        self, job: Job, backend: Backend, error: BackendError | ArtifactError, watch: _Watch
    ) -> Job:
        """Decide what an error does to the job: it waits here, moves to another backend, has
        another attempt, or ends."""
        if isinstance(error, BackendUnavailable):
            watch.unreachable_since = watch.unreachable_since or self._clock.now()
            # a watch that breaks off says less than a submission that fails
            self._breakers.lost(backend.name, error)
        since = watch.unreachable_since
        moved = await self._failover.after(job, backend, error, unreachable_since=since)
        match error:
            case _ if moved is not None:
                job = await self._jobs.requeue(moved, was=job)
            case BackendUnavailable():
                self._reports.waiting(job, f"{backend.name}, which cannot be reached")
                # the next step watches it again; fail-over and the deadline decide how long that
                # goes on
                await self._wakeups.wait(job.id, self._timing.retry.first)
            case RequestCancelled():
                job = await self._jobs.cancel(job)
            case RequestNotFound() if backend.resubmits_safely:
                job = await self._retry(job, error, f"{backend.name}, which starts again")
            case GenerationFailed() if error.retryable:
                job = await self._retry(job, error, f"{backend.name}, whose runner stopped")
            case _:
                job = await self._jobs.fail(job, failure_of(error))
        return job

    async def _retry(self, job: Job, error: BackendError, reason: str) -> Job:
        """The request has failed, though not because of its input: another attempt, unless the job
        is to be cancelled."""
        stored = await self._store.job(job.id)
        # the member may have cancelled since the run began
        if stored is not None and stored.cancel_requested:
            job = await self._jobs.cancel(job)
        elif job.attempt >= self._max_attempts:
            job = await self._jobs.fail(job, failure_of(error))
        else:
            pause = timedelta(seconds=self._timing.retry.before(job.attempt))
            waiting = job.back_to_pending(not_before=self._clock.now() + pause, waiting_for=reason)
            job = await self._jobs.requeue(waiting, was=job)
        return job

    async def _apply(self, job: Job, update: BackendUpdate, watch: _Watch) -> Job:
        """Save and report what the backend says of the job."""
        watch.updated_at, watch.unreachable_since = self._clock.now(), None
        self._breakers.answered(job.backend or "")
        # saved once
        if job.status is JobStatus.QUEUED and self._has_begun(job, update):
            job = await self._jobs.save(job.running(self._clock.now()), was=job)
        if update.inference_seconds is not None:
            job = job.measured(update.inference_seconds)
        self._reports.updated(job, update, watch.running_eta)
        return job

    def _has_begun(self, job: Job, update: BackendUpdate) -> bool:
        """Whether the clip has begun to render. A backend may skip states, so COMPLETED counts as
        well; but of our own worker only with what it has measured: without, the request was
        cancelled while it waited."""
        backend = self._backends.get(job.backend or "")
        if update.state is BackendState.COMPLETED and backend and backend.resubmits_safely:
            return update.inference_seconds is not None
        return update.state is not BackendState.IN_QUEUE

    async def _collect(self, job: Job, backend: Backend) -> Job:
        """Keep the finished clip; while the backend is out of reach it is asked again."""
        assert job.handle is not None  # noqa: S101 - QUEUED and RUNNING have one
        deadline = self._clock.now() + timedelta(seconds=self._timing.fetching)
        collected, tries = None, 0
        while collected is None:
            tries += 1
            try:
                clip = await backend.result(job.handle)
                artifact = await self._fetcher.fetch(job, backend, clip)
            except BackendUnavailable as error:
                # other errors end the job in _recover; only an absence is waited for here
                if self._clock.now() >= deadline:
                    failure = Failure(FailureKind.RESULT_LOST, str(error))
                    collected = await self._jobs.fail(job, failure)
                else:
                    self._reports.fetching(job, f"{error.backend}, which cannot be reached")
                    await self._wakeups.wait(job.id, self._timing.retry.before(tries))
            else:
                collected = await self._jobs.succeed(job, artifact, clip.engine)
        return collected

    def _seconds_left(self, job: Job, watch: _Watch) -> float:
        """Seconds that the job still waits for an update. One that was late when its run began gets
        some time, in which its backend is asked."""
        timing = self._timing
        limit = timedelta(seconds=timing.running if job.started_at else timing.queued)
        if watch.updated_at is not None:
            deadline = watch.updated_at + limit
        else:
            late = (job.started_at or job.submitted_at or job.created_at) + limit
            deadline = max(late, watch.since + timedelta(seconds=timing.grace))
        return max(0.0, (deadline - self._clock.now()).total_seconds())


@asynccontextmanager
async def _closing(
    updates: AsyncIterator[BackendUpdate],
) -> AsyncIterator[AsyncIterator[BackendUpdate]]:
    """Closes a watch as soon as it is left, not when it is garbage-collected."""
    try:
        yield updates
    finally:
        if isinstance(updates, AsyncGenerator):
            await updates.aclose()
