"""What members are told of the line: how many are ahead of a job, and when its clip is expected."""

from datetime import datetime

from generation.domain.job import Job, JobId
from generation.lifecycle.durations import DurationEstimates
from generation.lifecycle.line.jobs import JobLine
from generation.lifecycle.line.places import Places
from generation.protocol.clock import Clock
from generation.protocol.fairness import seconds_until_done
from generation.protocol.progress import Phase, Progress


class Schedule:
    """The line, played through on the places of the backend that takes the next job."""

    def __init__(self, line: JobLine, places: Places, clock: Clock) -> None:
        self.line = line
        self.places = places
        self.durations = DurationEstimates()
        self._clock = clock
        self._rests: dict[JobId, tuple[float | None, datetime]] = {}

    def note_rest(self, job: Job, seconds: float | None) -> None:
        """A job that renders is expected to take so much longer; None where that is not known."""
        self._rests[job.id] = seconds, self._clock.now()

    def progress_of(self, job: Job) -> Progress:
        """Where a job is in the line; without what is not known."""
        position, eta = self.line.position(job.id), None
        if (begun := self.line.rendering.get(job.id)) is not None:
            position, eta = 0, self._rest_of(begun)
        elif position is not None:
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

    def _ends_of_first(self, count: int) -> list[float]:
        """Seconds until the clip of each of the next so many jobs, as far as that is known."""
        backend = self.places.next_backend
        places = self.places.known(backend)
        if places is None:
            return []
        rendering = self.line.rendering
        self._rests = {job_id: rest for job_id, rest in self._rests.items() if job_id in rendering}
        rests = [self._rest_of(job) for job in rendering.values() if job.backend == backend]
        expected = (
            self.durations.expected(job.request, backend) for job in self.line.in_order(count)
        )
        return seconds_until_done(rests, expected, places)

    def _rest_of(self, job: Job) -> float | None:
        now = self._clock.now()
        seconds, at = self._rests.get(job.id, (None, now))
        if seconds is None:
            seconds, at = (
                self.durations.expected(job.request, job.backend or ""),
                job.started_at or now,
            )
        return None if seconds is None else max(0.0, seconds - (now - at).total_seconds())
