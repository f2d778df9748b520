"""The line at the bot and the worker's are one order: what is shown is rendered, and a flood keeps nobody waiting."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import Core, a_core
from core_running import dispatching, until
from doubles.backends.queue_backend import ACCEPTED, SUBMIT, fal, worker
from doubles.backends.scripted_queue import Reply, ScriptedQueue
from doubles.clock import ManualClock
from doubles.generation.backend import ScriptedBackend
from factories import a_channel, a_request, a_server, a_user
from generation.domain.job import Job, JobId, JobStatus, RequestHandle
from generation.lifecycle.dispatcher import DispatcherTiming
from generation.ports import BackendState, BackendUpdate, CancelOutcome
from generation.protocol.errors import RequestCancelled
from generation.protocol.fairness import ShareNames
from generation.protocol.progress import Phase
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules
from generation.service import SubmitContext

OPEN = OperatorRules(
    backends=("worker",),
    default_limits=Limits(
        user_clips_per_day=None, server_clips_per_day=None, user_active_jobs=1000, server_active_jobs=10_000
    ),
)


class Slots(ScriptedBackend):
    """Renders ``renders_at_once`` requests at a time, in the order of their submission, each until a test ends it."""

    def __init__(self, places: int, **how: Any) -> None:
        super().__init__(renders_at_once=places, **how)
        self.queue: list[str] = []
        self.ends: dict[str, asyncio.Event] = {}
        self.moved = asyncio.Event()

    @property
    def rendering(self) -> list[str]:
        return self.queue[: self.renders_at_once]

    async def submit(self, *args: Any, **keywords: Any) -> str:
        request_id = await super().submit(*args, **keywords)
        self.queue.append(request_id)
        self.ends[request_id] = asyncio.Event()
        return request_id

    async def watch(self, handle: RequestHandle) -> Any:
        request_id, begun = handle.request_id, False
        while not self.ends[request_id].is_set():
            moved = self.moved
            if request_id in self.rendering and not begun:
                begun = True
                yield BackendUpdate(BackendState.IN_PROGRESS)
            elif not begun:
                yield BackendUpdate(BackendState.IN_QUEUE, position=self.queue.index(request_id))
            await moved.wait()
        yield BackendUpdate(BackendState.COMPLETED, inference_seconds=2.0 if begun else None)

    def end(self, request_id: str) -> None:
        self.queue.remove(request_id)
        self.ends[request_id].set()
        self.moved, moved = asyncio.Event(), self.moved
        moved.set()

    async def cancel(self, handle: RequestHandle) -> CancelOutcome:
        self.cancelled.append(handle.request_id)
        self.end(handle.request_id)
        return CancelOutcome.REQUESTED


async def ask(core: Core, user: str, *, server: str = "9001") -> Job:
    context = SubmitContext(f"o{user}-{len(core.observer.moves)}", a_user(user), a_channel(server=a_server(server)))
    return await core.service.submit(a_request(), context)


def sent(core: Core) -> list[JobId]:
    return [JobId(key.rpartition("-")[0]) for key, _ in core.backend.submissions]


async def test_a_flood_has_one_more_at_the_backend_than_can_render_and_a_newcomer_is_sent_at_once(
    tmp_path: Path,
) -> None:
    backend = Slots(places=2)
    async with a_core(tmp_path, clock=ManualClock(), rules=OPEN, backend=backend) as core, dispatching(core):
        await until(core, lambda: core.schedule.places.known("worker") == 2)
        flood = [await ask(core, "1") for _ in range(300)]
        await until(core, lambda: (len(backend.submissions), len(core.schedule.line.rendering)) == (3, 2))
        newcomer = await ask(core, "2")
        assert core.service.progress_of(newcomer).position == 0
        await until(core, lambda: len(backend.submissions) == 4)
        # the first three are on their way at once, and arrive in any order
        assert set(sent(core)[:3]) == {job.id for job in flood[:3]}
        assert sent(core)[3:] == [newcomer.id]
        # only as many follow as have ended
        backend.end("request-1")
        await until(core, lambda: len(backend.submissions) == 5)
        assert sent(core)[-1] == flood[3].id


async def test_those_who_wait_at_the_bot_are_told_their_places_and_times_as_they_move_up(tmp_path: Path) -> None:
    backend = Slots(places=1)
    async with a_core(tmp_path, clock=ManualClock(), rules=OPEN, backend=backend) as core, dispatching(core):
        await until(core, lambda: core.schedule.places.known("worker") == 1)
        jobs = [await ask(core, "1") for _ in range(4)]
        await until(core, lambda: len(core.schedule.line.rendering) == 1)
        # one renders, one waits at the worker, two at the bot; nothing is known of how long clips take
        told = lambda job: [progress for job_id, progress in core.progress if job_id == job.id]  # noqa: E731
        await until(core, lambda: [bool(told(job)) and told(job)[-1].position for job in jobs[2:]] == [1, 2])
        assert told(jobs[3])[-1].eta_seconds is None
        backend.end("request-1")
        await until(core, lambda: told(jobs[3])[-1].position == 1)
        last = told(jobs[3])[-1]
        # a clip takes two seconds: the one that renders, the one before it, and its own
        assert (last.phase, last.eta_seconds is not None and 4 <= last.eta_seconds <= 6) == (Phase.QUEUED, True)


async def test_clips_that_are_cancelled_while_they_wait_at_the_worker_cost_nothing(tmp_path: Path) -> None:
    backend = Slots(places=1)
    backend.troubles["result"] = [RequestCancelled("worker")]
    async with a_core(tmp_path, clock=ManualClock(), rules=OPEN, backend=backend) as core, dispatching(core):
        await until(core, lambda: core.schedule.places.known("worker") == 1)
        other = await ask(core, "2")
        await until(core, lambda: len(core.schedule.line.rendering) == 1)
        waiting = await ask(core, "1")
        await until(core, lambda: len(backend.submissions) == 2)
        await core.service.cancel(waiting.id, by=waiting.requested_by, server=waiting.channel.server)
        await until(core, lambda: (waiting.id, JobStatus.CANCELLED) in core.observer.moves)
        assert (waiting.id, JobStatus.RUNNING) not in core.observer.moves
        # member 2 has got a clip, member 1 has not
        second, first = await ask(core, "2"), await ask(core, "1")
        assert [core.service.progress_of(job).position for job in (first, second)] == [0, 1]
        assert other.id in core.schedule.line.rendering


async def test_after_a_restart_what_renders_counts_and_the_others_begin_even(tmp_path: Path) -> None:
    backend, clock = Slots(places=1), ManualClock()
    async with a_core(tmp_path, clock=clock, rules=OPEN, backend=backend) as core:
        async with dispatching(core):
            await ask(core, "1")
            await until(core, lambda: len(core.schedule.line.rendering) == 1)
        mine, theirs = await ask(core, "1"), await ask(core, "2")
    async with a_core(tmp_path, clock=clock, rules=OPEN, backend=backend) as core, dispatching(core):
        await until(core, lambda: len(core.schedule.line.rendering) == 1 and len(backend.submissions) == 3)
        assert [core.service.progress_of(job).position for job in (theirs, mine)] == [0, 1]


class Counting:
    """Counts what is asked of the database, and the rows that it brings."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.asked: list[str] = []
        self.read = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def waiting_ids(self, now: datetime, *, limit: int) -> list[JobId]:
        self.asked.append("waiting_ids")
        return list(await self._store.waiting_ids(now, limit=limit))

    async def jobs(self, ids: Any) -> list[Job]:
        self.asked.append("jobs")
        found = list(await self._store.jobs(ids))
        self.read += len(found)
        return found


OWN = {"number", "id", "origin", "number_in_server"}
"""Columns in which no two jobs are alike."""


async def test_ten_thousand_that_wait_are_looked_at_once_for_each_change(tmp_path: Path) -> None:
    backend = Slots(places=1)
    stores: list[Counting] = []

    def around(store: Any) -> Counting:
        stores.append(Counting(store))
        return stores[-1]

    async with a_core(tmp_path, clock=ManualClock(), rules=OPEN, backend=backend) as core:
        template = await ask(core, "1")
        async with core.store.transaction() as tx:
            columns = [row[1] for row in await tx._connection.exec_driver_sql("PRAGMA table_info(jobs)")]
            others = ", ".join(f'"{name}"' for name in columns if name not in OWN)
            await tx._connection.exec_driver_sql(
                "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 9999)"
                f" INSERT INTO jobs (id, origin, {others}) SELECT printf('%024d', n), 'copy' || n, {others}"
                " FROM jobs, n"
            )
    async with a_core(tmp_path, clock=ManualClock(), rules=OPEN, backend=backend, around=around) as core:
        async with dispatching(core):
            await until(core, lambda: (len(backend.submissions), len(core.schedule.line.rendering)) == (2, 1))
            newcomer = await ask(core, "2", server="9002")
            await until(core, lambda: len(backend.submissions) == 3)
            assert (sent(core)[0], sent(core)[2]) == (template.id, newcomer.id)
            assert core.service.progress_of(newcomer).position == 0
        # a thousand of them at most, once
        assert stores[0].read <= 1010
        assert stores[0].asked.count("jobs") <= 3


class Shared(ScriptedQueue):
    """A backend that takes every submission."""

    def __init__(self) -> None:
        super().__init__()
        self.on(SUBMIT, Reply(200, ACCEPTED))
        self.on("GET http://127.0.0.1:8191/health", Reply(200, {"engine": "animatediff", "places": 3}))

    def shares(self) -> list[str | None]:
        return [request.headers.get("x-flipbook-share") for request in self.requests if request.method == "POST"]


async def test_only_our_own_worker_is_told_whose_share_a_clip_is_and_never_who_that_is(tmp_path: Path) -> None:
    at_home, paid = Shared(), Shared()
    names = ShareNames("a secret")
    async with worker(at_home) as ours, fal(paid) as theirs:
        for folder, backend in (("worker", ours), ("fal", theirs)):
            (tmp_path / folder).mkdir()
            rules = OperatorRules(backends=(folder,))
            async with a_core(tmp_path / folder, backend=backend, rules=rules) as core:  # type: ignore[arg-type]
                job = await core.submit()
                await core.lifecycle._submitter.submit(job)
        assert at_home.shares() == [names.of(str(job.channel.server), str(job.requested_by))]
        assert paid.shares() == [None]
        # also where somebody hands it one
        await theirs.submit(a_request(), idempotency_key="k", share="a/b")
        assert paid.shares() == [None, None]
        sent_to_fal = "".join(f"{request.url}{dict(request.headers)}" for request in paid.requests)
        assert not any(part in sent_to_fal for part in names.of("discord:9001", "discord:7001").split("/"))


@pytest.mark.parametrize(
    ("health", "places"),
    [
        ({"engine": "animatediff", "places": 3}, 3),
        ({"engine": "animatediff"}, None),
        *(({"places": odd}, None) for odd in (0, -1, 10**9, "3", True, None, 2.5, [3])),
    ],
)
async def test_the_worker_says_how_many_clips_it_renders_at_once(health: dict[str, Any], places: int | None) -> None:
    queue = ScriptedQueue()
    queue.on("GET /health", Reply(200, health))
    async with worker(queue) as ours, fal(ScriptedQueue()) as theirs:
        assert (await ours.places(), await theirs.places()) == (places, None)


@pytest.mark.parametrize(("said", "shapes"), [(2, 2), *((odd, 0) for odd in (-1, "2", True, None, 1.5, 10**9))])
async def test_the_worker_says_how_many_shapes_it_has_yet_to_compile(said: Any, shapes: int) -> None:
    queue = ScriptedQueue()
    queue.on("GET /health", Reply(200, {"compiling": said}))
    async with worker(queue) as ours, fal(ScriptedQueue()) as theirs:
        assert (await ours.compiling(), await theirs.compiling()) == (shapes, 0)


async def test_a_worker_that_cannot_be_asked_for_its_places_is_away(tmp_path: Path) -> None:
    queue = ScriptedQueue()
    queue.on("GET /health", httpx.ConnectError("refused"))
    async with worker(queue) as ours, a_core(tmp_path, backend=ours) as core:  # type: ignore[arg-type]
        await core.schedule.places.learn()
        assert core.schedule.places.assumed("worker") == 2


async def test_the_window_of_the_bot_holds_all_members_together(tmp_path: Path) -> None:
    backend = Slots(places=1)
    timing = DispatcherTiming(in_flight=4)
    async with (
        a_core(tmp_path, clock=ManualClock(), rules=OPEN, backend=backend, dispatcher_timing=timing) as core,
        dispatching(core),
    ):
        for member in range(9):
            await ask(core, str(member), server=str(member % 3))
        await until(core, lambda: len(backend.submissions) == 4)
        assert core.dispatcher.in_flight == 4
        backend.end(backend.rendering[0])
        await until(core, lambda: len(backend.submissions) == 5)
