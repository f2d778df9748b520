"""Which jobs a process carries, and what it leaves for the next start."""

import asyncio
from dataclasses import replace
from pathlib import Path

from core import Core, a_core
from core_running import dispatching, pass_time, reached, until
from doubles.backend import ScriptedBackend
from doubles.clock import ManualClock
from factories import a_channel, a_request, a_server, a_user
from generation.dispatcher import Rhythm
from generation.errors import BackendUnavailable, StoreBusy
from generation.job import FailureKind, JobStatus
from generation.places import Platform
from generation.service import Ask


async def test_what_waits_is_carried_oldest_first(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock(), rhythm=Rhythm(in_flight=1)) as core:
        first = await core.submit(origin="a")
        await core.clock.advance(1)
        second = await core.submit(origin="b")
        async with dispatching(core):
            await until(core, reached(core, JobStatus.SUCCEEDED, 2))
        assert [key for key, _ in core.backend.submissions] == [f"{first.id}-1", f"{second.id}-1"]


async def test_no_more_jobs_are_in_flight_than_allowed(tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with a_core(tmp_path, clock=ManualClock(), backend=backend, rhythm=Rhythm(in_flight=1)) as core:
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
    async with a_core(tmp_path, clock=clock, backend=backend, owner="heir") as heir, dispatching(heir):
        await pass_time(heir, 15)
        assert heir.observer.moves == []
        await until(heir, reached(heir, JobStatus.SUCCEEDED))
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
        assert [what for what, _ in core.observer.troubles] == ["carrying a job"]


class LockedOnce:
    """A store that is locked the first time a clip is to be recorded."""

    def __init__(self, core: Core) -> None:
        self._store = core.store
        self.locked = 1

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def transaction(self, *urgency: object) -> object:
        if self.locked and list(self._clips()):
            self.locked -= 1
            raise StoreBusy("database is locked")
        return self._store.transaction(*urgency)

    def _clips(self) -> list[Path]:
        return sorted(self.folder.glob("clips/*.mp4"))

    folder = Path()


async def test_a_locked_database_loses_nothing(tmp_path: Path) -> None:
    async with a_core(tmp_path, clock=ManualClock()) as core:
        locked = LockedOnce(core)
        locked.folder = tmp_path
        outside = replace(core.outside, store=locked)
        core.carrier._desk.outside = outside
        await core.submit()
        async with dispatching(core):
            await until(core, reached(core, JobStatus.SUCCEEDED))
        assert locked.locked == 0
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
        await core.carry(await core.submit())
        now = core.clock.now()
        assert await core.store.owed_deliveries(now, owner="me", platforms=frozenset({Platform.SLACK}), limit=5) == []
        assert (
            len(await core.store.owed_deliveries(now, owner="me", platforms=frozenset({Platform.DISCORD}), limit=5))
            == 1
        )


async def test_a_server_with_one_wish_does_not_wait_for_all_the_wishes_of_another(tmp_path: Path) -> None:
    backend = ScriptedBackend(hold=asyncio.Event())
    async with a_core(tmp_path, clock=ManualClock(), backend=backend, rhythm=Rhythm(in_flight=2)) as core:
        eager = [await core.submit(origin=str(n), user=str(n)) for n in range(4)]
        place = a_channel(server=a_server("modest"))
        modest = await core.service.submit(a_request(), Ask("m", a_user(), place))
        async with dispatching(core):
            await until(core, reached(core, JobStatus.RUNNING, 2))
            assert {key for key, _ in backend.submissions} == {f"{eager[0].id}-1", f"{modest.id}-1"}
            assert backend.hold is not None
            backend.hold.set()
            await until(core, reached(core, JobStatus.SUCCEEDED, 5))
