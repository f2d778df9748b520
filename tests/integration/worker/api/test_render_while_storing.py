"""A render begins while its request is being stored; nobody hears of it before, and none is left over."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from doubles.clock import AutoClock
from doubles.worker.engine import SteppedEngine
from generation.protocol.errors import StorageFull
from generation.protocol.request import Endpoint, GenerationRequest
from generation.protocol.wire import RequestState
from worker.records import Idempotency, Request
from worker.render.clip_storage import ClipStorage
from worker.render.loop import RenderLoop
from worker.scheduling.registry import RequestRegistry
from worker.store import RequestStore, WorkerDatabase

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class SlowDisk:
    """A store whose commits last until the test says so, and fail on request."""

    def __init__(self, store: RequestStore) -> None:
        self._store = store
        self.done = asyncio.Event()
        self.fails = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def insert(
        self,
        request: Request,
        idempotency: Idempotency | None = None,
        *,
        before_commit: Callable[[], None] = lambda: None,
    ) -> Request:
        def written() -> None:
            before_commit()
            if self.fails:
                raise StorageFull("the disk is full")

        try:
            stored = await self._store.insert(request, idempotency, before_commit=written)
        except StorageFull:
            await self.done.wait()
            raise
        await self.done.wait()
        return stored


@dataclass
class Parts:
    engine: SteppedEngine
    store: SlowDisk
    registry: RequestRegistry
    clips: Path


@asynccontextmanager
async def open_parts(folder: Path) -> AsyncIterator[Parts]:
    database = await WorkerDatabase.open(f"sqlite:///{folder / 'worker.db'}")
    storage, engine, wake = ClipStorage(folder / "clips", 2**30), SteppedEngine(), asyncio.Event()
    storage.open(())
    store = SlowDisk(database.requests)
    registry = RequestRegistry(store, wake=wake, owed=asyncio.Event(), clock=AutoClock(), max_queue=10)
    loop = RenderLoop(engine, registry, storage, wake=wake, clock=AutoClock())
    task = asyncio.create_task(loop.run())
    await loop.loaded.wait()
    try:
        yield Parts(engine, store, registry, folder / "clips")
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        engine.run_free()
        await loop.wait_for_engine(10)
        await database.close()


def request(name: str) -> Request:
    generation = GenerationRequest(prompt="a fox", seed=7, num_frames=2, num_inference_steps=3)
    return Request(name, "kid", Endpoint.STANDARD, generation, NOW)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(40):
        while not holds():
            await asyncio.sleep(0.001)


async def stored(parts: Parts) -> list[Request]:
    """The open requests, once one is written: a clip may be ready before."""
    async with asyncio.timeout(40):
        while not (found := await parts.store.open_requests()):
            await asyncio.sleep(0.001)
    return list(found)


def clips(parts: Parts) -> list[Path]:
    return [path for path in parts.clips.iterdir() if path.stat().st_size]


async def test_its_clip_may_be_ready_before_it_is_stored_and_it_completes_only_then(tmp_path: Path) -> None:
    async with open_parts(tmp_path) as parts:
        submitting = asyncio.create_task(parts.registry.submit(request("a")))
        await until(lambda: clips(parts))
        assert not submitting.done()
        assert [each.state for each in await stored(parts)] == [RequestState.IN_PROGRESS]
        parts.store.done.set()
        live = await submitting
        await until(lambda: live.request.state is RequestState.COMPLETED)
        assert live.request.outcome.seed == 7  # type: ignore[union-attr]


@pytest.mark.parametrize("how", ["the disk fails", "the caller leaves"])
async def test_what_is_not_stored_leaves_neither_a_render_nor_a_clip(tmp_path: Path, how: str) -> None:
    async with open_parts(tmp_path) as parts:
        parts.store.fails = how == "the disk fails"
        submitting = asyncio.create_task(parts.registry.submit(request("a")))
        await until(lambda: clips(parts))
        if how == "the caller leaves":
            submitting.cancel()
        else:
            parts.store.done.set()
        with pytest.raises((StorageFull, asyncio.CancelledError)):
            await submitting
        await until(lambda: not list(parts.clips.iterdir()))
        assert parts.registry.open_requests == ()
        parts.store.fails = False
        parts.store.done.set()
        live = await parts.registry.submit(request("b"))
        await until(lambda: live.request.state is RequestState.COMPLETED)
        assert len(clips(parts)) == 1


async def test_a_known_key_begins_no_second_render(tmp_path: Path) -> None:
    key = Idempotency("job-1", "digest")
    async with open_parts(tmp_path) as parts:
        parts.store.done.set()
        first = await parts.registry.submit(request("a"), key)
        await until(lambda: first.request.state is RequestState.COMPLETED)
        assert await parts.registry.submit(request("b"), key) is first
        assert parts.engine.begun == ["a fox"]
