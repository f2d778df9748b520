"""How long a member still has to wait: from clips that were measured, or as the backend says."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from core import a_core
from doubles.clock import ManualClock
from doubles.generation.backend import ScriptedBackend
from factories import a_request
from generation.ports import BackendState, BackendUpdate
from generation.protocol.progress import Phase, Steps


async def test_progress_tells_position_steps_and_fetching(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await core.run(await core.submit())
        assert [(p.phase, p.position, p.steps) for _, p in core.progress] == [
            (Phase.QUEUED, 0, None),
            (Phase.RENDERING, None, Steps(1, 4)),
            (Phase.FETCHING, None, None),
        ]


async def test_the_eta_comes_from_clips_that_were_measured(tmp_path: Path) -> None:
    async with a_core(tmp_path) as core:
        await core.run(await core.submit())
        core.progress.clear()
        await core.run(await core.submit(a_request(num_frames=32), origin="o2"))
        assert core.progress[0][1].eta_seconds == 4.0


async def test_after_a_restart_the_eta_comes_from_clips_of_earlier(tmp_path: Path) -> None:
    clock = ManualClock()
    async with a_core(tmp_path, clock=clock) as core:
        for origin, seconds in (("o1", 2.0), ("o2", 90.0), ("o3", 3.0)):
            job = core.lifecycle.run(await core.submit(origin=origin))
            slow = replace(await job, started_at=clock.now(), finished_at=clock.now() + timedelta(seconds=seconds))
            async with core.store.transaction() as tx:
                await tx.save_job(slow, was=slow)
    async with a_core(tmp_path) as core:
        await core.lifecycle.learn_durations()
        await core.run(await core.submit(a_request(num_frames=32), origin="o4"))
        assert core.progress[0][1].eta_seconds == 6.0  # twice the middle one, whatever a single clip took


async def test_before_any_clip_was_measured_the_backend_is_believed(tmp_path: Path) -> None:
    told = [
        BackendUpdate(BackendState.IN_QUEUE, position=3, eta_seconds=40.0),
        BackendUpdate(BackendState.IN_PROGRESS, eta_seconds=9.0),
        BackendUpdate(BackendState.IN_PROGRESS, steps=Steps(1, 4), eta_seconds=8.0),
        BackendUpdate(BackendState.COMPLETED),
    ]
    async with a_core(tmp_path, backend=ScriptedBackend(updates=told)) as core:
        await core.run(await core.submit())
        assert [progress.eta_seconds for _, progress in core.progress] == [40.0, 9.0, 8.0, None]
