"""When a clip can be expected: the worker says it from the first clip on, as far as anything like it was measured."""

from pathlib import Path
from typing import Any

import pytest

from doubles.worker.engine import SteppedEngine
from generation.protocol.request import Endpoint, GenerationRequest
from generation.protocol.wire import RequestState
from worker.scheduling.durations import RenderDurations
from workers import APP, INPUT, TURBO, Worker, open_worker


def measured(folder: Path, seconds: float, *, others: float = 0, beside: float = 0) -> None:
    """As the bench leaves it: the usual input took so long, and so long ``beside`` a number of ``others``."""
    folder.mkdir(exist_ok=True)
    known = RenderDurations(folder / "pace.json", "preview")
    known.learn(GenerationRequest.model_validate({"endpoint": Endpoint.STANDARD, **INPUT}), seconds)
    if others:
        known.learn(GenerationRequest.model_validate({"endpoint": Endpoint.STANDARD, **INPUT}), beside, others=others)
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


async def test_clips_that_shared_the_engine_teach_too(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True, max_active=2)
    async with open_worker(tmp_path, engine) as worker:
        requests = [await worker.submit(), await worker.submit()]
        for request_id in requests:
            await worker.reaches(request_id, RequestState.IN_PROGRESS)
        engine.run_free()
        for request_id in requests:
            await worker.completed(request_id)
        # its render must not be over before it is asked about
        engine.hold()
        assert await eta(worker, await worker.submit(prompt="next")) is not None


@pytest.mark.parametrize(
    ("slots", "sharing", "waiting", "last"),
    [
        # rendered side by side at no cost: the line moves in groups
        (4, 0.0, 8, 36),
        (4, 0.0, 5, 36),
        (4, 0.0, 4, 24),
        # taking turns: as if one after the other
        (4, 1.0, 8, 144),
        # something between, as on a GPU that batches
        (4, 0.5, 8, 90),
        (2, 0.5, 2, 36),
        (8, 0.25, 8, 66),
        # one at a time, whatever was measured before
        (1, 0.0, 3, 48),
    ],
)
async def test_a_line_is_expected_as_it_is_rendered_several_at_once(
    tmp_path: Path, slots: int, sharing: float, waiting: int, last: float
) -> None:
    measured(tmp_path, 12, others=3, beside=12 * (1 + 3 * sharing))
    async with open_worker(tmp_path, SteppedEngine(gated=True, max_active=slots)) as worker:
        active = [await worker.submit() for _ in range(slots)]
        for request_id in active:
            await worker.reaches(request_id, RequestState.IN_PROGRESS)
        line = [await worker.submit() for _ in range(waiting)]
        assert await eta(worker, line[-1]) == pytest.approx(last, abs=0.1)
        worker.clock.advance(3)
        assert await eta(worker, line[-1]) == pytest.approx(last - 3, abs=0.1)
        worker.engine.run_free()
        for request_id in (*active, *line):
            await worker.completed(request_id)


async def test_behind_a_clip_about_which_nothing_is_known_no_number_is_told(tmp_path: Path) -> None:
    measured(tmp_path, 12)
    async with open_worker(tmp_path, SteppedEngine(gated=True)) as worker:
        first = await worker.submit()
        await worker.reaches(first, RequestState.IN_PROGRESS)
        known, unknown, behind = await worker.submit(), await worker.submit(TURBO), await worker.submit()
        assert [await eta(worker, id_) for id_ in (known, unknown, behind)] == [24, None, None]
        worker.engine.run_free()
        for request_id in (first, known, unknown, behind):
            await worker.completed(request_id)
