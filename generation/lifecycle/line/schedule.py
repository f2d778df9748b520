"""What members are told of the line: how many are ahead of a job, and when its clip is expected."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from generation.domain.job import Job, JobId, JobStatus
from generation.lifecycle.durations import DurationEstimates
from generation.lifecycle.line.jobs import JobLine
from generation.lifecycle.line.places import Places
from generation.protocol.cache import BoundedCache
from generation.protocol.clock import Clock
from generation.protocol.fairness import seconds_until_done
from generation.protocol.progress import Phase, Progress, Steps

_MOST_SEEN: Final = 4096
"""Jobs whose last report is kept; more do not render at once."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a backend said last of a job that renders: the seconds that are left, when that was, and
    its steps."""

    rest: float | None
    at: datetime
    steps: Steps | None


_MOST_TOLD: Final = 4096
"""Jobs whose last told place is remembered."""


class Schedule:
    """The line, played through on the places of the backend that takes the next job."""

    def __init__(self, line: JobLine, places: Places, clock: Clock) -> None:
        self.line = line
        self.places = places
        self.durations = DurationEstimates()
        self._clock = clock
        self._seen: BoundedCache[JobId, _Seen] = BoundedCache(_MOST_SEEN)
        self._told: BoundedCache[JobId, int] = BoundedCache(_MOST_TOLD)

    def note_rest(self, job: Job, seconds: float | None, steps: Steps | None = None) -> None:
        """A job that renders has got so far and is expected to take so much longer; None where that
        is not known."""
        self._seen.put(job.id, _Seen(seconds, self._clock.now(), steps))

    def progress_of(self, job: Job) -> Progress:
        """Where a job is in the line, to be told; without what is not known."""
        progress = self.place_of(job)
        if progress.position is not None:
            self._told.put(job.id, progress.position)
        return progress

    def place_of(self, job: Job) -> Progress:
        """The same for a list of clips: the job's own message is told of it all the same."""
        if (begun := self.line.rendering.get(job.id)) is not None:
            seen = self._seen.get(job.id)
            steps = None if seen is None else seen.steps
            return Progress(Phase.RENDERING, steps=steps, eta_seconds=self._rest_of(begun))
        position, eta = self.line.position(job.id), None
        if position is not None:
            ends = self._ends_of_first(position + 1)
            eta = ends[position] if position < len(ends) else None
        return Progress(Phase.QUEUED, position=position, eta_seconds=eta)

    def progress_of_first(self, count: int) -> list[tuple[Job, Progress]]:
        """Where each of the next so many jobs is."""
        ends: list[float | None] = [*self._ends_of_first(count)]
        ends += [None] * count
        return [
            (job, Progress(Phase.QUEUED, position=position, eta_seconds=ends[position]))
            for position, job in enumerate(self.line.in_order(count))
        ]

    def news_of_first(self, count: int, taken: Collection[JobId]) -> list[tuple[Job, Progress]]:
        """Of the next so many jobs those that no backend has, that are not ``taken`` either, and
        that are elsewhere than they were told last; they count as told."""
        news = [
            (job, progress)
            for job, progress in self.progress_of_first(count)
            if job.status is JobStatus.PENDING
            and job.id not in taken
            and self._told.get(job.id) != progress.position
        ]
        for job, progress in news:
            if progress.position is not None:
                self._told.put(job.id, progress.position)
        return news

    def forget_told(self, job: Job) -> None:
        """A job was told something else than its place since."""
        self._told.pop(job.id)

    def _ends_of_first(self, count: int) -> list[float]:
        """Seconds until the clip of each of the next so many jobs, as far as that is known."""
        backend = self.places.next_backend
        places = self.places.known(backend)
        if places is None:
            return []
        rendering = self.line.rendering
        rests = [self._rest_of(job) for job in rendering.values() if job.backend == backend]
        expected = (
            self.durations.expected(job.request, backend) for job in self.line.in_order(count)
        )
        return seconds_until_done(rests, expected, places)

    def _rest_of(self, job: Job) -> float | None:
        now = self._clock.now()
        seconds = self.durations.expected(job.request, job.backend or "")
        at = job.started_at or now
        # what the backend has said of this very clip is better than what such clips take
        if (seen := self._seen.get(job.id)) is not None and seen.rest is not None:
            seconds, at = seen.rest, seen.at
        return None if seconds is None else max(0.0, seconds - (now - at).total_seconds())
