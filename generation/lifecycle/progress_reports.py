"""From a backend's updates to what members read: phase, steps and the time left."""

from collections.abc import Collection, Sequence

from generation.domain.job import Job, JobId
from generation.lifecycle.durations import QueuePace
from generation.lifecycle.line import Schedule
from generation.ports import BackendState, BackendUpdate, ProgressSink, Store
from generation.protocol.clock import Clock
from generation.protocol.progress import Phase, Progress, RunningEta, eta_of_queued, eta_of_running
from generation.protocol.work import relative_work


class ProgressReporter:
    """Reports every job's progress, and learns from each finished clip how long clips take."""

    def __init__(self, report: ProgressSink, clock: Clock, schedule: Schedule) -> None:
        self._report = report
        self._clock = clock
        self._schedule = schedule
        self._durations = schedule.durations
        self._queue_pace = QueuePace()
        self._held: dict[JobId, str] = {}

    async def learn_from_recent_clips(self, store: Store) -> None:
        """Learn how long clips take from those made before. Raises StoreError."""
        await self._durations.learn_from_recent_clips(store)

    def in_line(self, count: int, taken: Collection[JobId]) -> None:
        """Tell those of the next so many jobs where they are that no backend has yet, if that has
        changed; those that are taken hear of it from their backend."""
        for job, progress in self._schedule.news_of_first(count, taken):
            self._report(job, progress)

    def held(self, jobs: Sequence[tuple[Job, str]]) -> None:
        """Tell those jobs once why they wait."""
        for job, reason in jobs:
            if self._held.get(job.id) != reason:
                end = "the end of a pause"
                self.waiting(job, f"{end}: {reason}" if reason else end)
        self._held = {job.id: reason for job, reason in jobs}

    def waiting(self, job: Job, waiting_for: str | None) -> None:
        """The job waits for something before it can go on."""
        self._schedule.forget_told(job)
        self._report(job, Progress(Phase.WAITING, waiting_for=waiting_for))

    def fetching(self, job: Job, waiting_for: str | None = None) -> None:
        """The clip is finished and on its way, or waits for its backend."""
        self._report(job, Progress(Phase.FETCHING, waiting_for=waiting_for))

    def updated(self, job: Job, update: BackendUpdate, running: RunningEta) -> None:
        """The backend has said how far the job is; ``running`` has seen this run's steps."""
        match update.state:
            case BackendState.IN_QUEUE:
                eta = self._eta_of_queued(job, update)
                self._report(job, Progress(Phase.QUEUED, position=update.position, eta_seconds=eta))
            case BackendState.IN_PROGRESS:
                eta, steps = self._eta_of_running(job, update, running), update.steps
                self._schedule.note_rest(job, eta, steps)
                self._report(
                    job,
                    Progress(Phase.RENDERING, steps=steps, eta_seconds=eta, preview=update.preview),
                )
            case BackendState.COMPLETED:
                # only what the backend has measured: our own time includes waiting and fetching
                if update.inference_seconds is not None:
                    self._durations.of(job).learn(_work(job), update.inference_seconds)
                self.fetching(job)

    def _eta_of_queued(self, job: Job, update: BackendUpdate) -> float | None:
        # the backend knows its queue better than an average does
        if update.eta_seconds is not None:
            return update.eta_seconds
        if update.position is not None:
            self._queue_pace.seen(job, update.position, self._clock.now())
        pace = self._queue_pace.seconds_per_place(job)
        return eta_of_queued(update.position, pace, self._expected(job))

    def _eta_of_running(self, job: Job, update: BackendUpdate, running: RunningEta) -> float | None:
        now, expected = self._clock.now(), self._expected(job)
        if update.steps is not None:
            # steps seen in this run are the best measure: they are this clip's own
            eta = running.eta(update.steps, now, expected, told=update.eta_seconds)
        elif update.eta_seconds is not None:
            eta = update.eta_seconds
        else:
            elapsed = (now - (job.started_at or now)).total_seconds()
            eta = eta_of_running(None, elapsed, expected)
        return eta

    def _expected(self, job: Job) -> float | None:
        """Seconds that a clip like this one takes, once clips have been measured."""
        return self._durations.of(job).seconds_for(_work(job))


def _work(job: Job) -> float:
    return float(relative_work(job.request))
