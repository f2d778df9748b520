"""Submissions that are answered with their result."""

import asyncio
from pathlib import Path

import httpx
import pytest

from doubles.worker.engine import SteppedEngine
from generation.protocol.wire import RequestState
from workers import APP, INPUT, STANDARD, TURBO, Worker, listening, open_worker


async def only_request(worker: Worker) -> str:
    """Wait until there is one open request: its id."""
    async with asyncio.timeout(40):
        while not worker.parts.registry.open_requests:
            await asyncio.sleep(0.001)
    (live,) = worker.parts.registry.open_requests
    return live.request.id


@pytest.mark.parametrize("headers", [{}, {"x-fal-request-timeout": "60"}])
@pytest.mark.parametrize("path", [STANDARD, TURBO])
async def test_a_run_is_answered_with_the_result(tmp_path: Path, path: str, headers: dict[str, str]) -> None:
    async with open_worker(tmp_path) as worker:
        result = await worker.http.post(f"/run{path}", json=INPUT, headers=headers)
        queued = await worker.http.get(f"{APP}/requests/{result.headers['x-fal-request-id']}")
        assert (result.status_code, result.json()) == (200, queued.json())


async def test_who_knows_us_as_fal_run_gets_results_and_as_queue_fal_run_gets_requests(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        result = await worker.http.post(STANDARD, json=INPUT, headers={"host": "fal.run"})
        queued = await worker.http.post(STANDARD, json=INPUT, headers={"host": "queue.fal.run"})
        assert (result.json()["seed"], queued.json()["status"]) == (7, "IN_QUEUE")
        assert queued.json()["status_url"].startswith(f"http://queue.fal.run{APP}/requests/")


async def test_a_run_that_fails_is_answered_with_its_error(tmp_path: Path) -> None:
    engine = SteppedEngine(failures={"bad": RuntimeError("boom")})
    async with open_worker(tmp_path, engine) as worker:
        invalid = await worker.http.post(f"/run{STANDARD}", json={**INPUT, "fps": 0})
        failed = await worker.http.post(f"/run{STANDARD}", json={**INPUT, "prompt": "bad"})
        assert (invalid.status_code, invalid.json()["detail"][0]["loc"]) == (422, ["body", "fps"])
        assert (failed.status_code, failed.json()["error_type"]) == (500, "runner_server_error")


@pytest.mark.parametrize("steps_before", [0, 1])
async def test_a_run_whose_caller_leaves_is_cancelled(tmp_path: Path, steps_before: int) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine, rendering=steps_before > 0) as worker, listening(worker) as url:
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            running = asyncio.create_task(http.post(f"/run{STANDARD}", json={**INPUT, "num_inference_steps": 50}))
            request_id = await only_request(worker)
            if steps_before:
                engine.allow(steps_before)
                await worker.reaches(request_id, RequestState.IN_PROGRESS, logs=1)
            running.cancel()
            await asyncio.wait([running])
        live = await worker.live(request_id)
        async with asyncio.timeout(40):
            while live.request.open and not live.request.cancel_requested:
                await live.changed_since(live.version)
        engine.run_free()
        assert (await worker.completed(request_id)).request.outcome.error_type == "client_cancelled"


async def test_a_run_is_told_when_the_worker_stops(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        running = asyncio.create_task(worker.http.post(f"/run{STANDARD}", json=INPUT))
        await only_request(worker)
        worker.parts.close_streams()
        answer = await running
        assert (answer.status_code, answer.json()) == (503, {"detail": "The worker is stopping; nothing was made"})
        assert worker.parts.registry.open_requests == ()


async def test_a_run_has_no_stream(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        answer = await worker.http.post(f"/run{STANDARD}/stream", json=INPUT)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Path /text-to-video/stream not found"})
