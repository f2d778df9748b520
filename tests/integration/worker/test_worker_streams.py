"""Status streams on a real port: deltas, pings, ends and disconnects."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from httpx_sse import aconnect_sse

from doubles.clock import settle
from doubles.engine import SteppedEngine
from generation.wire import QueueStatus, RequestState
from workers import APP, Worker, listening, open_worker


async def streamed(url: str, request_id: str, query: str = "?logs=1") -> list[QueueStatus]:
    """Every status of a stream until it ends."""
    async with httpx.AsyncClient(base_url=url) as http:
        path = f"{APP}/requests/{request_id}/status/stream{query}"
        async with aconnect_sse(http, "GET", path) as source:
            return [QueueStatus.model_validate_json(event.data) async for event in source.aiter_sse()]


async def test_a_stream_tells_each_change_once_and_ends_with_the_request(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine) as worker, listening(worker) as url:
        first, second = await worker.submit(), await worker.submit(num_inference_steps=2)
        await worker.reaches(first, RequestState.IN_PROGRESS)
        watching = asyncio.create_task(streamed(url, second))
        await until_watched(worker, second)
        engine.run_free()
        statuses = await watching
        assert statuses[0].status is RequestState.IN_QUEUE
        assert statuses[0].queue_position == 0
        assert statuses[-1].status is RequestState.COMPLETED
        assert [entry.labels for status in statuses for entry in status.logs or ()] == [
            {"step": "1", "steps": "2"},
            {"step": "2", "steps": "2"},
        ]
        assert all(status.logs is not None for status in statuses)


async def test_a_stream_without_logs_tells_states_only(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine) as worker, listening(worker) as url:
        request_id = await worker.submit(num_inference_steps=20)
        await worker.reaches(request_id, RequestState.IN_PROGRESS)
        watching = asyncio.create_task(streamed(url, request_id, ""))
        await until_watched(worker, request_id)
        engine.run_free()
        assert [(s.status.value, s.logs) for s in await watching] == [("IN_PROGRESS", None), ("COMPLETED", None)]


async def test_a_stream_of_a_finished_request_is_one_event(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker, listening(worker) as url:
        request_id = await worker.submit()
        await worker.completed(request_id)
        statuses = await streamed(url, request_id)
        assert [(s.status.value, len(s.logs or ())) for s in statuses] == [("COMPLETED", 3)]


async def test_moving_up_in_the_queue_is_told(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker, listening(worker) as url:
        first, second = await worker.submit(), await worker.submit()
        watching = asyncio.create_task(streamed(url, second))
        await until_watched(worker, second)
        await worker.http.put(f"{APP}/requests/{first}/cancel")
        await settle()
        await worker.http.put(f"{APP}/requests/{second}/cancel")
        assert [(s.status.value, s.queue_position) for s in await watching] == [
            ("IN_QUEUE", 1),
            ("IN_QUEUE", 0),
            ("COMPLETED", None),
        ]


async def test_a_quiet_stream_pings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.streams.PING_SECONDS", 0.01)
    async with open_worker(tmp_path, rendering=False) as worker, listening(worker) as url, asyncio.timeout(10):
        request_id = await worker.submit()
        path = f"{url}{APP}/requests/{request_id}/status/stream"
        async with httpx.AsyncClient() as http, http.stream("GET", path) as answer:
            lines = answer.aiter_lines()
            seen = [await anext(lines) for _ in range(6)]
            headers = answer.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert (headers["x-fal-request-id"], headers["cache-control"]) == (request_id, "no-store")
        assert json.loads(seen[0].removeprefix("data: "))["status"] == "IN_QUEUE"
        assert seen[1:] == ["", ": ping", "", ": ping", ""]


async def test_a_watcher_that_leaves_is_forgotten(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False, max_streams=1) as worker, listening(worker) as url:
        request_id = await worker.submit()
        path = f"{url}{APP}/requests/{request_id}/status/stream"
        async with httpx.AsyncClient() as http, asyncio.timeout(10):
            async with http.stream("GET", path) as answer:
                await anext(answer.aiter_lines())
                refused = await http.get(path)
            assert (refused.status_code, refused.json()) == (
                503,
                {"detail": "Too many status streams are open; poll the status instead"},
            )
            while True:
                async with http.stream("GET", path) as answer:
                    if answer.status_code == 200:
                        return


async def test_streams_end_when_the_worker_stops(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        request_id = await worker.submit()
        async with listening(worker) as url:
            watching = asyncio.create_task(streamed(url, request_id))
            await until_watched(worker, request_id)
        assert [status.status.value for status in await watching] == ["IN_QUEUE"]


async def until_watched(worker: Worker, request_id: str) -> None:
    """Wait until somebody waits for the request's next change."""
    live = await worker.live(request_id)
    async with asyncio.timeout(10):
        while not live.watched:
            await asyncio.sleep(0.001)
