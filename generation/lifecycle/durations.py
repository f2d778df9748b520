"""How long clips take at each backend, for the time left that members read; known right after a
start too."""

from statistics import median
from typing import Final

from generation.domain.job import Job
from generation.ports import Store
from generation.protocol.progress import DurationEstimate
from generation.protocol.request import Endpoint
from generation.protocol.work import relative_work

_RECENT_CLIPS: Final = 50
"""Earlier clips to learn from: enough for a median that one late clip cannot move."""

_Key = tuple[str, Endpoint]


class DurationEstimates:
    """One :class:`DurationEstimate` per backend and endpoint."""

    def __init__(self) -> None:
        self._estimates: dict[_Key, DurationEstimate] = {}

    def of(self, job: Job) -> DurationEstimate:
        """The estimate for jobs like this one."""
        return self._estimates.setdefault(_key(job), DurationEstimate())

    async def learn_from_recent_clips(self, store: Store) -> None:
        """Learn from the newest clips, made before this process began. Raises StoreError."""
        seconds: dict[_Key, list[float]] = {}
        for job in await store.recent_clips(limit=_RECENT_CLIPS):
            if job.started_at is not None and job.finished_at is not None:
                duration = (job.finished_at - job.started_at).total_seconds()
                # per work, so that clips of all sizes feed the same estimate
                per_work = duration / float(relative_work(job.request))
                seconds.setdefault(_key(job), []).append(per_work)
        for key, measured in seconds.items():
            # the median: a clip that was ready while no process ran seems to have taken much longer
            self._estimates.setdefault(key, DurationEstimate()).learn(1.0, median(measured))


def _key(job: Job) -> _Key:
    return job.backend or "", job.request.endpoint
