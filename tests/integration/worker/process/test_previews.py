"""A clip has previews while it renders: where the operator wants them, for those who have the URL, and no longer."""

import asyncio
import io
import json
from pathlib import Path

import pytest
from PIL import Image, ImageSequence

from doubles.worker.engine import SteppedEngine
from generation.protocol.wire import RequestState
from worker.engine import DeviceLost
from worker.render.previews import LONGEST_SIDE, MAX_FRAMES
from workers import ADDRESS, APP, Worker, listening, open_worker

EIGHT = {"num_inference_steps": 8, "num_frames": 16, "fps": 8}


async def seen(worker: Worker, request_id: str, step: int) -> str:
    """Wait until a preview after that step is offered; its URL."""
    live = await worker.live(request_id)
    async with asyncio.timeout(40):
        while live.preview is None or live.preview.step < step:
            await live.changed_since(live.version)
    status = (await worker.http.get(f"{APP}/requests/{request_id}/status")).json()
    assert status["look_url"] == f"{ADDRESS}/files/looks/{live.preview.name}?step={step}"
    return str(status["look_url"])


async def test_a_clip_is_seen_at_a_few_steps_and_no_longer_than_it_renders(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path / "w", engine, looks=True) as worker:
        request_id = await worker.submit(**EIGHT)
        engine.allow(1)
        await worker.reaches(request_id, RequestState.IN_PROGRESS, logs=1)
        assert "look_url" not in (await worker.http.get(f"{APP}/requests/{request_id}/status")).json()
        urls = []
        for step in (2, 4, 6):
            engine.allow(step - len((await worker.live(request_id)).logs))
            urls.append(await seen(worker, request_id, step))
        answer = await worker.http.get(urls[0])
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
        assert answer.headers["cache-control"] == "no-store"
        assert len({url.partition("?")[0] for url in urls}) == 1
        engine.run_free()
        await worker.completed(request_id)
        assert "look_url" not in (await worker.http.get(f"{APP}/requests/{request_id}/status")).json()
        assert (await worker.http.get(urls[2])).status_code == 404


async def test_the_picture_moves_as_long_as_the_clip_and_is_as_wide_as_a_stamp(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path / "w", engine, looks=True) as worker:
        request_id = await worker.submit(**EIGHT)
        engine.allow(2)
        picture = (await worker.http.get(await seen(worker, request_id, 2))).content
    with Image.open(io.BytesIO(picture)) as image:
        assert image.size == (LONGEST_SIDE, LONGEST_SIDE)
        lengths = [frame.info["duration"] for frame in ImageSequence.Iterator(image) if frame.load()]
    assert sum(lengths) == pytest.approx(2000, abs=MAX_FRAMES)
    assert len(lengths) == MAX_FRAMES


async def test_there_is_no_preview_unless_the_operator_wants_it(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path / "w", engine) as worker:
        request_id = await worker.submit(**EIGHT)
        engine.allow(6)
        live = await worker.reaches(request_id, RequestState.IN_PROGRESS, logs=6)
        assert live.preview is None
        assert "look_url" not in (await worker.http.get(f"{APP}/requests/{request_id}/status")).json()


async def test_a_stream_sends_a_preview_at_once_even_without_logs(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path / "w", engine, looks=True) as worker, listening(worker) as base:
        request_id = await worker.submit(**EIGHT)
        async with worker.http.__class__(base_url=base) as http:
            stream = http.stream("GET", f"{APP}/requests/{request_id}/status/stream")
            async with asyncio.timeout(40), stream as answer:
                events = (json.loads(line[6:]) async for line in answer.aiter_lines() if line.startswith("data: "))
                event = await anext(events)
                engine.allow(2)
                while "look_url" not in event:
                    event = await anext(events)
                assert event["look_url"].startswith(f"{base}/files/looks/")
                assert event["logs"] is None
        engine.run_free()
        await worker.completed(request_id)


async def test_another_name_shows_nothing(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path / "w", engine, looks=True) as worker:
        request_id = await worker.submit(**EIGHT)
        engine.allow(2)
        url = await seen(worker, request_id, 2)
        for other in (url.replace(".webp", ""), url.replace("/looks/", "/"), f"{ADDRESS}/files/looks/{'A' * 32}.webp"):
            assert (await worker.http.get(other)).status_code == 404


async def test_an_engine_that_cannot_show_its_render_renders_it_all_the_same(tmp_path: Path) -> None:
    engine = SteppedEngine(preview_failures={"a red fox in snow": ValueError("a bug")})
    async with open_worker(tmp_path / "w", engine, looks=True) as worker:
        live = await worker.completed(await worker.submit(**EIGHT))
        assert (await worker.http.get(f"{APP}/requests/{live.request.id}")).status_code == 200


async def test_a_device_that_is_lost_at_a_preview_is_lost(tmp_path: Path) -> None:
    engine = SteppedEngine(preview_failures={"a red fox in snow": DeviceLost("gone")})
    async with open_worker(tmp_path / "w", engine, looks=True) as worker:
        await worker.submit(**EIGHT)
        assert worker.loop_task is not None
        await worker.loop_task
        assert [str(error) for error in worker.errors] == ["gone"]
        worker.errors.clear()
