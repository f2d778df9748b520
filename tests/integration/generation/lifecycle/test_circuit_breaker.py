"""A backend in trouble is asked by one job at a time; the others wait without asking."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

from core import Core, a_core
from core_running import dispatching, reached, until
from doubles.clock import ManualClock
from doubles.generation.backend import ScriptedBackend
from generation.backends.circuit_breaker import Circuit, CircuitBreaker, Trouble
from generation.domain.job import Job, JobStatus, RequestHandle
from generation.ports import BackendUpdate
from generation.protocol.errors import BackendBusy, BackendNotReady, BackendUnavailable, RequestRejected


async def two_jobs(core: Core) -> tuple[Job, Job]:
    """One job each of two members."""
    return await core.submit(origin="a", user="1"), await core.submit(origin="b", user="2")


async def test_what_one_job_found_out_spares_the_next_one_the_asking(tmp_path: Path) -> None:
    backend = ScriptedBackend(refusals=[BackendUnavailable("worker")])
    async with a_core(tmp_path, clock=ManualClock(), backend=backend) as core:
        first, second = await two_jobs(core)
        await core.run(first)
        waiting = await core.run(second)
        assert len(backend.submissions) == 1
        assert (waiting.status, waiting.attempt) == (JobStatus.PENDING, 0)
        assert waiting.waiting_for == "worker, which cannot be reached"
        assert waiting.not_before == core.clock.now() + timedelta(seconds=1)
        assert await core.reload(second) == waiting


async def test_one_job_tries_a_backend_that_failed_and_the_others_wait_for_what_it_finds(tmp_path: Path) -> None:
    backend = ScriptedBackend(refusals=[BackendUnavailable("worker")])
    async with a_core(tmp_path, clock=ManualClock(), backend=backend) as core:
        first, second = await two_jobs(core)
        first = await core.run(first)
        await core.clock.advance(1)
        backend.hold = asyncio.Event()
        core.breakers.tried("worker")
        assert (await core.run(second)).status is JobStatus.PENDING
        core.breakers.accepted("worker")
        backend.hold.set()
        assert (await core.run(first)).status is JobStatus.SUCCEEDED
        assert core.breakers["worker"] == CircuitBreaker()


async def test_pauses_double_while_the_trouble_lasts(tmp_path: Path) -> None:
    backend = ScriptedBackend(refusals=[BackendUnavailable("worker")] * 6)
    async with a_core(tmp_path, clock=ManualClock(), backend=backend) as core:
        await core.submit()
        tried: list[float] = []
        began = core.clock.now()
        backend.on_submit = lambda: tried.append(round((core.clock.now() - began).total_seconds()))
        async with dispatching(core):
            await until(core, reached(core, JobStatus.SUCCEEDED), step=0.5)
        gaps = [later - earlier for earlier, later in itertools.pairwise(tried)]
        assert all(longer >= shorter for shorter, longer in itertools.pairwise(gaps))
        assert gaps[-1] >= 8


async def test_a_refused_input_is_no_trouble_of_the_backend(tmp_path: Path) -> None:
    async with a_core(tmp_path, backend=ScriptedBackend(refusals=[RequestRejected("worker", ())])) as core:
        assert (await core.run(await core.submit())).status is JobStatus.FAILED
        assert core.breakers["worker"].circuit(core.clock.now()) is Circuit.CLOSED


async def test_a_full_disk_or_queue_is_called_what_it_is(tmp_path: Path) -> None:
    backend = ScriptedBackend(refusals=[BackendNotReady("worker"), BackendBusy("worker")])
    async with a_core(tmp_path, backend=backend) as core:
        job = await core.run(await core.submit())
        assert job.waiting_for == "worker, which takes no clips at the moment"
        await core.clock.advance(1)
        assert (await core.run(job)).waiting_for == "worker, which is busy"
        assert core.service.trouble_lines() == ("The worker is busy (for 1 s now); new clips wait.",)


async def test_a_worker_that_answers_about_one_request_is_not_away(tmp_path: Path) -> None:
    class Watched(ScriptedBackend):
        """Notes how its breaker stands whenever it is watched."""

        async def watch(self, handle: RequestHandle) -> AsyncIterator[BackendUpdate]:
            troubles.append(core.breakers["worker"].trouble)
            async for update in super().watch(handle):
                yield update

    troubles: list[Trouble | None] = []
    backend = Watched(troubles={"watch": [BackendUnavailable("worker")]})
    async with a_core(tmp_path, backend=backend) as core:
        assert (await core.run(await core.submit())).status is JobStatus.SUCCEEDED
        assert troubles == [None, Trouble.AWAY]
        assert core.breakers["worker"].trouble is None
