"""What a backend's call about a job is worth: it wakes whoever waits, and settles a submission without an answer."""

from collections.abc import Callable

from generation.errors import StaleJob
from generation.job import Job, JobId, JobStatus, RequestHandle
from generation.ports import Observer, Store


class Callbacks:
    """Takes calls whose signature is good; they never carry a result, only the news that there is one."""

    def __init__(self, store: Store, observer: Observer, nudge: Callable[[JobId], None]) -> None:
        self._store = store
        self._observer = observer
        self._nudge = nudge

    async def heard(self, job_id: JobId, request_id: str, backend: str) -> bool:
        """Somebody at ``backend`` says that a request of this job has moved; False when it is not this job's.

        A job that was submitted there and never got its answer takes the request as its own. Signatures of a public
        backend prove only that it called, not for whom: whether the request is ours shows when it is asked for.
        """
        job = await self._store.job(job_id)
        if job is None:
            return False
        if job.handle is None and job.status is JobStatus.SUBMITTING and job.backend == backend:
            await self._adopt(job, request_id, backend)
        elif job.handle is None or (job.handle.backend, job.handle.request_id) != (backend, request_id):
            return False
        self._nudge(job_id)
        return True

    async def _adopt(self, job: Job, request_id: str, backend: str) -> None:
        queued = job.queued(RequestHandle(backend, job.request.endpoint, request_id, job.attempt))
        try:
            async with self._store.transaction() as tx:
                await tx.save_job(queued, was=job)
        except StaleJob:
            return  # its answer came at the same moment
        self._observer.job_moved(queued)
