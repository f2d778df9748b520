"""Real workers for tests: in process over a real data folder, and on a real port where streams need one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from doubles.clock import AutoClock
from doubles.worker.engine import SteppedEngine
from generation.protocol.clock import Clock
from generation.protocol.http_server.limits import ServerLimits
from generation.protocol.http_server.server import HttpServer
from generation.protocol.request import Endpoint
from generation.protocol.wire import RequestState
from worker.api.app import build_app
from worker.api.app_parts import AppParts, EngineInfo
from worker.api.server import http_server
from worker.api.sse import PING_SECONDS
from worker.process.assemble import open_parts
from worker.process.listener import listen, url_of
from worker.scheduling.live_request import LiveRequest
from worker.settings import WorkerSettings

STANDARD = f"/{Endpoint.STANDARD.value}"
TURBO = f"/{Endpoint.TURBO.value}"
APP = f"/{Endpoint.STANDARD.app_id}"
ADDRESS = "http://127.0.0.1:8650"
KEY = "kid:s3cret"
INPUT = {"prompt": "a red fox in snow", "num_frames": 2, "num_inference_steps": 3, "seed": 7}


def worker_settings(folder: Path, **given: object) -> WorkerSettings:
    """Settings of a worker in that folder, whatever the environment says."""
    return WorkerSettings(_env_file=None, **{"data_dir": folder, "port": 0, "engine": "preview", **given})


@dataclass
class Worker:
    """A worker under test."""

    parts: AppParts
    engine: SteppedEngine
    http: httpx.AsyncClient
    clock: AutoClock
    loop_task: "asyncio.Task[None] | None" = None
    errors: list[BaseException] = field(default_factory=list)

    async def submit(self, path: str = STANDARD, **fields: object) -> str:
        """Submit the usual input with some fields changed; the request's id."""
        answer = await self.http.post(path, json={**INPUT, **fields})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["request_id"])

    async def live(self, request_id: str, owner: str = "") -> LiveRequest:
        """The request in the worker's memory."""
        live = await self.parts.registry.find(request_id, owner)
        assert live is not None
        return live

    async def reaches(self, request_id: str, state: RequestState, *, logs: int = 0, owner: str = "") -> LiveRequest:
        """Wait until the request is in that state and has that many log lines."""
        live = await self.live(request_id, owner)
        async with asyncio.timeout(40):
            while live.request.state is not state or len(live.logs) < logs:
                await live.changed_since(live.version)
        return live

    async def completed(self, request_id: str, owner: str = "") -> LiveRequest:
        """Wait for the end of the request."""
        return await self.reaches(request_id, RequestState.COMPLETED, owner=owner)

    def render(self) -> None:
        """Start the loop, if it does not run yet."""
        self.loop_task = asyncio.create_task(self._run_loop())

    async def _run_loop(self) -> None:
        try:
            await self.parts.render_loop.run()
        except Exception as error:  # noqa: BLE001 -- shown at the end of the test
            self.errors.append(error)

    async def stop(self) -> None:
        """End the loop, as a killed worker would: nothing is written."""
        if self.loop_task is not None:
            self.loop_task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.loop_task
        self.engine.run_free()
        assert await self.parts.render_loop.wait_for_engine(10)


@asynccontextmanager
async def open_worker(
    folder: Path,
    engine: SteppedEngine | None = None,
    *,
    clock: Clock | None = None,
    rendering: bool = True,
    **given: object,
) -> AsyncIterator[Worker]:
    """A worker in process; callers reach it through ``worker.http``."""
    engine, clock = engine or SteppedEngine(), clock or AutoClock()
    settings = worker_settings(folder, **given)
    folder.mkdir(exist_ok=True)
    async with open_parts(settings, engine, EngineInfo("preview", "a test"), address=ADDRESS, clock=clock) as parts:
        transport = httpx.ASGITransport(build_app(parts), raise_app_exceptions=False)
        headers = {"authorization": f"Key {given['key']}"} if "key" in given else {}
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers) as http:
            worker = Worker(parts, engine, http, clock)
            if rendering:
                worker.render()
            try:
                yield worker
            finally:
                await worker.stop()
    assert worker.errors == []


@asynccontextmanager
async def serving(
    worker: Worker, *, ping_seconds: float = PING_SECONDS, **limits: Any
) -> AsyncIterator[tuple[HttpServer, str]]:
    """The same worker on a real port of this machine: its server and its address."""
    with contextlib.closing(listen(worker.parts.settings)) as listener:
        app = build_app(worker.parts, ping_seconds=ping_seconds)
        server = http_server(app, worker.parts.settings, ServerLimits(**limits))
        task = asyncio.create_task(server.serve([listener]))
        await server.up.wait()
        try:
            yield server, url_of(listener, worker.parts.settings)
        finally:
            worker.parts.close_streams()
            server.should_exit = True
            await task


@asynccontextmanager
async def listening(worker: Worker, **limits: Any) -> AsyncIterator[str]:
    """The same, for those who need nothing but the address."""
    async with serving(worker, **limits) as (_, url):
        yield url
