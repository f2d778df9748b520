"""Cancels requests at backends: for a member, after a deadline, or because the job has moved to
another backend."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from generation.backends.circuit_breaker import Breakers
from generation.domain.job import Job, JobId, JobStatus, RequestHandle
from generation.lifecycle.failures import without_quote
from generation.lifecycle.wakeups import Wakeups
from generation.ports import Backend, Observer, Store
from generation.protocol.errors import BackendError, BackendUnavailable

_BATCH: Final = 50
"""How many abandoned requests are cancelled at a time."""
_MAY_RETURN: Final = frozenset({JobStatus.PENDING, JobStatus.SUBMITTING})
"""Statuses in which a job may still return to the request that it abandoned."""


class Cancellations:
    """Cancels requests at their backends."""

    def __init__(
        self,
        store: Store,
        backends: Mapping[str, Backend],
        *,
        breakers: Breakers,
        wakeups: Wakeups,
        observer: Observer,
    ) -> None:
        self._store = store
        self._backends = backends
        self._breakers = breakers
        self._wakeups = wakeups
        self._observer = observer
        self._cancelled: dict[JobId, RequestHandle] = {}

    def __contains__(self, job_id: JobId) -> bool:
        return job_id in self._cancelled

    def forget(self, job_id: JobId) -> None:
        """The job's run is over."""
        self._cancelled.pop(job_id, None)

    async def cancel_running(self, job_id: JobId) -> None:
        """Cancel the request of a job that is being run here, once; it may still complete.

        Raises BackendError when the backend could not be asked.
        """
        job = await self._store.job(job_id)
        handle = job.handle if job is not None else None
        # a job that is not accepted yet ends when its submission comes back; a retry has a new
        # handle
        if handle is None or self._cancelled.get(job_id) == handle:
            return
        backend = self._backends.get(handle.backend)
        if backend is None or job_id not in self._wakeups:
            return
        # noted before the backend answers: by then the job may have ended, and nothing would
        # forget the note
        self._cancelled[job_id] = handle
        try:
            await backend.cancel(handle)
        except BaseException:
            # the backend does not know, so the dispatcher tries again
            self.forget(job_id)
            raise
        # a job that pauses asks its backend at once
        self._wakeups.wake(job_id)

    async def cancel_late(self, job: Job) -> None:
        """Cancel the request of a job that is given up; the job ends whether it works or not."""
        handle = job.handle
        backend = self._backends.get(handle.backend) if handle else None
        if backend is None or handle is None:
            return
        try:
            await backend.cancel(handle)
        except BackendError as error:
            told = without_quote(error, job)
            self._observer.trouble("cancelling a late request", told, job_id=job.id)

    async def cancel_abandoned(self) -> None:
        """Cancel the requests that jobs have abandoned, at the backends that can be reached."""
        for job in await self._store.abandoned_requests(limit=_BATCH):
            abandoned = job.left
            backend = self._backends.get(abandoned.backend) if abandoned else None
            # a backend that is no longer configured is never asked, so its note is only cleared
            is_due = backend is None or self._breakers.admits(backend.name)
            # the note goes first: a job must never return to a cancelled request
            if abandoned is None or not is_due or not await self._replace(job, abandoned, None):
                continue
            if backend is not None:
                await self._cancel_abandoned(job, abandoned, backend)

    async def _cancel_abandoned(self, job: Job, handle: RequestHandle, backend: Backend) -> None:
        try:
            await backend.cancel(handle)
        except BackendUnavailable as error:
            self._breakers.failed(backend.name, error)
            # not cancelled after all: noted again for the next time
            await self._replace(job, None, handle)
        except BackendError as error:
            told = without_quote(error, job)
            self._observer.trouble("cancelling an abandoned request", told, job_id=job.id)
        else:
            self._breakers.answered(backend.name)

    async def _replace(
        self, job: Job, known: RequestHandle | None, new: RequestHandle | None
    ) -> bool:
        """Save what the job has abandoned; False where it has changed since, or may come back."""
        async with self._store.transaction() as tx:
            stored = await tx.job(job.id)
            if stored is None or stored.left != known or stored.status in _MAY_RETURN:
                return False
            await tx.save_job(replace(stored, left=new), was=stored)
        return True
