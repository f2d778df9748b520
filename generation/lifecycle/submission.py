"""Submitting a job: at most once where it costs money, under one idempotency key where it is safe
to repeat.

A submission whose outcome is unknown is sent again only where the backend recognises the key.
Elsewhere the job waits until a webhook confirms it, or a deadline passes; then it fails, and its
quota is given back.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from generation.backends.circuit_breaker import Breakers
from generation.domain.job import Failure, FailureKind, Job, JobId, JobStatus, RequestHandle
from generation.lifecycle.completion import JobWriter
from generation.lifecycle.failover import Failover
from generation.lifecycle.failures import failure_of, without_quote
from generation.lifecycle.fetching import ClipFetcher
from generation.lifecycle.progress_reports import ProgressReporter
from generation.lifecycle.routing import BackendRouter
from generation.lifecycle.timing import LifecycleTiming
from generation.lifecycle.wakeups import Wakeups
from generation.ports import Backend, Observer, Store
from generation.protocol.clock import Clock
from generation.protocol.errors import (
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
from generation.protocol.fairness import ShareNames

_ACCOUNT: Final = (CredentialsRejected, AccountLocked)
"""Not accepted before the operator acts: another backend may take it."""
_NOT_ACCEPTED: Final = (BackendUnavailable, BackendBusy, *_ACCOUNT)
"""Provably not accepted, and not because of the request."""


class JobSubmitter:
    """Brings jobs from PENDING to QUEUED.

    ``public_url`` is where paid backends may call us (None: they may not); ``shares`` name members
    to our own worker.
    """

    def __init__(
        self,
        store: Store,
        backends: Mapping[str, Backend],
        *,
        router: BackendRouter,
        failover: Failover,
        jobs: JobWriter,
        fetcher: ClipFetcher,
        reports: ProgressReporter,
        wakeups: Wakeups,
        breakers: Breakers,
        clock: Clock,
        observer: Observer,
        timing: LifecycleTiming,
        public_url: str | None,
        shares: ShareNames | None,
    ) -> None:
        self._store = store
        self._backends = backends
        self._router = router
        self._failover = failover
        self._jobs = jobs
        self._fetcher = fetcher
        self._reports = reports
        self._wakeups = wakeups
        self._breakers = breakers
        self._clock = clock
        self._observer = observer
        self._timing = timing
        self._public_url = public_url
        self._shares = shares
        self._sending: set[JobId] = set()
        self._none_sending = asyncio.Event()
        self._none_sending.set()

    async def all_settled(self) -> None:
        """Return once no submission is under way; interrupting one would leave its outcome
        unknown."""
        await self._none_sending.wait()

    async def submit(self, job: Job) -> Job:
        """Claim a waiting job and send it: QUEUED afterwards, PENDING again, or SUBMITTING when the
        outcome is unknown. Raises StaleJob when another process took it first."""
        route = await self._router.route(job)
        # nothing is claimed without a backend, so the job stays free for other processes
        if route.backend is None:
            waiting = job.waiting(not_before=route.retry_at, waiting_for=route.waiting_for)
            job = await self._jobs.requeue(waiting, was=job)
        else:
            with self._under_way(job.id):
                job = await self._claim(job, route.backend)
                # saved as SUBMITTING before the first byte leaves: killed from here on, the next
                # start knows that the request may have been accepted
                if job.status is JobStatus.SUBMITTING:
                    job = await self._send_claimed(job, route.backend)
        return job

    async def resolve(self, job: Job) -> Job:
        """A submission whose outcome is unknown: sent again where that is safe, else waited for."""
        timing, backend = self._timing, self._repeatable_at(job)
        # a safe repeat starts its own time; elsewhere it has run since the submission
        since = self._clock.now() if backend else job.submitted_at or job.created_at
        confirmed_by = since + timedelta(seconds=timing.confirmation)
        deadline = since + timedelta(seconds=timing.queued) if backend else confirmed_by
        current, tries = job, 0
        while current.status is JobStatus.SUBMITTING and self._clock.now() < deadline:
            tries += 1
            if backend is not None:
                current = await self._repeat(job, backend, since)
            if current.status is JobStatus.SUBMITTING:
                left = (deadline - self._clock.now()).total_seconds()
                current = await self._wait(job, min(timing.retry.before(tries), max(0.0, left)))
            if current.cancel_requested:
                # a cancelled job need not wait a day for a worker that is gone
                deadline = min(deadline, confirmed_by)
        if current.status is JobStatus.SUBMITTING:
            failure = Failure(FailureKind.OUTCOME_UNKNOWN, f"no answer from {job.backend}")
            current = await self._jobs.fail(job, failure)
        return current

    def _repeatable_at(self, job: Job) -> Backend | None:
        """The job's backend, where it recognises the idempotency key."""
        backend = self._backends.get(job.backend or "")
        return backend if backend is not None and backend.resubmits_safely else None

    async def _repeat(self, job: Job, backend: Backend, since: datetime) -> Job:
        """Send it under the same key, which is the same request. SUBMITTING while there is no
        answer; PENDING once the job waits for another backend."""
        try:
            with self._under_way(job.id):
                current = await self._send(job, backend)
        except _NOT_ACCEPTED:
            # still in doubt: this try was not accepted, but an earlier one may have been
            current = job
        if current.status is JobStatus.SUBMITTING:
            moved = await self._failover.when_unreachable(job, backend, since)
            current = current if moved is None else await self._jobs.requeue(moved, was=job)
        return current

    async def _wait(self, job: Job, seconds: float) -> Job:
        """Wait that long, or until the job is woken; returns it as it is stored then: a webhook may
        have confirmed it."""
        self._reports.waiting(job, f"{job.backend} to confirm the request")
        await self._wakeups.wait(job.id, seconds)
        return await self._store.job(job.id) or job

    @contextmanager
    def _under_way(self, job_id: JobId) -> Iterator[None]:
        """From the claim to the saved answer: a job that is stored as SUBMITTING must not be left
        unsent."""
        self._sending.add(job_id)
        self._none_sending.clear()
        try:
            yield
        finally:
            self._sending.discard(job_id)
            if not self._sending:
                self._none_sending.set()

    async def _claim(self, job: Job, backend: Backend) -> Job:
        """SUBMITTING, or PENDING where another job has just reserved the money for it."""
        try:
            claimed = await self._jobs.claim(job, backend.name)
        except Refused:
            soon = self._clock.now() + timedelta(seconds=self._timing.retry.first)
            waiting = job.waiting(not_before=soon, waiting_for=job.waiting_for)
            # soon again: the route may lead elsewhere now
            claimed = await self._jobs.requeue(waiting, was=job)
        else:
            self._breakers.tried(backend.name)
        return claimed

    async def _send_claimed(self, job: Job, backend: Backend) -> Job:
        """Send it for the first time; PENDING again where it was not accepted."""
        if not await self._fetcher.has_room():
            later = self._clock.now() + timedelta(seconds=self._timing.retry.longest)
            waiting = job.unsent(not_before=later, waiting_for="room on the bot's disk")
            return await self._jobs.requeue(waiting, was=job)
        try:
            return await self._send(job, backend)
        except _NOT_ACCEPTED:
            # the next backend may be due at once
            route = await self._router.route(job)
            waiting = job.unsent(not_before=route.retry_at, waiting_for=route.waiting_for)
            return await self._jobs.requeue(waiting, was=job)

    async def _send(self, job: Job, backend: Backend) -> Job:
        """Raises only what proves that this submission was not accepted, where it may be repeated
        or go elsewhere."""
        try:
            request_id = await backend.submit(
                job.sent_request,
                idempotency_key=job.idempotency_key,
                webhook_url=self._webhook_url(job, backend),
                share=self._share(job, backend),
            )
        except SubmissionOutcomeUnknown as error:
            self._breakers.failed(backend.name, error)
            # stays SUBMITTING: sent again it might be paid for twice
            told = without_quote(error, job)
            self._observer.trouble("submission outcome unknown", told, job_id=job.id)
        except BackendError as error:
            self._breakers.failed(backend.name, error)
            if isinstance(error, _ACCOUNT):
                # only the operator can help, and the breaker keeps this from being said every time
                told = without_quote(error, job)
                self._observer.trouble("a backend needs its operator", told, job_id=job.id)
            # the caller puts the job back; only it knows whether this was the first submission
            if self._may_be_repeated(error):
                raise
            job = await self._jobs.fail(job, failure_of(error))
        else:
            # a submission that is accepted proves that the backend works
            self._breakers.accepted(backend.name)
            endpoint = job.request.endpoint
            handle = RequestHandle(backend.name, endpoint, request_id, job.key_attempt)
            job = await self._record(job, handle)
        return job

    def _may_be_repeated(self, error: BackendError) -> bool:
        if isinstance(error, _ACCOUNT):
            # with one backend only the operator can help, so the member is told at once
            return len(self._backends) > 1
        return isinstance(error, _NOT_ACCEPTED)

    async def _record(self, job: Job, handle: RequestHandle) -> Job:
        """Save an accepted request, however long the database needs: its id is known only here."""
        recorded, tries = None, 0
        # tried until it works: otherwise a paid request would be lost
        while recorded is None:
            tries += 1
            try:
                recorded = await self._jobs.save(job.queued(handle), was=job)
            except StaleJob:
                recorded = await self._overrule(job, handle)
            except StoreError as error:
                self._observer.trouble("saving an accepted request", error, job_id=job.id)
                await self._wakeups.wait(job.id, self._timing.retry.before(tries))
        return recorded

    async def _overrule(self, job: Job, handle: RequestHandle) -> Job:
        """A webhook came before the answer. Any customer of a backend can make it call us, so where
        the webhook named another request the answer counts. Raises StaleJob when the job has gone
        on."""
        stored = await self._store.job(job.id)
        if stored is None or stored.status is not JobStatus.QUEUED or stored.attempt != job.attempt:
            raise StaleJob(job.id)
        if stored.handle != handle:
            stored = await self._jobs.save(replace(stored, handle=handle), was=stored)
        return stored

    def _share(self, job: Job, backend: Backend) -> str | None:
        """Whose share our own worker counts it in; nobody else is told who asks."""
        if self._shares is None or not backend.resubmits_safely:
            return None
        return self._shares.of(str(job.channel.server), str(job.requested_by))

    def _webhook_url(self, job: Job, backend: Backend) -> str | None:
        """Where a paid backend calls when it is done. Our own worker is watched, and signs with
        another key."""
        if not self._public_url or backend.resubmits_safely:
            return None
        return f"{self._public_url.rstrip('/')}/webhooks/fal/{job.id}"
