"""Takes jobs away from our own worker when it is gone or has no room for them, and stops there what they left behind.

What a paid backend has accepted, or may have, is never taken away from it: it is waited for. A job that moves is saved
as waiting first, with the request that it leaves; so it is taken up again there or bought elsewhere, never both.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from generation.desk import Desk
from generation.errors import BackendError, BackendUnavailable, GenerationFailed
from generation.job import Job, JobStatus, RequestHandle
from generation.ports import Backend
from generation.ways import Ways
from generation.wire import ErrorType

_AT_ONCE: Final = 50
_MAY_RETURN: Final = frozenset({JobStatus.PENDING, JobStatus.SUBMITTING})
"""Jobs that may still take up again what they left."""


class FailOver:
    """Moves what a backend of ours has accepted."""

    def __init__(self, desk: Desk, ways: Ways) -> None:
        self._desk = desk
        self._ways = ways

    async def from_silence(self, job: Job, backend: Backend, lost_at: datetime) -> Job | None:
        """The worker that holds the job's request has not answered since then: the moved job, or None to go on waiting.

        A running clip is waited for longer than a queued one: a worker that restarts goes on with it.
        """
        patience = self._desk.patience
        seconds = patience.running_away if job.started_at else patience.queued_away
        if not backend.resubmits_safely or self._desk.now() < lost_at + timedelta(seconds=seconds):
            return None
        other = await self._ways.elsewhere(job, backend)
        if other is None:
            return None
        return await self._desk.put_back(job.leaving(not_before=self._desk.now(), waiting_for=other.name), was=job)

    async def from_lack_of_memory(self, job: Job, backend: Backend, error: GenerationFailed) -> Job | None:
        """The worker has no room for this clip: the moved job, or None where it did not say so, or nobody else can."""
        if error.error_type != ErrorType.RUNNER_SCHEDULING_FAILURE or not backend.resubmits_safely:
            return None
        if job.attempt >= self._desk.outside.max_attempts:
            return None
        other = await self._ways.elsewhere(job, backend)
        if other is None:
            return None
        waiting = job.back_to_pending(not_before=self._desk.now(), waiting_for=other.name)
        return await self._desk.put_back(replace(waiting, avoided=backend.name), was=job)

    async def from_doubt(self, job: Job, backend: Backend, asked_at: datetime) -> Job | None:
        """Nobody knows whether our worker took the submission, and it is gone: the moved job, or None to go on asking.

        The attempt does not count, so should the job come back, it comes under the same key.
        """
        if self._desk.now() < asked_at + timedelta(seconds=self._desk.patience.queued_away):
            return None
        other = await self._ways.elsewhere(job, backend)
        if other is None:
            return None
        return await self._desk.put_back(job.unsent(not_before=self._desk.now(), waiting_for=other.name), was=job)

    async def stop_left_behind(self) -> None:
        """Tell backends that are back that nobody wants any more what jobs have left there."""
        for job in await self._desk.outside.store.left_behind(limit=_AT_ONCE):
            left, now = job.left, self._desk.now()
            backend = self._desk.outside.backends.get(left.backend) if left else None
            if left is None or (backend is not None and not self._desk.outside.breakers[backend.name].admits(now)):
                continue
            if await self._note(job, left, None) and backend is not None:
                await self._stop(job, left, backend)

    async def _stop(self, job: Job, left: RequestHandle, backend: Backend) -> None:
        try:
            await backend.cancel(left)
        except BackendUnavailable as error:
            self._desk.has_failed(backend.name, error)
            await self._note(job, None, left)
        except BackendError as error:
            self._desk.outside.observer.trouble("stopping what was left behind", error, job_id=job.id)
        else:
            self._desk.has_answered(backend.name)

    async def _note(self, job: Job, known: RequestHandle | None, left: RequestHandle | None) -> bool:
        """Write down what is left behind, before it is stopped: a stopped request must never be taken up again."""
        async with self._desk.outside.store.transaction() as tx:
            stored = await tx.job(job.id)
            if stored is None or stored.left != known or stored.status in _MAY_RETURN:
                return False
            await tx.save_job(replace(stored, left=left), was=stored)
        return True
