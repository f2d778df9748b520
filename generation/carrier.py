"""Carries one job through its life: submit, watch, fetch, keep. Every step is saved before the next one begins."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

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
from generation.fail_over import FailOver
from generation.failures import failure_of
from generation.job import Artifact, Failure, FailureKind, Job, JobId, JobStatus, RequestHandle
from generation.paces import Paces
from generation.ports import Backend, BackendState, BackendUpdate, Clip, Lease
from generation.pricing import relative_work
from generation.progress import Phase, Progress, Sighting, eta_of_queued, eta_of_running
from generation.submission import Submission
from generation.ways import Ways


@dataclass(slots=True)
class _Vigil:
    """What one carrying of a job has seen so far: since when, when there was news, since when the backend
    has been out of reach, and the clip's steps."""

    since: datetime
    heard_at: datetime | None = None
    lost_at: datetime | None = None
    sighting: Sighting = field(default_factory=Sighting)


class Carrier:
    """Takes jobs from where they are to where they can go; one object serves every job of a process.

    ``keeps_waiting_jobs`` is for a process that works on its own jobs only: they stay its own between two attempts.
    """

    def __init__(
        self, outside: Outside, *, owner: str, patience: Patience | None = None, keeps_waiting_jobs: bool = False
    ) -> None:
        self._desk = Desk(outside, owner, patience or Patience(), keeps_waiting_jobs=keeps_waiting_jobs)
        ways = Ways(self._desk)
        self._fail_over = FailOver(self._desk, ways)
        self._submission = Submission(self._desk, ways, self._fail_over)
        self._told_to_stop: dict[JobId, RequestHandle] = {}
        self._paces = Paces()

    def lease(self) -> Lease:
        """A lease from now on in this owner's name."""
        return self._desk.lease()

    async def recall_paces(self) -> None:
        """Know from clips of earlier how long they take. Raises StoreError."""
        await self._paces.recall(self._desk.outside.store)

    async def submissions_settled(self) -> None:
        """Return once no submission is on the wire."""
        await self._submission.all_settled()

    async def stop_left_behind(self) -> None:
        """Tell backends that are back that nobody wants any more what jobs have left there."""
        await self._fail_over.stop_left_behind()

    def nudge(self, job_id: JobId) -> None:
        """Somebody says that there is news of the job: ask again at once instead of later."""
        self._desk.nudge(job_id)

    def has_told_to_stop(self, job_id: JobId) -> bool:
        """Whether the job's backend knows that nobody wants the clip any more, or is being told."""
        return job_id in self._told_to_stop

    async def pass_on_cancel(self, job_id: JobId) -> None:
        """Tell the backend of a job that we carry and whose end was asked for; it is told once, and may still complete.

        Raises BackendError when it could not be told: ask again later.
        """
        job = await self._desk.outside.store.job(job_id)
        if job is None or job.handle is None or self._told_to_stop.get(job_id) == job.handle:
            return
        backend = self._desk.outside.backends.get(job.handle.backend)
        if backend is None or not self._desk.is_listening(job_id):
            return
        self._told_to_stop[job_id] = job.handle  # before the answer: by then the job may have ended
        try:
            await backend.cancel(job.handle)
        except BaseException:
            self._told_to_stop.pop(job_id, None)
            raise
        self._desk.nudge(job_id)

    async def stop_request(self, job: Job) -> None:
        """Tell the backend that nobody waits for the job's request; it does not matter whether it hears."""
        backend = self._desk.outside.backends.get(job.handle.backend) if job.handle else None
        if backend is not None and job.handle is not None:
            await self._stop_at_backend(job, backend, job.handle)

    async def carry(self, job: Job) -> Job:
        """Take the job as far as it goes: to its end, or back to PENDING where it waits for another attempt.

        Raises StoreError when a step could not be saved; the job is then as it was at its last saved step.
        """
        vigil = _Vigil(self._desk.now())
        try:
            with self._desk.listening(job.id):
                job = await self._submission.send(job) if job.status is JobStatus.PENDING else job
                while not job.status.is_final and job.status is not JobStatus.PENDING:
                    job = await self._step(job, vigil)
        finally:
            self._told_to_stop.pop(job.id, None)
        return job

    async def _step(self, job: Job, vigil: _Vigil) -> Job:
        if job.status is JobStatus.SUBMITTING:
            return await self._submission.settle(job)
        backend = self._desk.outside.backends.get(job.handle.backend) if job.handle else None
        if backend is None:
            failure = Failure(FailureKind.OPERATOR, f"backend {job.backend!r} is not configured")
            return await self._desk.fail(job, failure)
        return await self._follow(job, backend, vigil)

    async def _follow(self, job: Job, backend: Backend, vigil: _Vigil) -> Job:
        assert job.handle is not None  # noqa: S101 - QUEUED and RUNNING have one
        handle, seconds = job.handle, self._time_left(job, vigil)
        try:
            if seconds <= 0:
                raise TimeoutError  # a watch that fails at once would never let the deadline come to its turn
            async with (
                Deadline(self._desk.outside.clock, seconds) as deadline,
                _closing(backend.watch(handle)) as updates,
            ):
                async for update in updates:
                    job = await self._noticed(job, update, vigil)
                    deadline.move(self._time_left(job, vigil))
            return await self._collect(job, backend, handle)
        except TimeoutError:
            await self._stop_at_backend(job, backend, handle)
            return await self._desk.fail(job, Failure(FailureKind.TIMED_OUT, f"no clip from {backend.name} in time"))
        except (BackendError, ArtifactError) as error:
            return await self._after_trouble(job, backend, error, vigil)

    async def _after_trouble(
        self, job: Job, backend: Backend, error: BackendError | ArtifactError, vigil: _Vigil
    ) -> Job:
        match error:
            case BackendUnavailable():
                return await self._lost_touch(job, backend, error, vigil)
            case RequestCancelled():
                return await self._desk.end_cancelled(job)
            case RequestNotFound() if backend.resubmits_safely:
                return await self._once_more(job, error, f"{backend.name}, which starts again")
            case GenerationFailed() if moved := await self._fail_over.from_lack_of_memory(job, backend, error):
                return moved
            case GenerationFailed() if error.retryable:
                return await self._once_more(job, error, f"{backend.name}, whose runner stopped")
            case _:
                return await self._desk.fail(job, failure_of(error))

    async def _lost_touch(self, job: Job, backend: Backend, error: BackendError, vigil: _Vigil) -> Job:
        """The backend is out of reach: wait for it, or go elsewhere once that has taken too long."""
        vigil.lost_at = vigil.lost_at or self._desk.now()
        self._desk.has_lost(backend.name, error)
        if moved := await self._fail_over.from_silence(job, backend, vigil.lost_at):
            return moved
        self._desk.say(job, Progress(Phase.WAITING, waiting_for=f"{backend.name}, which cannot be reached"))
        await self._desk.pause(job.id, self._desk.patience.first_retry)
        return job

    async def _once_more(self, job: Job, error: BackendError, reason: str) -> Job:
        """The request came to nothing without anybody's fault: another attempt, unless nobody wants it any more."""
        stored = await self._desk.outside.store.job(job.id)
        if stored is not None and stored.cancel_requested:
            return await self._desk.end_cancelled(job)
        if job.attempt >= self._desk.outside.max_attempts:
            return await self._desk.fail(job, failure_of(error))
        pause = timedelta(seconds=self._desk.patience.before_attempt(job.attempt))
        waiting = job.back_to_pending(not_before=self._desk.now() + pause, waiting_for=reason)
        return await self._desk.put_back(waiting, was=job)

    async def _noticed(self, job: Job, update: BackendUpdate, vigil: _Vigil) -> Job:
        vigil.heard_at, vigil.lost_at = self._desk.now(), None
        self._desk.has_answered(job.backend or "")
        if update.state is not BackendState.IN_QUEUE and job.status is JobStatus.QUEUED:
            job = await self._desk.save(job.running(self._desk.now()), was=job)
        pace = self._paces.of(job)
        work = float(relative_work(job.request))
        match update.state:
            case BackendState.IN_QUEUE:
                eta = update.eta_seconds
                if eta is None:
                    eta = eta_of_queued(update.position, pace.seconds_for(work))
                self._desk.say(job, Progress(Phase.QUEUED, position=update.position, eta_seconds=eta))
            case BackendState.IN_PROGRESS:
                eta = self._eta_of_running(job, update, vigil.sighting)
                self._desk.say(job, Progress(Phase.RENDERING, steps=update.steps, eta_seconds=eta, look=update.look))
            case BackendState.COMPLETED:
                if update.inference_seconds is not None:
                    pace.learn(work, update.inference_seconds)
                self._desk.say(job, Progress(Phase.FETCHING))
        return job

    def _eta_of_running(self, job: Job, update: BackendUpdate, sighting: Sighting) -> float | None:
        now = self._desk.now()
        expected = self._paces.of(job).seconds_for(float(relative_work(job.request)))
        if update.steps is not None:
            return sighting.eta(update.steps, now, expected, told=update.eta_seconds)
        if update.eta_seconds is not None:
            return update.eta_seconds
        return eta_of_running(None, (now - (job.started_at or now)).total_seconds(), expected)

    async def _collect(self, job: Job, backend: Backend, handle: RequestHandle) -> Job:
        """The finished clip, fetched, checked and kept; trouble on the way is tried again until patience ends."""
        deadline = self._desk.now() + timedelta(seconds=self._desk.patience.fetching)
        tries = 0
        while True:
            tries += 1
            try:
                clip = await backend.result(handle)
                artifact = await self._keep(job, backend, clip)
            except BackendUnavailable as error:
                if self._desk.now() >= deadline:
                    return await self._desk.fail(job, Failure(FailureKind.RESULT_LOST, str(error)))
                self._desk.say(job, Progress(Phase.FETCHING, waiting_for=f"{error.backend}, which cannot be reached"))
                await self._desk.pause(job.id, self._desk.patience.before_attempt(tries))
                continue
            return await self._desk.succeed(job, backend, artifact, clip.engine)

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

    def _time_left(self, job: Job, vigil: _Vigil) -> float:
        """How long news is waited for; a job that was late when we took it up is asked about before it is given up."""
        patience = self._desk.patience
        limit = timedelta(seconds=patience.running if job.started_at else patience.queued)
        if vigil.heard_at is not None:
            return self._desk.seconds_until(vigil.heard_at + limit)
        late = (job.started_at or job.submitted_at or job.created_at) + limit
        return self._desk.seconds_until(max(late, vigil.since + timedelta(seconds=patience.asking)))


@asynccontextmanager
async def _closing(updates: AsyncIterator[BackendUpdate]) -> AsyncIterator[AsyncIterator[BackendUpdate]]:
    """A watch that nobody listens to any more hangs up at once, not when its garbage is collected."""
    try:
        yield updates
    finally:
        if isinstance(updates, AsyncGenerator):
            await updates.aclose()
