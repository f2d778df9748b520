"""Fetching a clip and keeping it: nothing is left in the staging folder, however it ends."""

import asyncio
from pathlib import Path

import pytest

from clips import clip
from doubles.backends.queue_backend import WORKER, worker
from doubles.backends.scripted_queue import Reply, ScriptedQueue
from factories import a_job
from generation.artifacts import ObjectArtifacts
from generation.lifecycle.fetching import ClipFetcher
from generation.ports import BackendClip

URL = f"{WORKER}/files/a.mp4"


async def fetched(folder: Path, body: bytes) -> None:
    queue = ScriptedQueue()
    queue.on(f"GET {URL.removeprefix(WORKER)}", Reply(200, body))
    fetcher = ClipFetcher(ObjectArtifacts(folder / "kept"), folder / "staging")
    async with worker(queue) as backend:
        await fetcher.fetch(a_job(), backend, BackendClip(URL))


@pytest.mark.parametrize("steps", range(0, 40, 2))
async def test_a_fetch_cancelled_at_any_moment_leaves_nothing_in_staging(tmp_path: Path, steps: int) -> None:
    (tmp_path / "staging").mkdir()
    fetching = asyncio.ensure_future(fetched(tmp_path, clip()))
    for _ in range(steps):
        await asyncio.to_thread(int)
    fetching.cancel()
    await asyncio.gather(fetching, return_exceptions=True)
    assert list((tmp_path / "staging").iterdir()) == []
