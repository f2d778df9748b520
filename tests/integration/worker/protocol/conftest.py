"""A worker with a request in every state that there is: what the protocol's tables are held against, row by row."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from doubles.worker.engine import SteppedEngine
from generation.protocol.wire import RequestState
from worker.engine import NonFiniteLatents, OutOfMemory
from workers import APP, INPUT, STANDARD, Worker, open_worker

KEYS = "mine:s1,theirs:s2"
UNKNOWN_ID = "11111111-2222-3333-4444-555555555555"


@dataclass
class Scene:
    """The worker, and the ids of its requests by what became of them."""

    worker: Worker
    requests: dict[str, str]

    async def ask(self, name: str, tail: str = "", method: str = "GET", **headers: str) -> httpx.Response:
        """What the worker answers about that request."""
        return await self.worker.http.request(method, f"{APP}/requests/{self.requests[name]}{tail}", headers=headers)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """One request finished, one running, two waiting, and one for every way to fail; and one that never was."""
    lost = await _interrupted_twice(tmp_path)
    engine = SteppedEngine(
        refusals={"refused": "This engine cannot do that."},
        failures={"broken": RuntimeError("a secret"), "large": OutOfMemory("9 GB"), "empty": NonFiniteLatents("NaN")},
    )
    async with open_worker(tmp_path, engine, key=KEYS) as worker:
        worker.http.headers["authorization"] = "Key mine:s1"
        requests = {"unknown": UNKNOWN_ID, "lost": lost}
        for name in ("finished", *engine.refusals, *engine.failures):
            requests[name] = await worker.submit(prompt=name)
            await worker.completed(requests[name], "mine")
        engine.gated = True
        requests["running"] = await worker.submit(prompt="running")
        await worker.reaches(requests["running"], RequestState.IN_PROGRESS, owner="mine")
        await _end_before_they_began(worker, requests)
        requests["second"] = await worker.submit(prompt="second")
        theirs = await worker.http.post(STANDARD, json=INPUT, headers={"authorization": "Key theirs:s2"})
        requests["theirs"] = theirs.json()["request_id"]
        yield Scene(worker, requests)


async def _interrupted_twice(folder: Path) -> str:
    """A request that was running, and must not run again, when its worker died."""
    async with open_worker(folder, SteppedEngine(gated=True), key=KEYS) as worker:
        headers = {"authorization": "Key mine:s1", "x-fal-no-retry": "1"}
        request_id = (await worker.http.post(STANDARD, json=INPUT, headers=headers)).json()["request_id"]
        await worker.reaches(request_id, RequestState.IN_PROGRESS, owner="mine")
        await worker.stop()
    return str(request_id)


async def _end_before_they_began(worker: Worker, requests: dict[str, str]) -> None:
    """One is cancelled while it waits; one waits longer than its caller does, which shows when the next one comes."""
    requests["cancelled"] = await worker.submit(prompt="cancelled")
    await worker.http.put(f"{APP}/requests/{requests['cancelled']}/cancel")
    late = await worker.http.post(STANDARD, json=INPUT, headers={"x-fal-request-timeout": "30"})
    requests["late"] = late.json()["request_id"]
    worker.clock.advance(31)
    requests["first"] = await worker.submit(prompt="first")
    await worker.completed(requests["late"], "mine")
