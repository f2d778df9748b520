"""fal's Python client 1.0.3, unmodified, does with our worker what it does with fal."""

from collections.abc import Callable
from typing import Any

import pytest

from doubles.engine import SteppedEngine
from generation.request import Endpoint

pytestmark = [pytest.mark.conformance, pytest.mark.parametrize("mode", ["sync", "async"])]

STEPS = [{"step": str(number), "steps": "3"} for number in (1, 2, 3)]


@pytest.mark.parametrize("endpoint", list(Endpoint))
async def test_subscribe_tells_every_state_with_logs_and_returns_the_clip(
    fal: Callable[..., Any], engine: SteppedEngine, mode: str, endpoint: Endpoint
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
    fal: Callable[..., Any], engine: SteppedEngine, mode: str
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
    fal: Callable[..., Any], engine: SteppedEngine, mode: str
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


async def test_an_input_out_of_bounds_fails_when_the_result_is_asked_for(fal: Callable[..., Any], mode: str) -> None:
    async with fal(mode, "invalid", Endpoint.STANDARD.value) as client:
        (said,) = await client.rest()
    assert said["error"]["code"] == 422
    assert [(item["loc"], item["type"]) for item in said["error"]["message"]] == [
        (["body", "num_frames"], "less_than_equal")
    ]


async def test_what_is_not_there_is_a_404(fal: Callable[..., Any], mode: str) -> None:
    async with fal(mode, "unknown", Endpoint.STANDARD.value) as client:
        submit, result, status = [line["error"] for line in await client.rest()]
    assert (submit["code"], submit["message"]) == (404, 'Application "flux" not found')
    assert (result["code"], result["message"]) == (404, '{"status":"NOT_FOUND"}')
    assert (status["code"], status["message"]) == (404, '{"status":"NOT_FOUND"}')
