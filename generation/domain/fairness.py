"""Fair order: the next job is of the server with the least weighted work in flight, of its member
with the least, then the oldest."""

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from generation.domain.job import Job
from generation.domain.refs import ServerRef, UserRef
from generation.protocol.request import Endpoint
from generation.protocol.work import absolute_work

SECONDS_PER_CLIP: Final = 60.0
"""Waiting this long makes up for one default clip in flight: a busy server is slowed down, never
shut out."""

Priority = tuple[float, float, bool, datetime]
"""Smaller goes first."""
Member = tuple[ServerRef, UserRef]


def in_fair_order(waiting: Iterable[Job], in_flight: Iterable[Job], now: datetime) -> list[Job]:
    """The waiting jobs in the order in which they are to be submitted, as if each were in flight
    from then on.

    Only whole clips' worth of waiting counts, so that equal priorities do occur; there a turbo job
    passes a standard one. Jobs that are equal in everything keep the order in which they are given.
    """
    work = _WorkInFlight(in_flight)
    heap = [_Entry(work.priority(job, now), number, job) for number, job in enumerate(waiting)]
    heapq.heapify(heap)
    order: list[Job] = []
    while heap:
        first = heap[0]
        priority = work.priority(first.job, now)
        # priorities only grow, so it is enough to look at the first entry again
        if priority > first.priority:
            heapq.heapreplace(heap, replace(first, priority=priority))
            continue
        heapq.heappop(heap)
        work.add(first.job)
        order.append(first.job)
    return order


@dataclass(frozen=True, slots=True)
class _Entry:
    """A waiting job in the heap; ``number`` is its position among those that were given."""

    priority: Priority
    number: int
    job: Job

    def __lt__(self, other: "_Entry") -> bool:
        return (self.priority, self.number) < (other.priority, other.number)


class _WorkInFlight:
    """The weighted work in flight of each server and of each of its members."""

    def __init__(self, in_flight: Iterable[Job]) -> None:
        self._of_server: defaultdict[ServerRef, float] = defaultdict(float)
        self._of_member: defaultdict[Member, float] = defaultdict(float)
        for job in in_flight:
            self.add(job)

    def add(self, job: Job) -> None:
        """One more in flight."""
        work = absolute_work(job.request)
        self._of_server[job.channel.server] += work
        self._of_member[job.channel.server, job.requested_by] += work

    def priority(self, job: Job, now: datetime) -> Priority:
        """The job's priority now. It only grows as others are added."""
        server = job.channel.server
        # a clock that was set back makes no job wait a negative time
        waited = max(0.0, (now - job.created_at).total_seconds()) // SECONDS_PER_CLIP
        return (
            self._of_server[server] - waited,
            self._of_member[server, job.requested_by] - waited,
            job.request.endpoint is not Endpoint.TURBO,
            job.created_at,
        )
