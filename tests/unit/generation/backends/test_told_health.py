"""What a worker tells of itself on its health page: whole, partly wrong, or hostile."""

from typing import Any

import pytest

from doubles.backends.queue_backend import worker
from doubles.backends.scripted_queue import Reply, ScriptedQueue
from generation.ports import WorkerHealth


async def test_our_worker_tells_how_it_is(queue: ScriptedQueue) -> None:
    told: dict[str, Any] = {
        "status": "ready",
        "engine": "animatediff",
        "engine_reason": "models",
        "gpu": "NVIDIA H200",
        "places": 4,
    }
    told |= {"memory": {"total": 9, "free": 4}, "models": ["base"], "compiling": 2}
    queue.on("GET /health", Reply(200, told | {"version": "1", "queue_length": 5, "active": 3}))
    async with worker(queue) as backend:
        assert await backend.health() == WorkerHealth(
            status="ready",
            engine="animatediff",
            why="models",
            device="NVIDIA H200",
            version="1",
            places=4,
            active=3,
            waiting=5,
            memory_total=9,
            memory_free=4,
            models=("base",),
            compiling=2,
        )


@pytest.mark.parametrize(
    "told",
    [
        {"memory": {"total": -1, "free": 2}, "models": "all", "compiling": [], "gpu": {}, "active": "many"},
        {"memory": 7, "models": [1, None], "compiling": 2**70, "status": None},
        {"models": ["x"] * 1000, "version": 3, "queue_length": -1},
    ],
)
async def test_what_a_worker_tells_wrongly_is_left_out_and_the_rest_kept(
    queue: ScriptedQueue, told: dict[str, Any]
) -> None:
    queue.on("GET /health", Reply(200, told | {"engine": "preview", "engine_reason": "y" * 5000}))
    async with worker(queue) as backend:
        health = await backend.health()
        assert await backend.engine() == "preview"
    assert health is not None
    assert (health.engine, health.why) == ("preview", "y" * 300)
    assert (health.memory_total, health.device, health.active, health.waiting) == (None, None, None, None)
    assert len(health.models) <= 100
