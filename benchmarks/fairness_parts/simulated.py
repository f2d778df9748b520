"""The bot's line and the worker's order in discrete events: days of waiting in seconds.

One member asks for 500 clips at once; twenty others, in four servers, for one each in the first
five minutes. The link takes a set time from the bot's decision to the worker's line.
"""

import asyncio
import heapq
import random
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from generation.domain.job import Job, JobId, RequestHandle
from generation.domain.refs import ChannelRef, Platform, ServerRef, UserRef
from generation.lifecycle.line import JobLine
from generation.protocol.request import Endpoint, GenerationRequest
from worker.records import Request, RequestOptions
from worker.scheduling.fairness import FairOrder

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
REQUEST = GenerationRequest(prompt="a boat", seed=7)  # type: ignore[call-arg]
FLOOD = 500
OTHERS = 20


@dataclass(frozen=True)
class Variant:
    """A way to order jobs. ``is_fair``: by members at all; ``has_share``: the worker is told whose
    share each is; ``cap``: how many places beside one a member may take at the worker."""

    name: str
    is_fair: bool = True
    has_share: bool = True
    is_capped: bool = True
    link: float = 0.08


VARIANTS = (
    Variant("first in, first out", is_fair=False, has_share=False, is_capped=False),
    Variant("fair at the bot, no cap, no header", has_share=False, is_capped=False),
    Variant("fair at the bot, cap, no header", has_share=False),
    Variant("fair at both, no cap", is_capped=False),
    Variant("**fair at both, cap** (what is built)"),
    Variant("the same with a link of 0.4 s", link=0.4),
)


@dataclass
class Measured:
    """Seconds until the renders of the others, and of the flood, began; clips a minute."""

    others: list[float]
    flood: list[float]
    clips_per_minute: float


class _Quiet:
    """Observes nothing."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_arguments, **_keywords: None


class _Pending:
    """The database's pending jobs."""

    def __init__(self) -> None:
        self.jobs_by_id: dict[JobId, Job] = {}

    async def waiting_ids(self, _now: datetime, *, limit: int) -> list[JobId]:
        # the line knows each already, and orders them itself
        return list(self.jobs_by_id)[:limit]

    async def jobs(self, ids: Collection[JobId]) -> list[Job]:
        return [self.jobs_by_id[each] for each in ids]


class _House:
    """A bot and a worker with ``places``; a clip takes ``seconds`` however many render."""

    def __init__(self, variant: Variant, places: int, seconds: float, window: int) -> None:
        self.variant = variant
        self.places = places
        self.seconds = seconds
        self.window = window
        self.line = JobLine(_Quiet())  # type: ignore[arg-type]
        self.pending = _Pending()
        self.order = FairOrder()
        self.at_worker: dict[str, Job] = {}
        self.rendering: dict[str, Job] = {}
        self.under_way = 0
        self.started: dict[str, float] = {}
        self.events: list[tuple[float, int, str, Job]] = []
        self.count = 0

    def later(self, at: float, what: str, job: Job) -> None:
        self.count += 1
        heapq.heappush(self.events, (at, self.count, what, job))

    async def run(self) -> float:
        """Until the last event; returns when that was."""
        now = 0.0
        while self.events:
            now, _, what, job = heapq.heappop(self.events)
            await getattr(self, what)(now, job)
        return now

    async def come(self, now: float, job: Job) -> None:
        self.pending.jobs_by_id[job.id] = job
        self.line.job_moved(job)
        await self.dispatch(now)

    async def dispatch(self, now: float) -> None:
        await self.line.refresh(self.pending, BEGIN)  # type: ignore[arg-type]
        places = self.places if self.variant.is_capped else self.window
        for job in self.line.to_send("worker", places):
            if self.under_way >= self.window:
                break
            del self.pending.jobs_by_id[job.id]
            self.under_way += 1
            handle = RequestHandle("worker", Endpoint.STANDARD, job.id, 1)
            sent = job.submitting("worker", BEGIN).queued(handle)
            self.line.job_moved(sent)
            self.later(now + self.variant.link, "arrive", sent)

    async def arrive(self, now: float, job: Job) -> None:
        server, member = job.origin.split("/")
        share = (server, member) if self.variant.has_share else ("", "")
        options = RequestOptions(share=share)
        self.at_worker[job.id] = job
        self.order.add(Request(job.id, "bot", Endpoint.STANDARD, REQUEST, BEGIN, options))
        self.begin(now)

    def begin(self, now: float) -> None:
        while len(self.rendering) < self.places and (first := self.order.first()) is not None:
            job = self.at_worker.pop(first)
            self.order.started(
                Request(first, "bot", Endpoint.STANDARD, REQUEST, BEGIN, RequestOptions())
            )
            self.started[job.id] = now
            self.rendering[job.id] = running = job.running(BEGIN)
            self.line.job_moved(running)
            self.later(now + self.seconds, "done", running)

    async def done(self, now: float, job: Job) -> None:
        del self.rendering[job.id]
        self.under_way -= 1
        self.line.job_moved(job.cancelled(BEGIN))
        self.begin(now)
        await self.dispatch(now)


def _jobs(variant: Variant, seed: int) -> list[tuple[float, Job]]:
    chance = random.Random(seed)
    asked = [(number * 0.02, "s0", "flood") for number in range(FLOOD)]
    asked += [(chance.uniform(12, 300), f"s{n % 4}", f"m{n}") for n in range(OTHERS)]
    return [
        (at, _job(variant, number, server, member))
        for number, (at, server, member) in enumerate(asked)
    ]


def _job(variant: Variant, number: int, server: str, member: str) -> Job:
    lane = (server, member) if variant.is_fair else ("s0", "flood")
    channel = ChannelRef(ServerRef(Platform.DISCORD, lane[0]), "1")
    user = UserRef(Platform.DISCORD, lane[1])
    job = Job(JobId(f"{number:024}"), REQUEST, user, channel, f"{server}/{member}", BEGIN)
    return replace(job, created_at=BEGIN + timedelta(seconds=number))


def measure(variant: Variant, places: int, seconds: float, seeds: int = 3) -> Measured:
    """The scene once for each seed, all waits together."""
    measured = Measured([], [], 0.0)
    for seed in range(seeds):
        house = _House(variant, places, seconds, window=64)
        jobs = _jobs(variant, seed)
        for at, job in jobs:
            house.later(at, "come", job)
        took = asyncio.run(house.run())
        measured.clips_per_minute += len(jobs) / (took / 60) / seeds
        for at, job in jobs:
            waits = measured.flood if job.origin.endswith("/flood") else measured.others
            waits.append(house.started[job.id] - at)
    return measured
