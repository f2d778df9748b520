"""fal's Python client 1.0.3, unmodified, does with our worker what it does with fal."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from clips import clip
from doubles.http.live_http import http_server
from doubles.worker.engine import SteppedEngine
from generation.protocol.request import Endpoint
from workers import Worker

pytestmark = [pytest.mark.conformance, pytest.mark.parametrize("mode", ["sync", "async"])]

Fal = Callable[..., AbstractAsyncContextManager[Any]]
STEPS = [{"step": str(number), "steps": "3"} for number in (1, 2, 3)]


@pytest.mark.parametrize("endpoint", list(Endpoint))
async def test_subscribe_tells_every_state_with_logs_and_returns_the_clip(
    fal: Fal, engine: SteppedEngine, mode: str, endpoint: Endpoint
) -> None:
    engine.gated = True
    async with fal(mode, "subscribe", endpoint.value) as client:
        seen = [(await client.told())["update"]]
        engine.allow(2)
        while len(seen[-1].get("logs") or ()) < 2:
            seen.append((await client.told())["update"])
        engine.run_free()
        *updates, last = await client.rest()
        seen += [update["update"] for update in updates]
    assert next(update["kind"] for update in seen if update["kind"] != "Queued") == "InProgress"
    assert seen[-1]["kind"] == "Completed"
    assert [entry["labels"] for entry in seen[-1]["logs"]] == STEPS
    assert (seen[-1]["error"], seen[-1]["error_type"]) == (None, None)
    assert (last["result"]["seed"], last["result"]["video"]["content_type"]) == (7, "video/mp4")


async def test_a_handle_watches_and_gets_and_agrees_with_one_made_from_the_request_id(
    fal: Fal, engine: SteppedEngine, mode: str
) -> None:
    engine.gated = True
    async with fal(mode, "handle", Endpoint.TURBO.value) as client:
        assert (await client.told())["request_id"]
        assert await client.told() == {"urls_agree": True}
        assert (await client.told())["status"]["kind"] in {"Queued", "InProgress"}
        engine.run_free()
        client.go_on()
        said = await client.rest()
    events = [line["event"] for line in said if "event" in line]
    results = [line["result"] for line in said if "result" in line]
    statuses = [line["status"] for line in said if "status" in line]
    assert events[-1]["kind"] == "Completed"
    assert [entry["labels"] for entry in statuses[0]["logs"]] == STEPS
    assert results[0] == results[1]
    assert results[0]["seed"] == 7


async def test_a_cancelled_request_is_completed_and_its_result_is_a_499(
    fal: Fal, engine: SteppedEngine, mode: str
) -> None:
    engine.gated = True
    engine.allow(1)
    async with fal(mode, "cancel", Endpoint.STANDARD.value) as client:
        assert await client.told() == {"cancelled": None}
        engine.run_free()
        status, result, again = await client.rest()
    assert status["status"]["kind"] == "Completed"
    assert (status["status"]["error"], status["status"]["error_type"]) == ("Request was cancelled", "client_cancelled")
    assert result == {"error": {"message": "Request was cancelled", "code": 499, "type": "client_cancelled"}}
    assert again["error"]["code"] == 400


async def test_an_input_out_of_bounds_is_refused_at_once(fal: Fal, mode: str) -> None:
    async with fal(mode, "invalid", Endpoint.STANDARD.value) as client:
        (said,) = await client.rest()
    assert said["error"]["code"] == 422
    assert [(item["loc"], item["type"]) for item in said["error"]["message"]] == [
        (["body", "num_frames"], "less_than_equal")
    ]


async def test_what_is_not_there_is_a_404(fal: Fal, mode: str) -> None:
    async with fal(mode, "unknown", Endpoint.STANDARD.value) as client:
        submit, result, status = [line["error"] for line in await client.rest()]
    assert (submit["code"], submit["message"]) == (404, 'Application "flux" not found')
    assert (result["code"], result["message"]) == (404, '{"status":"NOT_FOUND"}')
    assert (status["code"], status["message"]) == (404, '{"status":"NOT_FOUND"}')


@pytest.mark.parametrize("hosts", ["ours", "fal's"])
async def test_run_answers_with_the_result(fal: Fal, fal_by_proxy: Fal, mode: str, hosts: str) -> None:
    start = {"ours": fal, "fal's": fal_by_proxy}[hosts]
    async with start(mode, "run", Endpoint.TURBO.value) as client:
        done, failed = await client.rest()
    assert done["result"]["seed"] == 7
    assert (failed["error"]["code"], failed["error"]["message"][0]["type"]) == (422, "less_than_equal")


async def test_subscribe_works_under_fals_own_host_names(fal_by_proxy: Fal, mode: str) -> None:
    async with fal_by_proxy(mode, "subscribe", Endpoint.STANDARD.value) as client:
        *_, last = await client.rest()
    assert last["result"]["seed"] == 7
    assert last["result"]["video"]["url"].startswith("https://queue.fal.run/files/")


async def test_clips_are_made_from_files_as_fals_page_on_files_says(
    fal_by_proxy: Fal, engine: SteppedEngine, tmp_path: Path, mode: str
) -> None:
    video = tmp_path / "waves.mp4"
    video.write_bytes(clip(24))
    async with fal_by_proxy(mode, "files", str(video)) as client:
        url, uploaded, within, refused = await client.rest()
    assert url["url"].startswith("https://v3.fal.media/files/uploads/")
    assert [said["result"]["seed"] for said in (uploaded, within)] == [7, 7]
    assert [given.shape for given in engine.given] == [(24, 64, 64, 3)] * 2
    (item,) = refused["error"]["message"]
    assert (item["loc"], item["type"]) == (["body", "image_url"], "unsupported_image_format")


async def test_uploads_small_and_in_parts_can_be_read_back(fal_by_proxy: Fal, worker: Worker, mode: str) -> None:
    async with fal_by_proxy(mode, "upload", "101") as client:
        urls = [line["url"] for line in await client.rest()]
    assert [url.split("/")[2] for url in urls] == ["v3.fal.media", "rest.fal.ai", "rest.fal.ai"]
    paths = ["/" + url.split("/", 3)[3] for url in urls]
    small, stored, large = [(await worker.http.get(path)).content for path in paths]
    assert (small, stored) == (b"Hello, World!", b"Hello, World!")
    assert large == bytes(range(256)) * 4096 * 101


async def test_a_webhook_is_called(fal: Fal, worker: Worker, mode: str) -> None:
    calls: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def hook(http: Request) -> Response:
        await calls.put(json.loads(await http.body()))
        return Response()

    delivering = asyncio.create_task(worker.parts.webhooks.run())
    async with http_server(Starlette(routes=[Route("/hook", hook, methods=["POST"])])) as url:
        async with fal(mode, "webhook", f"{url}/hook?x=1&y=2") as client:
            (said,) = await client.rest()
        body = await asyncio.wait_for(calls.get(), 10)
    delivering.cancel()
    await asyncio.wait([delivering])
    assert (body["request_id"], body["status"], body["payload"]["seed"]) == (said["request_id"], "OK", 7)
