"""A backend for load: speaks the queue protocol, renders nothing, and takes a set time per request.

It runs in the process of the chat's double, outside of the bots whose processor time is measured.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import Any

import numpy as np
from aiohttp import web

APP = "/fal-ai/fast-animatediff"
KEY = "bench:mark"


@cache
def clip() -> bytes:
    """A small real MP4."""
    from generation import mp4

    return mp4.encode(np.zeros((8, 128, 128, 3), np.uint8), 8)


@dataclass
class LoadRequest:
    """One request, of the job in its idempotency key; ``begun`` and ``done`` are times, 0 until
    then."""

    id: str
    job: str
    begun: float = 0.0
    done: float = 0.0
    step: int = 0
    moved: asyncio.Event = field(default_factory=asyncio.Event)


class LoadBackend:
    """Renders ``at_once`` requests side by side, ``seconds`` each, in ``steps`` steps; the others
    are queued."""

    def __init__(self, at_once: int, seconds: float, steps: int) -> None:
        self.seconds = seconds
        self.requests = 0
        """How many HTTP requests were answered."""
        self.received: dict[str, LoadRequest] = {}
        self.url = ""
        self._at_once = at_once
        self._steps = steps
        self._numbers = count(1)
        self._slots = asyncio.Semaphore(at_once)
        self._queued: list[str] = []
        self._renders: set[asyncio.Task[None]] = set()

    @property
    def completed(self) -> int:
        """How many are done."""
        return sum(each.done > 0 for each in self.received.values())

    @property
    def under_way(self) -> int:
        """How many are accepted and not done."""
        return len(self.received) - self.completed

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["LoadBackend"]:
        """Listen on a free port."""
        app = web.Application(middlewares=[self._count])
        app.router.add_post(APP + "/{path:text-to-video|turbo/text-to-video}", self._submit)
        app.router.add_get(APP + "/requests/{id}/status", self._status)
        app.router.add_get(APP + "/requests/{id}/status/stream", self._stream)
        app.router.add_get(APP + "/requests/{id}", self._result)
        app.router.add_put(APP + "/requests/{id}/cancel", self._cancel)
        app.router.add_get("/files/{name}", self._file)
        app.router.add_get("/health", self._health)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=2048).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            for task in self._renders:
                task.cancel()
            await runner.cleanup()

    @web.middleware
    async def _count(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests += 1
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _submit(self, request: web.Request) -> web.Response:
        await request.read()
        job = request.headers.get("Idempotency-Key", "").rpartition("-")[0]
        received = LoadRequest(f"r{next(self._numbers)}", job)
        self.received[received.id] = received
        self._queued.append(received.id)
        task = asyncio.create_task(self._render(received))
        self._renders.add(task)
        task.add_done_callback(self._renders.discard)
        base = f"{self.url}{APP}/requests/{received.id}"
        urls = {
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
        }
        return web.json_response(self._state(received) | urls)

    async def _render(self, received: LoadRequest) -> None:
        async with self._slots:
            self._queued.remove(received.id)
            received.begun = time.time()
            for _ in range(self._steps):
                await asyncio.sleep(self.seconds / self._steps)
                received.step += 1
                self._move(received)
        received.done = time.time()
        self._move(received)

    def _move(self, received: LoadRequest) -> None:
        # those that wait have the old event; the next change gets one of its own
        received.moved.set()
        received.moved = asyncio.Event()

    def _state(self, received: LoadRequest) -> dict[str, Any]:
        known: dict[str, Any] = {"request_id": received.id, "logs": [], "metrics": {}}
        if received.done:
            return known | {"status": "COMPLETED", "metrics": {"inference_time": self.seconds}}
        if not received.begun:
            return known | {"status": "IN_QUEUE", "queue_position": len(self._queued)}
        labels = {"step": received.step, "steps": self._steps}
        at = datetime.now(UTC).replace(tzinfo=None).isoformat()
        line = {"message": "", "level": "INFO", "source": "USER", "timestamp": at, "labels": labels}
        return known | {"status": "IN_PROGRESS", "logs": [line]}

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response(self._state(self._of(request)))

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        received = self._of(request)
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        with contextlib.suppress(ConnectionError):  # the bot has hung up
            while True:
                moved, is_done = received.moved, received.done > 0
                await stream.write(b"data: " + json.dumps(self._state(received)).encode() + b"\n\n")
                if is_done:
                    break
                await moved.wait()
        return stream

    async def _result(self, request: web.Request) -> web.Response:
        received = self._of(request)
        video = {
            "url": f"{self.url}/files/{received.id}.mp4",
            "content_type": "video/mp4",
            "file_size": len(clip()),
        }
        return web.json_response({"video": video, "seed": 7})

    async def _cancel(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "CANCELLATION_REQUESTED"}, status=202)

    async def _file(self, _request: web.Request) -> web.Response:
        return web.Response(body=clip(), content_type="video/mp4")

    async def _health(self, _request: web.Request) -> web.Response:
        # a bot sends each member's jobs by how many are rendered side by side
        return web.json_response({"status": "ok", "places": self._at_once})

    def _of(self, request: web.Request) -> LoadRequest:
        try:
            return self.received[request.match_info["id"]]
        except KeyError:
            raise web.HTTPNotFound from None
