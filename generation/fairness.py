"""Whose job goes next: the server with the least weighted work in flight, then its member with the least, then age."""

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from generation.job import Job
from generation.places import ServerRef, UserRef
from generation.request import DEFAULTS, Endpoint, GenerationRequest

SECONDS_PER_CLIP: Final = 60.0
"""Waiting this long makes up for one default clip in flight: a busy server is slowed down, never shut out."""

_UNIT: Final = DEFAULTS[Endpoint.STANDARD].num_inference_steps * 16 * 512 * 512

Rank = tuple[float, float, bool, datetime]
Owner = tuple[ServerRef, UserRef]


def weight_of(request: GenerationRequest) -> float:
    """How much work a request is, on one scale for both endpoints (1: the standard endpoint's default clip)."""
    width, height = request.pixels
    return request.num_inference_steps * request.num_frames * width * height / _UNIT


def in_fair_order(waiting: Iterable[Job], in_flight: Iterable[Job], now: datetime) -> list[Job]:
    """The waiting jobs in the order in which they are to be submitted, as if each were in flight once its turn came.

    Whole clips' worth of waiting are taken off both counts, so that equal ranks do occur; there a turbo job passes a
    standard one. What is equal in everything keeps the order in which it is given.
    """
    loads = _Loads(in_flight)
    heap = [_Place(loads.rank(job, now), number, job) for number, job in enumerate(waiting)]
    heapq.heapify(heap)
    order: list[Job] = []
    while heap:
        first = heap[0]
        rank = loads.rank(first.job, now)
        if rank > first.rank:  # others of its server or member have had a turn since
            heapq.heapreplace(heap, replace(first, rank=rank))
            continue
        heapq.heappop(heap)
        loads.add(first.job)
        order.append(first.job)
    return order


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in the queue; ``number`` is where it stood at first."""

    rank: Rank
    number: int
    job: Job

    def __lt__(self, other: "_Place") -> bool:
        return (self.rank, self.number) < (other.rank, other.number)


class _Loads:
    """The weighted work in flight of each server and of each of its members."""

    def __init__(self, in_flight: Iterable[Job]) -> None:
        self._of_server: defaultdict[ServerRef, float] = defaultdict(float)
        self._of_member: defaultdict[Owner, float] = defaultdict(float)
        for job in in_flight:
            self.add(job)

    def add(self, job: Job) -> None:
        """One more in flight."""
        weight = weight_of(job.request)
        self._of_server[job.channel.server] += weight
        self._of_member[job.channel.server, job.requested_by] += weight

    def rank(self, job: Job, now: datetime) -> Rank:
        """Smaller goes first. It only grows while others have their turns, which lets the heap look again lazily."""
        server = job.channel.server
        patience = max(0.0, (now - job.created_at).total_seconds()) // SECONDS_PER_CLIP
        return (
            self._of_server[server] - patience,
            self._of_member[server, job.requested_by] - patience,
            job.request.endpoint is not Endpoint.TURBO,
            job.created_at,
        )
