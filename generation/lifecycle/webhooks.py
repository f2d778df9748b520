"""A backend's webhook about a job wakes the job, and confirms a submission without an answer."""

from collections.abc import Callable

from generation.domain.job import Job, JobId, JobStatus, RequestHandle
from generation.ports import Observer, Store
from generation.protocol.errors import StaleJob


class WebhookReceiver:
    """Takes webhooks whose signature is good. A webhook says only that there is a result; the
    result itself is fetched from the backend."""

    def __init__(self, store: Store, observer: Observer, wake: Callable[[JobId], None]) -> None:
        self._store = store
        self._observer = observer
        self._wake = wake

    async def receive(self, job_id: JobId, request_id: str, backend: str) -> bool:
        """``backend`` says that the state of a request of this job has changed; False when it is
        not this job's.

        A job that was submitted there without an answer takes the request as its own. The signature
        of a public backend proves only that it called, not for whom: whether the request is ours
        shows when it is asked for.
        """
        job = await self._store.job(job_id)
        if job is None:
            return False
        known = (job.handle.backend, job.handle.request_id) if job.handle else None
        is_unconfirmed = job.status is JobStatus.SUBMITTING and job.backend == backend
        if known is None and is_unconfirmed:
            await self._confirm(job, request_id, backend)
        # about another request than that of the job: stale, or made up
        elif known != (backend, request_id):
            return False
        self._wake(job_id)
        return True

    async def _confirm(self, job: Job, request_id: str, backend: str) -> None:
        queued = job.queued(RequestHandle(backend, job.request.endpoint, request_id, job.attempt))
        try:
            async with self._store.transaction() as tx:
                await tx.save_job(queued, was=job)
        except StaleJob:
            return  # the submission's answer came at the same moment
        self._observer.job_moved(queued)
