"""A request that finds the engine free starts with its submission: one write, and every promise as before."""

import asyncio
from pathlib import Path

import pytest

from doubles.worker.engine import SteppedEngine
from generation.protocol.wire import RequestState
from workers import APP, INPUT, STANDARD, Worker, open_worker


async def stored_state(worker: Worker, request_id: str) -> tuple[RequestState, int]:
    """State and attempts as the next worker would find them."""
    stored = await worker.parts.database.requests.find(request_id)
    assert stored is not None
    return stored.request.state, stored.request.attempts


async def test_it_is_stored_as_started_and_the_next_one_as_waiting(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        free = iter([True, False])
        worker.parts.registry.start_at_once_when(lambda: next(free))
        first, second = await worker.submit(), await worker.submit()
        assert await stored_state(worker, first) == (RequestState.IN_PROGRESS, 1)
        assert await stored_state(worker, second) == (RequestState.IN_QUEUE, 0)
        assert [live.request.id for live in worker.parts.registry.begun()] == [first]
        assert worker.parts.registry.begun() == ()


@pytest.mark.parametrize("why", ["no retry", "run", "somebody waits", "one was interrupted"])
async def test_it_waits_where_starting_would_break_a_promise(tmp_path: Path, why: str) -> None:
    path, headers = STANDARD, {}
    async with open_worker(tmp_path, SteppedEngine(gated=True)) as worker:
        interrupted = await worker.submit()
        await worker.reaches(interrupted, RequestState.IN_PROGRESS)
        await worker.stop()
    async with open_worker(tmp_path, rendering=False) as worker:
        live = await worker.live(interrupted)
        if why == "one was interrupted":
            await worker.parts.registry.start(live)
        elif why != "somebody waits":
            await worker.parts.registry.cancel(live)
        if why == "no retry":
            headers = {"x-fal-no-retry": "1"}
        if why == "run":
            path = f"/run{STANDARD}"
        worker.parts.registry.start_at_once_when(lambda: True)
        posting = asyncio.create_task(worker.http.post(path, json=INPUT, headers=headers))
        async with asyncio.timeout(40):
            while not any(one.request.id != interrupted for one in worker.parts.registry.open_requests):
                await asyncio.sleep(0)
        (new,) = (one for one in worker.parts.registry.open_requests if one.request.id != interrupted)
        assert new.request.state is RequestState.IN_QUEUE
        worker.parts.close_streams()
        await posting


async def test_after_a_kill_it_is_rendered_once_more(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        worker.parts.registry.start_at_once_when(lambda: True)
        request_id = await worker.submit()
    async with open_worker(tmp_path) as worker:
        live = await worker.completed(request_id)
        assert (live.request.attempts, live.request.outcome.seed) == (2, 7)  # type: ignore[union-attr]


@pytest.mark.parametrize("slots", [1, 2, 5])
async def test_a_crowd_starts_as_many_as_the_engine_takes(tmp_path: Path, slots: int) -> None:
    engine = SteppedEngine(gated=True, max_active=slots)
    async with open_worker(tmp_path, engine) as worker:
        await worker.parts.render_loop.loaded.wait()
        await asyncio.gather(*(worker.submit() for _ in range(10)))
        assert (len(worker.parts.registry.active), len(worker.parts.registry.queue)) == (slots, 10 - slots)
        ids = [live.request.id for live in worker.parts.registry.open_requests]
        engine.run_free()
        for request_id in ids:
            await worker.completed(request_id)
        assert len(engine.begun) == 10


async def test_a_crowd_under_one_name_takes_one_slot(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True, max_active=2)
    async with open_worker(tmp_path, engine) as worker:
        await worker.parts.render_loop.loaded.wait()
        posts = [worker.http.post(STANDARD, json=INPUT, headers={"idempotency-key": "job-1"}) for _ in range(20)]
        assert len({answer.json()["request_id"] for answer in await asyncio.gather(*posts)}) == 1
        await worker.submit()
        assert len(worker.parts.registry.active) == 2


async def test_a_cancel_before_the_loop_has_seen_it_holds_and_leaves_no_file(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        worker.parts.registry.start_at_once_when(lambda: True)
        request_id = await worker.submit()
        answer = await worker.http.put(f"{APP}/requests/{request_id}/cancel")
        assert (answer.status_code, answer.json()["status"]) == (202, "CANCELLATION_REQUESTED")
        worker.render()
        assert (await worker.completed(request_id)).request.outcome.http_status == 499  # type: ignore[union-attr]
        async with asyncio.timeout(40):
            while list((tmp_path / "clips").iterdir()):
                await asyncio.sleep(0.001)
