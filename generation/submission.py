"""Submitting a job: at most once where it costs money, under one idempotency key where it is safe to repeat.

A submission whose outcome is unknown is sent again only where the backend recognises the key; elsewhere the job waits
to be adopted until a deadline and then fails with its quota given back.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from generation.desk import Desk
from generation.errors import (
    AccountLocked,
    BackendBusy,
    BackendError,
    BackendUnavailable,
    CredentialsRejected,
    Refused,
    StaleJob,
    StoreError,
    SubmissionOutcomeUnknown,
)
from generation.fail_over import FailOver
from generation.failures import failure_of
from generation.job import Failure, FailureKind, Job, JobId, JobStatus, RequestHandle
from generation.ports import Backend
from generation.progress import Phase, Progress
from generation.ways import Ways

_ACCOUNT: Final = (CredentialsRejected, AccountLocked)
"""Not accepted, and not to be accepted before the operator does something: another backend may take it."""
_UNSENT: Final = (BackendUnavailable, BackendBusy, *_ACCOUNT)
"""Provably not accepted, through no fault of the request's."""


class Submission:
    """Brings jobs from PENDING to QUEUED."""

    def __init__(self, desk: Desk, ways: Ways, fail_over: FailOver) -> None:
        self._desk = desk
        self._ways = ways
        self._fail_over = fail_over
        self._on_the_wire: set[JobId] = set()
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def all_settled(self) -> None:
        """Return once no submission is on the wire; interrupting one would leave its outcome unknown."""
        await self._quiet.wait()

    async def send(self, job: Job) -> Job:
        """Claim a waiting job and submit it: QUEUED afterwards, or PENDING again, or SUBMITTING when nobody knows.

        Raises StaleJob when another process took it first.
        """
        way = await self._ways.next_for(job)
        if way.backend is None:
            waiting = job.waiting(not_before=way.look_again_at, waiting_for=way.waiting_for)
            return await self._desk.put_back(waiting, was=job)
        backend, now = way.backend, self._desk.now()
        with self._wire(job.id):
            try:
                sending = await self._desk.claim(job, backend.name)
            except Refused:
                return await self._look_again(job)
            self._desk.outside.breakers[backend.name] = self._desk.outside.breakers[backend.name].tried(
                now, self._desk.patience.probing
            )
            if not await self._desk.has_room():
                return await self._put_back(sending, self._desk.patience.longest_retry, "room on the bot's disk")
            try:
                return await self._post(sending, backend)
            except _UNSENT:
                return await self._back(sending)

    @contextmanager
    def _wire(self, job_id: JobId) -> Iterator[None]:
        """From the claim to the saved answer: a job that is known as SUBMITTING must not be left unsent."""
        self._on_the_wire.add(job_id)
        self._quiet.clear()
        try:
            yield
        finally:
            self._on_the_wire.discard(job_id)
            if not self._on_the_wire:
                self._quiet.set()

    async def _post(self, job: Job, backend: Backend) -> Job:
        """Send it; the job afterwards. Raises only what proves that this submission was not accepted."""
        try:
            request_id = await backend.submit(
                job.request, idempotency_key=job.idempotency_key, webhook_url=self._webhook_url(job, backend)
            )
        except SubmissionOutcomeUnknown as error:
            self._desk.has_failed(backend.name, error)
            self._desk.outside.observer.trouble("submission outcome unknown", error, job_id=job.id)
            return job
        except BackendError as error:
            self._desk.has_failed(backend.name, error)
            if isinstance(error, _UNSENT) and (not isinstance(error, _ACCOUNT) or self._has_other_backends):
                raise
            return await self._desk.fail(job, failure_of(error))
        self._desk.outside.breakers[backend.name] = self._desk.outside.breakers[backend.name].accepted()
        return await self._record(job, RequestHandle(backend.name, job.request.endpoint, request_id, job.key_attempt))

    async def _record(self, job: Job, handle: RequestHandle) -> Job:
        """Save what was accepted, however long the database needs: nobody else knows the request's id."""
        tries = 0
        while True:
            tries += 1
            try:
                return await self._desk.save(job.queued(handle), was=job)
            except StaleJob:
                return await self._claim_for(job, handle)
            except StoreError as error:
                self._desk.outside.observer.trouble("saving an accepted request", error, job_id=job.id)
                await self._desk.pause(job.id, self._desk.patience.before_attempt(tries))

    async def _claim_for(self, job: Job, handle: RequestHandle) -> Job:
        """A call was quicker than the answer. Anybody may call, so where it named another request, the answer counts.

        Raises StaleJob when the job has moved elsewhere.
        """
        stored = await self._desk.outside.store.job(job.id)
        if stored is None or stored.status is not JobStatus.QUEUED or stored.attempt != job.attempt:
            raise StaleJob(job.id)
        return stored if stored.handle == handle else await self._desk.save(replace(stored, handle=handle), was=stored)

    async def settle(self, job: Job) -> Job:
        """A submission that may or may not have been accepted: sent again where that is safe, else waited for."""
        patience = self._desk.patience
        backend = self._desk.outside.backends.get(job.backend or "")
        repeatable = backend if backend is not None and backend.resubmits_safely else None
        asked_at = self._desk.now() if repeatable else job.submitted_at or job.created_at
        deadline = asked_at + timedelta(seconds=patience.queued if repeatable else patience.adoption)
        tries = 0
        while self._desk.now() < deadline:
            tries += 1
            if repeatable and (moved := await self._post_again(job, repeatable, asked_at)):
                return moved
            self._desk.say(job, Progress(Phase.WAITING, waiting_for=f"{job.backend} to confirm the request"))
            wait = min(patience.before_attempt(tries), self._desk.seconds_until(deadline))
            await self._desk.pause(job.id, wait)
            stored = await self._desk.outside.store.job(job.id)
            if stored is not None and stored.status is not JobStatus.SUBMITTING:
                return stored  # a call has adopted it
            if stored is not None and stored.cancel_requested:
                deadline = min(deadline, asked_at + timedelta(seconds=patience.adoption))
        return await self._desk.fail(job, Failure(FailureKind.OUTCOME_UNKNOWN, f"no answer from {job.backend}"))

    async def _post_again(self, job: Job, backend: Backend, asked_at: datetime) -> Job | None:
        """The same submission under the same key, hence the same request; None while there is no answer."""
        try:
            with self._wire(job.id):
                moved = await self._post(job, backend)
        except _UNSENT:
            moved = job
        return moved if moved is not job else await self._fail_over.from_doubt(job, backend, asked_at)

    async def _back(self, job: Job) -> Job:
        """Not accepted: to the next backend at once where that one is due, else wait for this one."""
        way = await self._ways.next_for(job)
        waiting = job.unsent(not_before=way.look_again_at, waiting_for=way.waiting_for)
        return await self._desk.put_back(waiting, was=job)

    async def _look_again(self, job: Job) -> Job:
        """Another job has taken the money that this one was to cost."""
        soon = self._desk.now() + timedelta(seconds=self._desk.patience.first_retry)
        return await self._desk.put_back(job.waiting(not_before=soon, waiting_for=job.waiting_for), was=job)

    @property
    def _has_other_backends(self) -> bool:
        return len(self._desk.outside.backends) > 1

    async def _put_back(self, job: Job, seconds: float, reason: str) -> Job:
        not_before = self._desk.now() + timedelta(seconds=seconds)
        return await self._desk.put_back(job.unsent(not_before=not_before, waiting_for=reason), was=job)

    def _webhook_url(self, job: Job, backend: Backend) -> str | None:
        """Where a paid backend may call when it is done; our own worker is watched, and signs with another key."""
        base = self._desk.outside.public_url
        return f"{base.rstrip('/')}/webhooks/fal/{job.id}" if base and not backend.resubmits_safely else None
