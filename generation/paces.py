"""How long clips take at each backend, so that a member can be told when theirs is ready: also right after a start."""

from statistics import median
from typing import Final

from generation.job import Job
from generation.ports import Store
from generation.pricing import relative_work
from generation.progress import Pace
from generation.request import Endpoint

_RECALLED: Final = 50
"""Clips of earlier that are looked at: enough for a middle that one clip found late cannot move."""

_Kind = tuple[str, Endpoint]


class Paces:
    """One :class:`Pace` per backend and endpoint."""

    def __init__(self) -> None:
        self._paces: dict[_Kind, Pace] = {}

    def of(self, job: Job) -> Pace:
        """The pace of jobs like this one."""
        return self._paces.setdefault(_kind(job), Pace())

    async def recall(self, store: Store) -> None:
        """Learn from the clips made last, before this process began. Raises StoreError."""
        seconds: dict[_Kind, list[float]] = {}
        for job in await store.made_lately(limit=_RECALLED):
            if job.started_at is not None and job.finished_at is not None:
                took = (job.finished_at - job.started_at).total_seconds()
                seconds.setdefault(_kind(job), []).append(took / float(relative_work(job.request)))
        for kind, measured in seconds.items():
            self._paces.setdefault(kind, Pace()).learn(1.0, median(measured))


def _kind(job: Job) -> _Kind:
    return job.backend or "", job.request.endpoint
