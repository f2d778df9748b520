"""When a clip can be expected: the worker says it from the first clip on, as far as anything like it was measured."""

from pathlib import Path
from typing import Any

from doubles.worker.engine import SteppedEngine
from generation.protocol.request import Endpoint, GenerationRequest
from generation.protocol.wire import RequestState
from worker.scheduling.durations import RenderDurations
from workers import APP, INPUT, Worker, open_worker


def measured(folder: Path, seconds: float) -> None:
    """As the bench leaves it: the usual input took so long."""
    folder.mkdir(exist_ok=True)
    known = RenderDurations(folder / "pace.json", "preview")
    known.learn(GenerationRequest.model_validate({"endpoint": Endpoint.STANDARD, **INPUT}), seconds)
    known.save()


async def eta(worker: Worker, request_id: str) -> Any:
    return (await worker.http.get(f"{APP}/requests/{request_id}/status")).json().get("eta_seconds")


async def test_the_first_clip_after_a_start_is_expected_by_what_the_bench_measured(tmp_path: Path) -> None:
    measured(tmp_path, 12)
    async with open_worker(tmp_path, SteppedEngine(gated=True)) as worker:
        first = await worker.submit()
        await worker.reaches(first, RequestState.IN_PROGRESS)
        second, third = await worker.submit(), await worker.submit(num_frames=4)
        assert [await eta(worker, id_) for id_ in (first, second, third)] == [12, 24, 48]
        worker.clock.advance(5)
        assert [await eta(worker, id_) for id_ in (first, second, third)] == [7, 19, 43]
        worker.clock.advance(10)
        assert [await eta(worker, id_) for id_ in (first, second, third)] == [None, 12, 36]
        worker.engine.run_free()
        for request_id in (first, second, third):
            await worker.completed(request_id)
            assert await eta(worker, request_id) is None


async def test_nothing_is_promised_before_anything_was_measured_then_a_clip_rendered_alone_teaches(
    tmp_path: Path,
) -> None:
    async with open_worker(tmp_path, SteppedEngine(gated=True)) as worker:
        first = await worker.submit()
        assert await eta(worker, first) is None
        worker.engine.allow(3)
        await worker.completed(first)
        second = await worker.submit()
        assert await eta(worker, second) is not None
    assert (tmp_path / "pace.json").is_file()


async def test_clips_that_shared_the_engine_teach_nothing(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True, max_active=2)
    async with open_worker(tmp_path, engine) as worker:
        requests = [await worker.submit(), await worker.submit()]
        for request_id in requests:
            await worker.reaches(request_id, RequestState.IN_PROGRESS)
        engine.run_free()
        for request_id in requests:
            await worker.completed(request_id)
        assert await eta(worker, await worker.submit(prompt="next")) is None
