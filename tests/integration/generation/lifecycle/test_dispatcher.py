"""Which jobs a process runs, and what it leaves for the next start."""

import asyncio
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from core import a_core
from core_running import dispatching, pass_time, reached, until
from db.store import SqlStore
from doubles.clock import ManualClock
from doubles.generation.backend import ScriptedBackend
from factories import a_channel, a_request, a_server, a_user
from generation.domain.job import FailureKind, JobId, JobStatus
from generation.domain.refs import Platform
from generation.lifecycle.dispatcher import DispatcherTiming
from generation.protocol.errors import BackendUnavailable, StoreBusy
from generation.rules.limits import Limits
from generation.rules.operator_rules import OperatorRules
from generation.service import SubmitContext

OPEN = Limits(user_clips_per_day=None, server_clips_per_day=None, user_active_jobs=1000, server_active_jobs=1000)


async def test_waiting_jobs_are_run_oldest_first(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock(), dispatcher_timing=DispatcherTiming(in_flight=1)) as core:
        first = await core.submit(origin="a")
        await core.clock.advance(1)
        second = await core.submit(origin="b")
        async with dispatching(core):
            await until(core, reached(core, JobStatus.SUCCEEDED, 2))
        assert [key for key, _ in core.backend.submissions] == [f"{first.id}-1", f"{second.id}-1"]


async def test_no_more_jobs_are_in_flight_than_allowed(tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with a_core(
        tmp_path, clock=ManualClock(), backend=backend, dispatcher_timing=DispatcherTiming(in_flight=1)
    ) as core:
        for origin in "ab":
            await core.submit(origin=origin)
        async with dispatching(core):
            await until(core, reached(core, JobStatus.RUNNING))
            assert (core.dispatcher.in_flight, len(backend.submissions)) == (1, 1)
            assert backend.hold is not None
            backend.hold.set()
            await until(core, reached(core, JobStatus.SUCCEEDED, 2))


async def test_a_waiting_job_goes_on_when_its_backend_is_back(tmp_path: Path) -> None:
    away = [BackendUnavailable("worker") for _ in range(4)]
    async with a_core(tmp_path, clock=ManualClock(), backend=ScriptedBackend(refusals=list(away))) as core:
        await core.submit()
        async with dispatching(core):
            await until(core, reached(core, JobStatus.SUCCEEDED))
        assert len(core.backend.submissions) == 5


async def test_jobs_of_the_last_run_are_adopted_at_once(tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    clock = ManualClock()
    async with a_core(tmp_path, clock=clock, backend=backend) as core:
        job = await core.submit()
        async with dispatching(core):
            await until(core, reached(core, JobStatus.RUNNING))
    assert backend.hold is not None
    backend.hold.set()
    async with a_core(tmp_path, clock=clock, backend=backend) as restarted:
        async with dispatching(restarted):
            await until(restarted, reached(restarted, JobStatus.SUCCEEDED))
        assert (await restarted.reload(job)).attempt == 1
        assert len(backend.submissions) == 1


async def test_jobs_of_another_process_are_adopted_only_when_its_lease_is_over(tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    clock = ManualClock()
    async with a_core(tmp_path, clock=clock, backend=backend, owner="gone") as gone:
        await gone.submit()
        async with dispatching(gone):
            await until(gone, reached(gone, JobStatus.RUNNING))
    assert backend.hold is not None
    backend.hold.set()
    async with a_core(tmp_path, clock=clock, backend=backend, owner="successor") as successor, dispatching(successor):
        await pass_time(successor, 15)
        assert successor.observer.moves == []
        await until(successor, reached(successor, JobStatus.SUCCEEDED))
    assert len(backend.submissions) == 1


async def test_a_cancel_is_passed_on_to_the_backend(tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event(), troubles={"cancel": [BackendUnavailable("worker")]})
    async with a_core(tmp_path, clock=ManualClock(), backend=backend) as core:
        job = await core.submit()
        async with dispatching(core):
            await until(core, reached(core, JobStatus.RUNNING))
            await core.service.cancel(job.id, by=job.requested_by, server=job.channel.server)
            await until(core, reached(core, JobStatus.CANCELLED))
        assert backend.cancelled == ["request-1"]


async def test_a_mistake_of_ours_fails_its_own_job_only(tmp_path: Path) -> None:
    backend = ScriptedBackend(troubles={"watch": [ZeroDivisionError("ours")]})
    async with a_core(tmp_path, clock=ManualClock(), backend=backend) as core:
        first = await core.submit(origin="a")
        async with dispatching(core):
            await until(core, reached(core, JobStatus.FAILED))
            await core.submit(origin="b")
            await until(core, reached(core, JobStatus.SUCCEEDED))
        failed = await core.reload(first)
        assert failed.failure is not None
        assert failed.failure.kind is FailureKind.INTERNAL
        assert [what for what, _ in core.observer.troubles] == ["running a job"]


class LockedOnce:
    """A store that is locked the first time a clip is to be recorded."""

    def __init__(self, store: SqlStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self.locked = 1

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def transaction(self, *urgency: object) -> object:
        if self.locked and list(self._clips()):
            self.locked -= 1
            raise StoreBusy("database is locked")
        return self._store.transaction(*urgency)

    def _clips(self) -> list[Path]:
        return sorted(self._folder.glob("clips/*.mp4"))


async def test_a_locked_database_loses_nothing(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock(), around=partial(LockedOnce, folder=tmp_path)) as core:
        await core.submit()
        async with dispatching(core):
            await until(core, reached(core, JobStatus.SUCCEEDED))
        assert core.store.locked == 0  # type: ignore[attr-defined]
        assert len(core.backend.submissions) == 1


async def test_a_submission_on_the_wire_is_let_finish_before_stopping(tmp_path: Path) -> None:
    class Slow(ScriptedBackend):
        def __init__(self) -> None:
            super().__init__()
            self.answer = asyncio.Event()

        async def submit(self, *args: object, **kwargs: object) -> str:
            request_id = await super().submit(*args, **kwargs)
            await self.answer.wait()
            return request_id

    backend = Slow()
    async with a_core(tmp_path, clock=ManualClock(), backend=backend) as core:
        job = await core.submit()
        dispatching = asyncio.create_task(core.dispatcher.run())
        await until(core, lambda: len(backend.submissions) == 1)
        core.dispatcher.stop()
        backend.answer.set()
        await dispatching
        assert (await core.reload(job)).handle is not None


async def test_deliveries_of_other_platforms_are_none_of_ours(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        await core.run(await core.submit())
        now = core.clock.now()
        assert await core.store.owed_deliveries(now, owner="me", platforms=frozenset({Platform.SLACK}), limit=5) == []
        assert (
            len(await core.store.owed_deliveries(now, owner="me", platforms=frozenset({Platform.DISCORD}), limit=5))
            == 1
        )


async def test_a_server_with_one_job_does_not_wait_for_all_the_jobs_of_another(tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with a_core(
        tmp_path, clock=ManualClock(), backend=backend, dispatcher_timing=DispatcherTiming(in_flight=2)
    ) as core:
        eager = [await core.submit(origin=str(n), user=str(n)) for n in range(4)]
        channel = a_channel(server=a_server("modest"))
        modest = await core.service.submit(a_request(), SubmitContext("m", a_user(), channel))
        async with dispatching(core):
            await until(core, reached(core, JobStatus.RUNNING, 2))
            assert {key for key, _ in backend.submissions} == {f"{eager[0].id}-1", f"{modest.id}-1"}
            assert backend.hold is not None
            backend.hold.set()
            await until(core, reached(core, JobStatus.SUCCEEDED, 5))


class CountingStore:
    """Counts the queries for waiting jobs."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.queries = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def waiting_ids(self, now: datetime, *, limit: int) -> list[JobId]:
        self.queries += 1
        return list(await self._store.waiting_ids(now, limit=limit))


async def test_many_submits_at_once_are_few_queries(tmp_path: Path) -> None:
    counting: list[CountingStore] = []

    def around(store: Any) -> CountingStore:
        counting.append(CountingStore(store))
        return counting[0]

    rules = OperatorRules(backends=("worker",), default_limits=OPEN)
    async with a_core(tmp_path, clock=ManualClock(), rules=rules, around=around) as core, dispatching(core):
        await core.clock.advance(0.1)
        counting[0].queries = 0
        for number in range(50):
            await core.submit(origin=f"o{number}", user=str(number))
        await asyncio.sleep(0.01)
        assert counting[0].queries <= 1
        await until(core, reached(core, JobStatus.SUCCEEDED, 50))
