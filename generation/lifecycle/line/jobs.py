"""The order in which jobs are rendered: those that wait for a backend, and those that wait at one.

It is the order that our worker follows too, by the same queue: what members are told is what
happens. It remembers what each server and member has got for as long as the process runs; after a
start all begin even, but for what renders already.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from generation.domain.delivery import Delivery
from generation.domain.job import Job, JobId, JobStatus
from generation.domain.notice import OwedNotice
from generation.domain.refs import Platform
from generation.ports import Observer, Store
from generation.protocol.cache import BoundedCache
from generation.protocol.fairness import FairQueue, Lanes
from generation.protocol.progress import MOST_AHEAD
from generation.protocol.work import absolute_work, rank_of

_AGES: Final = 4096
"""Jobs whose place is kept while they are out of the line, until their next attempt."""


class JobLine:
    """Is told of every change as an :class:`~generation.ports.Observer`, and passes each on to
    another one."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._queue = FairQueue()
        self._waiting: dict[JobId, Job] = {}
        self._rendering: dict[JobId, Job] = {}
        self._claimable: set[JobId] = set()
        self._parked: dict[JobId, datetime] = {}
        self._read_at: datetime | None = None
        self._moved_at: dict[JobId, int] = {}
        self._moves = 0
        self._ages: BoundedCache[JobId, int] = BoundedCache(_AGES)

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def rendering(self) -> Mapping[JobId, Job]:
        """The jobs that are being rendered."""
        return MappingProxyType(self._rendering)

    def age(self, now: datetime) -> float:
        """For how many seconds the job has waited that has waited longest; 0 where none waits."""
        asked = min((job.created_at for job in self._waiting.values()), default=now)
        return max(0.0, (now - asked).total_seconds())

    def position(self, job_id: JobId) -> int | None:
        """How many jobs start to render before this one, counted up to
        :data:`~generation.protocol.progress.MOST_AHEAD`; None for one that is not in the line."""
        return self._queue.position(job_id)

    def in_order(self, count: int) -> list[Job]:
        """The next so many jobs, at most :data:`~generation.protocol.progress.MOST_AHEAD`."""
        return [self._waiting[JobId(name)] for name in self._queue.first_ones(count)]

    async def refresh(self, store: Store, now: datetime, *, every: float = 0.0) -> None:
        """Take in what waits in the database now. What this process does itself is known without
        asking, so the last answer is kept for ``every`` seconds, or until a job's next attempt is
        due. Raises StoreError."""
        if self._is_answer_good(now, every):
            return
        began, self._read_at = self._moves, now
        self._parked = {each: due for each, due in self._parked.items() if due > now}
        found = await store.waiting_ids(now, limit=MOST_AHEAD)
        unknown = [each for each in found if each not in self._waiting]
        for job in await store.jobs(unknown) if unknown else ():
            # it may have been taken since it was found
            if job.status is JobStatus.PENDING and job.id not in self._rendering:
                self._wait(job)
        self._claimable = set(found)
        self._drop_vanished(began)

    def to_send(self, backend: str, places: int) -> Iterator[Job]:
        """The jobs that may be sent to this backend now, in their order; those under way there
        already among them, so that nobody has more than ``places`` + 1 of them there."""
        room = self._room_at(backend, places)
        for name in list(self._queue.in_order(lambda lanes: room[lanes])):
            job = self._waiting[JobId(name)]
            if job.status is JobStatus.PENDING and job.id in self._claimable:
                yield job

    def has_more(self, taken: Collection[JobId]) -> bool:
        """Whether jobs wait in the database that are not among these."""
        return any(job_id not in taken for job_id in self._claimable)

    def found(self, job: Job) -> None:
        """A job that another process, or this one's last run, has left unfinished goes on here."""
        self._wait(job)
        if job.status is JobStatus.RUNNING:
            self._start(job)

    def forget(self, job_id: JobId) -> None:
        """What is known of the job may be out of date: it is read again where it still waits."""
        self._leave(job_id)
        self._rendering.pop(job_id, None)

    def job_moved(self, job: Job) -> None:
        match job.status:
            case JobStatus.PENDING if job.not_before is not None:
                # it does not wait for its turn
                self._unstart(job)
                self._leave(job.id)
                self._parked[job.id] = job.not_before
            case JobStatus.PENDING | JobStatus.SUBMITTING | JobStatus.QUEUED:
                self._wait(job)
            case JobStatus.RUNNING:
                self._start(job)
            case _:
                self._leave(job.id)
                self._rendering.pop(job.id, None)
        self._observer.job_moved(job)

    def delivery_moved(self, job: Job, delivery: Delivery) -> None:
        self._observer.delivery_moved(job, delivery)

    def outcome_arrived(self, job: Job, seconds: float) -> None:
        self._observer.outcome_arrived(job, seconds)

    def message_opened(self, platform: Platform, seconds: float) -> None:
        self._observer.message_opened(platform, seconds)

    def notice_moved(self, owed: OwedNotice) -> None:
        self._observer.notice_moved(owed)

    def trouble(self, what: str, error: Exception, *, job_id: str | None = None) -> None:
        self._observer.trouble(what, error, job_id=job_id)

    def _wait(self, job: Job) -> None:
        self._unstart(job)
        self._note(job.id)
        self._waiting[job.id] = job
        self._parked.pop(job.id, None)
        if job.status is JobStatus.PENDING:
            self._claimable.add(job.id)
        else:
            self._claimable.discard(job.id)
        if job.id not in self._queue:
            age = self._ages.get(job.id)
            if age is None:
                self._ages.put(job.id, age := self._moves)
            work, rank = absolute_work(job.request), rank_of(job.request)
            self._queue.add(job.id, _lanes(job), work=work, rank=rank, age=age)

    def _start(self, job: Job) -> None:
        if job.id not in self._rendering:
            if self._queue.start(job.id) is None:
                # it was begun before this process began
                self._queue.charge(_lanes(job), absolute_work(job.request))
            self._waiting.pop(job.id, None)
        self._note(job.id)
        self._rendering[job.id] = job

    def _unstart(self, job: Job) -> None:
        """A render that was lost has cost the member nothing."""
        if self._rendering.pop(job.id, None) is not None:
            self._queue.refund(_lanes(job), absolute_work(job.request))

    def _leave(self, job_id: JobId) -> None:
        self._queue.remove(job_id)
        self._claimable.discard(job_id)
        self._parked.pop(job_id, None)
        self._waiting.pop(job_id, None)
        self._note(job_id)
        del self._moved_at[job_id]

    def _note(self, job_id: JobId) -> None:
        self._moves += 1
        self._moved_at[job_id] = self._moves

    def _drop_vanished(self, began: int) -> None:
        """Of those that were pending when the database was asked, what it has not found: another
        process has them, or they were deleted."""
        for job_id, job in list(self._waiting.items()):
            if job.status is not JobStatus.PENDING or job_id in self._claimable:
                continue
            if self._moved_at[job_id] > began:
                self._claimable.add(job_id)
            else:
                self._leave(job_id)

    def _is_answer_good(self, now: datetime, every: float) -> bool:
        if self._read_at is None or any(due <= now for due in self._parked.values()):
            return False
        # a clock that was set back makes no answer good for longer
        return 0 <= (now - self._read_at).total_seconds() < every

    def _room_at(self, backend: str, places: int) -> Counter[Lanes]:
        """How many of each member's next jobs may be at the backend, counted from the first."""
        room = Counter({_lanes(job): places + 1 for job in self._waiting.values()})
        room.subtract(_lanes(job) for job in self._rendering.values() if job.backend == backend)
        # those that wait elsewhere take up nothing here
        room.update(
            _lanes(job)
            for job in self._waiting.values()
            if job.status is not JobStatus.PENDING and job.backend != backend
        )
        return room


def _lanes(job: Job) -> Lanes:
    return str(job.channel.server), str(job.requested_by)
