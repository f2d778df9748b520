"""Status streams on a real port: deltas, pings, ends and disconnects."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from httpx_sse import aconnect_sse

from doubles.clock import settle
from doubles.worker.engine import SteppedEngine
from generation.protocol.wire import QueueStatus, RequestState
from worker.api.sse import StatusStreams
from worker.scheduling import failures
from worker.scheduling.live_request import LiveRequest
from worker.scheduling.views import BaseUrls
from workers import ADDRESS, APP, Worker, listening, open_worker


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


class LoopTime:
    """The event loop's own time, standing still until the test moves it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self._now = loop.time()
        monkeypatch.setattr(loop, "time", lambda: self._now)

    def move(self, seconds: float) -> None:
        self._now += seconds


class Watcher:
    """A stream's events, read in this process as soon as they are made."""

    def __init__(self, worker: Worker, live: LiveRequest) -> None:
        self._frames = StatusStreams(worker.parts).open(live, BaseUrls(ADDRESS, ADDRESS), with_logs=True).body_iterator
        self._seen: list[tuple[str, int | None, int]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for frame in self._frames:
            status = QueueStatus.model_validate_json(bytes(frame).removeprefix(b"data: "))
            self._seen.append((status.status.value, status.queue_position, len(status.logs or ())))

    async def news(self) -> list[tuple[str, int | None, int]]:
        """State, position and count of new log lines of every event since the last call."""
        await settle()
        news, self._seen = self._seen, []
        return news

    async def ended(self) -> None:
        await self._reading


async def test_of_the_moves_in_a_long_queue_only_the_newest_is_told_twice_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        *others, last = [await worker.submit() for _ in range(6)]
        time, watcher = LoopTime(monkeypatch), Watcher(worker, await worker.live(last))
        assert await watcher.news() == [("IN_QUEUE", 5, 0)]
        for gone in others[:3]:
            await worker.http.put(f"{APP}/requests/{gone}/cancel")
            assert await watcher.news() == []
        time.move(0.49)
        assert await watcher.news() == []
        time.move(0.01)
        assert await watcher.news() == [("IN_QUEUE", 2, 0)]
        time.move(0.6)
        assert await watcher.news() == []
        await worker.http.put(f"{APP}/requests/{others[3]}/cancel")
        assert await watcher.news() == [("IN_QUEUE", 1, 0)]
        await worker.http.put(f"{APP}/requests/{last}/cancel")
        assert await watcher.news() == [("COMPLETED", None, 0)]
        await watcher.ended()


async def test_log_lines_come_twice_a_second_and_states_wait_for_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        first, second, third = [await worker.submit() for _ in range(3)]
        live = await worker.live(third)
        time, watcher = LoopTime(monkeypatch), Watcher(worker, live)
        assert await watcher.news() == [("IN_QUEUE", 2, 0)]
        await worker.http.put(f"{APP}/requests/{first}/cancel")
        for number in range(30):
            worker.parts.registry.add_log(live, f"line {number}")
            assert await watcher.news() == []
        time.move(0.5)
        assert await watcher.news() == [("IN_QUEUE", 1, 30)]
        await worker.http.put(f"{APP}/requests/{second}/cancel")
        worker.parts.registry.add_log(live, "another")
        assert await watcher.news() == []
        await worker.parts.registry.start(live)
        assert await watcher.news() == [("IN_PROGRESS", None, 1)]
        await worker.http.put(f"{APP}/requests/{third}/cancel")
        await worker.parts.registry.finish(live, failures.cancelled())
        assert await watcher.news() == [("COMPLETED", None, 0)]
        await watcher.ended()


async def test_a_quiet_stream_pings(tmp_path: Path) -> None:
    async with (
        open_worker(tmp_path, rendering=False) as worker,
        listening(worker, ping_seconds=0.01) as url,
        asyncio.timeout(40),
    ):
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
        async with httpx.AsyncClient() as http, asyncio.timeout(40):
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
    """Wait until a watcher waits for the request's next change."""
    live = await worker.live(request_id)
    async with asyncio.timeout(40):
        while not live.watched:
            await asyncio.sleep(0.001)
