"""Carries one job through its life: submit, watch, fetch, keep. Every step is saved before the next one begins."""

import asyncio
from datetime import timedelta

from generation import mp4
from generation.clock import Deadline
from generation.desk import Desk, Outside, Patience
from generation.errors import (
    ArtifactError,
    BackendError,
    BackendUnavailable,
    GenerationFailed,
    RequestCancelled,
    RequestNotFound,
)
from generation.failures import failure_of
from generation.job import Artifact, Failure, FailureKind, Job, JobId, JobStatus, RequestHandle
from generation.ports import Backend, BackendState, BackendUpdate, Clip, Lease
from generation.pricing import relative_work
from generation.progress import Pace, Phase, Progress, eta_of_queued, eta_of_running
from generation.request import Endpoint
from generation.submission import Submission


class Carrier:
    """Takes jobs from where they are to where they can go; one object serves every job of a process."""

    def __init__(self, outside: Outside, *, owner: str, patience: Patience | None = None) -> None:
        self._desk = Desk(outside, owner, patience or Patience())
        self._submission = Submission(self._desk)
        self._told_to_stop: set[RequestHandle] = set()
        self._paces: dict[tuple[str, Endpoint], Pace] = {}

    def lease(self) -> Lease:
        """A lease from now on in this owner's name."""
        return self._desk.lease()

    async def submissions_settled(self) -> None:
        """Return once no submission is on the wire."""
        await self._submission.all_settled()

    def nudge(self, job_id: JobId) -> None:
        """Somebody says that there is news of the job: ask again at once instead of later."""
        self._desk.nudge(job_id)

    async def pass_on_cancel(self, job_id: JobId) -> None:
        """Tell the backend of a job whose end was asked for; it is told once, and may still complete.

        Raises BackendError when it could not be told: ask again later.
        """
        job = await self._desk.outside.store.job(job_id)
        if job is None or job.handle is None or job.status.is_final or job.handle in self._told_to_stop:
            return
        backend = self._desk.outside.backends.get(job.handle.backend)
        if backend is not None:
            await backend.cancel(job.handle)
            self._told_to_stop.add(job.handle)
            self._desk.nudge(job_id)

    async def carry(self, job: Job) -> Job:
        """Take the job as far as it goes: to its end, or back to PENDING where it waits for another attempt.

        Raises StoreError when a step could not be saved; the job is then as it was at its last saved step.
        """
        with self._desk.listening(job.id):
            job = await self._submission.send(job) if job.status is JobStatus.PENDING else job
            while not job.status.is_final and job.status is not JobStatus.PENDING:
                job = await self._step(job)
        self._told_to_stop = {handle for handle in self._told_to_stop if handle != job.handle}
        return job

    async def _step(self, job: Job) -> Job:
        if job.status is JobStatus.SUBMITTING:
            return await self._submission.settle(job)
        backend = self._desk.outside.backends.get(job.handle.backend) if job.handle else None
        if backend is None:
            failure = Failure(FailureKind.OPERATOR, f"backend {job.backend!r} is not configured")
            return await self._desk.fail(job, failure)
        return await self._follow(job, backend)

    async def _follow(self, job: Job, backend: Backend) -> Job:
        assert job.handle is not None  # noqa: S101 - QUEUED and RUNNING have one
        handle = job.handle
        try:
            async with Deadline(self._desk.outside.clock, self._time_left(job)) as deadline:
                async for update in backend.watch(handle):
                    noticed = await self._noticed(job, update)
                    if noticed.status is not job.status:
                        deadline.move(self._time_left(noticed))
                    job = noticed
            return await self._collect(job, backend, handle)
        except TimeoutError:
            await self._stop_at_backend(job, backend, handle)
            return await self._desk.fail(job, Failure(FailureKind.TIMED_OUT, f"no clip from {backend.name} in time"))
        except (BackendError, ArtifactError) as error:
            return await self._after_trouble(job, backend, error)

    async def _after_trouble(self, job: Job, backend: Backend, error: BackendError | ArtifactError) -> Job:
        match error:
            case BackendUnavailable():
                self._desk.say(job, Progress(Phase.WAITING, waiting_for=f"{backend.name}, which cannot be reached"))
                await self._desk.pause(job.id, self._desk.patience.first_retry)
                return job
            case RequestCancelled():
                return await self._desk.end_cancelled(job)
            case RequestNotFound() if backend.resubmits_safely:
                return await self._once_more(job, error, f"{backend.name}, which starts again")
            case GenerationFailed() if error.retryable:
                return await self._once_more(job, error, f"{backend.name}, whose runner stopped")
            case _:
                return await self._desk.fail(job, failure_of(error))

    async def _once_more(self, job: Job, error: BackendError, reason: str) -> Job:
        """The request came to nothing without anybody's fault: another attempt, unless nobody wants it any more."""
        stored = await self._desk.outside.store.job(job.id)
        if stored is not None and stored.cancel_requested:
            return await self._desk.end_cancelled(job)
        if job.attempt >= self._desk.outside.max_attempts:
            return await self._desk.fail(job, failure_of(error))
        return await self._desk.put_back(job, self._desk.patience.before_attempt(job.attempt), reason)

    async def _noticed(self, job: Job, update: BackendUpdate) -> Job:
        if update.state is not BackendState.IN_QUEUE and job.status is JobStatus.QUEUED:
            job = await self._desk.save(job.running(self._desk.now()), was=job)
        pace = self._pace(job)
        work = float(relative_work(job.request))
        match update.state:
            case BackendState.IN_QUEUE:
                eta = eta_of_queued(update.position, pace.seconds_for(work))
                self._desk.say(job, Progress(Phase.QUEUED, position=update.position, eta_seconds=eta))
            case BackendState.IN_PROGRESS:
                elapsed = (self._desk.now() - (job.started_at or self._desk.now())).total_seconds()
                eta = eta_of_running(update.steps, elapsed, pace.seconds_for(work))
                self._desk.say(job, Progress(Phase.RENDERING, steps=update.steps, eta_seconds=eta))
            case BackendState.COMPLETED:
                if update.inference_seconds is not None:
                    pace.learn(work, update.inference_seconds)
                self._desk.say(job, Progress(Phase.FETCHING))
        return job

    async def _collect(self, job: Job, backend: Backend, handle: RequestHandle) -> Job:
        """The finished clip, fetched, checked and kept; trouble on the way is tried again until patience ends."""
        deadline = self._desk.now() + timedelta(seconds=self._desk.patience.fetching)
        tries = 0
        while True:
            tries += 1
            try:
                artifact = await self._keep(job, backend, await backend.result(handle))
            except BackendUnavailable as error:
                if self._desk.now() >= deadline:
                    return await self._desk.fail(job, Failure(FailureKind.RESULT_LOST, str(error)))
                self._desk.say(job, Progress(Phase.FETCHING, waiting_for=f"{error.backend}, which cannot be reached"))
                await self._desk.pause(job.id, self._desk.patience.before_attempt(tries))
                continue
            return await self._desk.succeed(job, backend, artifact)

    async def _keep(self, job: Job, backend: Backend, clip: Clip) -> Artifact:
        staged = self._desk.outside.staging / f"{job.id}.mp4"
        try:
            await backend.fetch(clip, staged, max_bytes=self._desk.outside.max_clip_bytes)
            await asyncio.to_thread(mp4.probe, staged)
            return await self._desk.outside.artifacts.save(job.id, staged)
        finally:
            await asyncio.to_thread(staged.unlink, missing_ok=True)

    async def _stop_at_backend(self, job: Job, backend: Backend, handle: RequestHandle) -> None:
        try:
            await backend.cancel(handle)
        except BackendError as error:
            self._desk.outside.observer.trouble("cancelling a late request", error, job_id=job.id)

    def _time_left(self, job: Job) -> float:
        limit = self._desk.patience.running if job.started_at else self._desk.patience.queued
        since = job.started_at or job.submitted_at or job.created_at
        return self._desk.seconds_until(since + timedelta(seconds=limit))

    def _pace(self, job: Job) -> Pace:
        return self._paces.setdefault((job.backend or "", job.request.endpoint), Pace())
