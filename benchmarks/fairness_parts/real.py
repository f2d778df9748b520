"""The real bot core and the real worker in one process, around an engine that only sleeps."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from roundtrip_parts.worker import KEY, SleepingEngine, SleepRender

from bot.composition import App, Role, open_app
from bot.settings import load_settings
from generation.domain.job import Job
from generation.domain.refs import ChannelRef, Platform, ServerRef, UserRef
from generation.protocol.clock import SystemClock
from generation.protocol.request import GenerationRequest
from generation.service import SubmitContext
from worker.api.app import build_app
from worker.api.server import http_server
from worker.engine import EngineInfo, Frames, Render
from worker.process.assemble import open_parts
from worker.process.listener import listen, url_of
from worker.settings import WorkerSettings

STEPS = 5
FLOOD = ("server 0", "the flood")
OPEN = {
    "user_active_jobs": 1000,
    "user_clips_per_day": None,
    "server_clips_per_day": None,
    "server_active_jobs": 10_000,
}


@dataclass(frozen=True)
class Scene:
    """One member asks for ``flood`` clips at once, ``others`` members of four servers for one each
    while those render. The engine has ``places``, a clip takes ``seconds``."""

    flood: int
    others: int
    places: int
    seconds: float

    def arrivals(self, seed: int) -> list[tuple[float, str, str]]:
        """When the others ask, in seconds from the start: server and member."""
        chance = random.Random(seed)
        whole = self.flood * self.seconds / self.places
        return sorted(
            (chance.uniform(0.05, 0.6) * whole, f"server {number % 4}", f"member {number}")
            for number in range(self.others)
        )


@dataclass(frozen=True)
class Outcome:
    """What each waited until its render began, and how long all took together, in seconds."""

    others: list[float]
    flood: list[float]
    took: float


class SlotEngine(SleepingEngine):
    """As many renders at once as it has slots; each takes as long as it would alone."""

    def __init__(self, places: int, step_seconds: float) -> None:
        super().__init__(step_seconds)
        self.max_active = places
        self._picture = np.zeros((2, 64, 64, 3), np.uint8)

    def finish(self, render: Render) -> Frames:
        assert isinstance(render, SleepRender)
        return self._picture


async def run(scene: Scene, folder: Path, *, is_fair: bool, seed: int = 1) -> Outcome:
    """The scene, once. Not fair: all are one member, so that who asked first is served first."""
    async with _worker(scene, folder / "worker") as url, _bot(folder / "bot", url) as app:
        # what the bot asks first of all
        while app.schedule.places.known("worker") is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        asked: dict[bool, list[Job]] = {True: [], False: []}
        began = asyncio.get_running_loop().time()

        async def ask(server: str, member: str) -> None:
            is_flood = (server, member) == FLOOD
            lane = (server, member) if is_fair else FLOOD
            number = len(asked[True]) + len(asked[False])
            asked[is_flood].append(await _submit(app, *lane, number))

        for _ in range(scene.flood):
            await ask(*FLOOD)
        for at, server, member in scene.arrivals(seed):
            await asyncio.sleep(max(0.0, began + at - asyncio.get_running_loop().time()))
            await ask(server, member)
        ended = [await _ended(app, job) for job in (*asked[True], *asked[False])]
        took = asyncio.get_running_loop().time() - began
    waited = {job.id: _waited(job) for job in ended}
    others, flood = ([waited[job.id] for job in asked[is_flood]] for is_flood in (False, True))
    return Outcome(others, flood, took)


@asynccontextmanager
async def _worker(scene: Scene, folder: Path) -> AsyncIterator[str]:
    folder.mkdir(parents=True)  # noqa: ASYNC240
    settings = WorkerSettings(data_dir=folder, port=0, key=KEY)  # type: ignore[arg-type]
    engine = SlotEngine(scene.places, scene.seconds / STEPS)
    with contextlib.closing(listen(settings)) as listener:
        url = url_of(listener, settings)
        info = EngineInfo(engine.name, "a benchmark")
        async with open_parts(settings, engine, info, address=url, clock=SystemClock()) as parts:
            server = http_server(build_app(parts), settings)
            serving = asyncio.create_task(server.serve([listener]))
            rendering = asyncio.create_task(parts.render_loop.run())
            await server.up.wait()
            await parts.render_loop.loaded.wait()
            try:
                yield url
            finally:
                parts.close_streams()
                server.should_exit = True
                rendering.cancel()
                await asyncio.wait([serving, rendering])
                await parts.render_loop.wait_for_engine(5)


@asynccontextmanager
async def _bot(folder: Path, url: str) -> AsyncIterator[App]:
    settings = load_settings(
        data_dir=folder, worker_url=url, worker_key=KEY, default_limits=OPEN, backends="worker"
    )
    async with open_app(settings, Role("bench")) as app:
        running = asyncio.create_task(app.dispatcher.run())
        try:
            yield app
        finally:
            app.dispatcher.stop()
            await running


async def _submit(app: App, server: str, member: str, number: int) -> Job:
    channel = ChannelRef(ServerRef(Platform.DISCORD, server), "1")
    request = GenerationRequest.model_validate(
        {
            "prompt": "a boat",
            "seed": number,
            "num_frames": 2,
            "num_inference_steps": STEPS,
            "video_size": {"width": 64, "height": 64},
        }
    )
    context = SubmitContext(f"{number}", UserRef(Platform.DISCORD, member), channel)
    return await app.service.submit(request, context)


async def _ended(app: App, job: Job) -> Job:
    while True:
        found = await app.ports.store.job(job.id)
        assert found is not None
        if found.status.is_final:
            return found
        await asyncio.sleep(0.05)


def _waited(job: Job) -> float:
    assert job.started_at is not None, f"{job.id} was not rendered: {job.failure}"
    return (job.started_at - job.created_at).total_seconds()
