"""Where a waiting job may go: to the operator's backends in their order, past those that cannot take it now.

A backend gives way to the next one once it has been in trouble for longer than patience lasts; and at once where the
job has found no room on it, where the budgets do not allow its price, or where it would only draw a preview.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from generation import spending
from generation.backend_words import PREVIEWS_ONLY, budget_words, waiting_words
from generation.breaker import Trouble
from generation.desk import Desk
from generation.errors import BackendError
from generation.job import Job
from generation.ports import Backend

PREVIEW: Final = "preview"
"""The engine that never stands in for a real one."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a job goes; without a ``backend`` what it waits for, and when to look again."""

    backend: Backend | None
    waiting_for: str
    look_again_at: datetime


@dataclass(frozen=True, slots=True)
class _Obstacle:
    """Why a backend does not take a job now, when that may be different, and from when on the next one may."""

    words: str
    look_again_at: datetime
    gives_way_at: datetime


class Ways:
    """Looks for a way for one job at a time; reads only, for money is reserved where the job is claimed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def next_for(self, job: Job) -> Way:
        """The first backend in order that can take the job now, or why none can."""
        now = self._desk.now()
        obstacles: list[_Obstacle] = []
        for backend in self._in_order(job):
            if obstacles and obstacles[-1].gives_way_at > now:
                return self._standstill(obstacles, obstacles[-1].gives_way_at)
            obstacle = await self._obstacle(job, backend)
            if obstacle is None:
                return Way(backend, backend.name, now)
            obstacles.append(obstacle)
        return self._standstill(obstacles)

    async def elsewhere(self, job: Job, than: Backend) -> Backend | None:
        """Another backend that can take the job now."""
        for backend in self._in_order(job):
            if backend.name != than.name and await self._obstacle(job, backend) is None:
                return backend
        return None

    def _in_order(self, job: Job) -> Iterator[Backend]:
        """As the operator prefers them; one that has no room for this job comes last."""
        backends = self._desk.outside.backends
        yield from (backend for name, backend in backends.items() if name != job.avoided)
        if job.avoided is not None and job.avoided in backends:
            yield backends[job.avoided]

    def _standstill(self, obstacles: list[_Obstacle], *gives_way_at: datetime) -> Way:
        soon = self._desk.now() + timedelta(seconds=self._desk.patience.first_retry)
        words = ", or for ".join(obstacle.words for obstacle in obstacles)
        moments = [*(obstacle.look_again_at for obstacle in obstacles), *gives_way_at]
        return Way(None, words, max(soon, min(moments, default=soon)))

    async def _obstacle(self, job: Job, backend: Backend) -> _Obstacle | None:
        breaker, now = self._desk.outside.breakers[backend.name], self._desk.now()
        if breaker.trouble is not None and not breaker.admits(now):
            return self._trouble(backend, breaker.trouble)
        return await self._only_previews(backend) or await self._too_dear(job, backend)

    def _trouble(self, backend: Backend, trouble: Trouble) -> _Obstacle:
        breaker, now, patience = self._desk.outside.breakers[backend.name], self._desk.now(), self._desk.patience
        since, until = breaker.since or now, breaker.until or now
        again = max(until, now + timedelta(seconds=patience.first_retry))
        return _Obstacle(waiting_words(backend.name, trouble), again, since + timedelta(seconds=patience.gives_way))

    async def _only_previews(self, backend: Backend) -> _Obstacle | None:
        """A worker of ours stands in for another backend only with a real engine."""
        if not backend.resubmits_safely or backend.name == next(iter(self._desk.outside.backends)):
            return None
        try:
            engine = await backend.engine()
        except BackendError as error:
            trouble = self._desk.has_failed(backend.name, error) or Trouble.AWAY
            return self._passed_by(waiting_words(backend.name, trouble))
        if engine is not None and engine != PREVIEW:
            return None
        return self._passed_by(f"{backend.name}, {PREVIEWS_ONLY}")

    async def _too_dear(self, job: Job, backend: Backend) -> _Obstacle | None:
        outside = self._desk.outside
        price = outside.prices.of(job.request, backend.name)
        refused = await spending.refusal(outside.store, job, price, outside.rules)
        return None if refused is None else self._passed_by(budget_words(backend.name, refused))

    def _passed_by(self, words: str) -> _Obstacle:
        now = self._desk.now()
        return _Obstacle(words, now + timedelta(seconds=self._desk.patience.longest_retry), now)
