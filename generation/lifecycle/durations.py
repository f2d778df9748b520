"""How long clips take at each backend, and how fast its queue moves, for the time left that members
read; how long clips take is known right after a start too."""

from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Final

from generation.domain.job import Job, JobId
from generation.ports import Store
from generation.protocol.cache import BoundedCache
from generation.protocol.progress import DurationEstimate
from generation.protocol.request import Endpoint, GenerationRequest
from generation.protocol.work import relative_work

_RECENT_CLIPS: Final = 50
"""Earlier clips to learn from: enough for a median that one late clip cannot move."""

_MOST_WATCHED: Final = 4096
"""Queued jobs whose last move is remembered."""

_Key = tuple[str, Endpoint]


class DurationEstimates:
    """One :class:`DurationEstimate` per backend and endpoint."""

    def __init__(self) -> None:
        self._estimates: dict[_Key, DurationEstimate] = {}

    def of(self, job: Job) -> DurationEstimate:
        """The estimate for jobs like this one."""
        return self._estimates.setdefault(_key(job), DurationEstimate())

    def expected(self, request: GenerationRequest, backend: str) -> float | None:
        """Seconds that such a clip takes there; None before clips have been measured."""
        estimate = self._estimates.get((backend, request.endpoint))
        return None if estimate is None else estimate.seconds_for(float(relative_work(request)))

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


@dataclass(frozen=True, slots=True)
class _Place:
    """A job's position in its backend's queue; ``since`` is None where nobody saw it get there."""

    position: int
    since: datetime | None


class QueuePace:
    """How many seconds a place in each backend's queue takes, learnt from jobs that move up."""

    def __init__(self) -> None:
        self._estimates: dict[str, DurationEstimate] = {}
        self._places: BoundedCache[JobId, _Place] = BoundedCache(_MOST_WATCHED)

    def seconds_per_place(self, job: Job) -> float | None:
        """At the job's backend; None before a job has moved up there twice."""
        return self._estimate(job).seconds_for(1)

    def seen(self, job: Job, position: int, at: datetime) -> None:
        """The backend has said how many are ahead of the job."""
        last = self._places.get(job.id)
        if last is not None and position < last.position and last.since is not None:
            seconds = (at - last.since).total_seconds()
            self._estimate(job).learn(last.position - position, seconds)
        if last is None or position != last.position:
            # further back than before: others were let in ahead, which says nothing of the pace
            has_moved_up = last is not None and position < last.position
            self._places.put(job.id, _Place(position, at if has_moved_up else None))

    def _estimate(self, job: Job) -> DurationEstimate:
        return self._estimates.setdefault(job.backend or "", DurationEstimate())


def _key(job: Job) -> _Key:
    return job.backend or "", job.request.endpoint
