"""Which jobs leave our own worker for another backend: because it is gone, or has no memory for
them.

A job never leaves a paid backend that has accepted it, or may have: it is waited for. A job that
leaves is saved as waiting first, together with the request that it abandons; so the job is either
taken up again there or bought elsewhere, never both.
"""

from datetime import datetime, timedelta
from typing import Final, Protocol

from generation.domain.job import Job, JobStatus
from generation.lifecycle.routing import BackendRouter
from generation.lifecycle.timing import LifecycleTiming
from generation.ports import Backend
from generation.protocol.clock import Clock
from generation.protocol.errors import (
    ArtifactError,
    BackendError,
    BackendUnavailable,
    GenerationFailed,
)
from generation.protocol.wire import ErrorType

_OUT_OF_MEMORY: Final = ErrorType.RUNNER_SCHEDULING_FAILURE
"""How a worker says that it has no memory for a clip of this size."""


class _Leave(Protocol):
    """A move of the job back to PENDING."""

    def __call__(self, *, not_before: datetime, waiting_for: str) -> Job: ...


class Failover:
    """Decides for one job at a time; the caller saves it. Reads only."""

    def __init__(
        self, router: BackendRouter, *, clock: Clock, timing: LifecycleTiming, max_attempts: int
    ) -> None:
        self._router = router
        self._clock = clock
        self._timing = timing
        self._max_attempts = max_attempts

    async def after(
        self,
        job: Job,
        backend: Backend,
        error: BackendError | ArtifactError,
        *,
        unreachable_since: datetime | None,
    ) -> Job | None:
        """The job as it waits for another backend, where the error lets it leave this one; else
        None."""
        moved = None
        if isinstance(error, BackendUnavailable) and unreachable_since is not None:
            moved = await self.when_unreachable(job, backend, unreachable_since)
        elif isinstance(error, GenerationFailed) and error.error_type == _OUT_OF_MEMORY:
            moved = await self._when_out_of_memory(job, backend)
        return moved

    async def when_unreachable(self, job: Job, backend: Backend, since: datetime) -> Job | None:
        """The job as it waits for another backend; None where this one is waited for.

        A running clip is waited for longer than a queued one: a worker that restarts goes on with
        it.
        """
        timing = self._timing
        seconds = timing.failover_running if job.started_at else timing.failover_queued
        if not backend.resubmits_safely or self._clock.now() < since + timedelta(seconds=seconds):
            return None
        # in doubt whether it was accepted the attempt does not count, so that the job would come
        # back under the same key
        is_in_doubt = job.status is JobStatus.SUBMITTING
        return await self._leave(job, backend, job.unsent if is_in_doubt else job.leaving)

    async def _when_out_of_memory(self, job: Job, backend: Backend) -> Job | None:
        if not backend.resubmits_safely or job.attempt >= self._max_attempts:
            return None
        # it will not fit there later either, so that backend comes last from now on
        return await self._leave(job, backend, job.avoiding)

    async def _leave(self, job: Job, backend: Backend, leave: _Leave) -> Job | None:
        # decided only where another backend can take it now: else leaving gains nothing
        other = await self._router.alternative(job, backend)
        if other is None:
            return None
        return leave(not_before=self._clock.now(), waiting_for=other.name)
