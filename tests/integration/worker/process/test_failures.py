"""How requests end that do not end in a clip, and that no such end touches another request."""

from pathlib import Path

import pytest

from doubles.worker.engine import SteppedEngine
from generation.protocol.wire import RequestState
from worker.engine import DeviceLost, NonFiniteLatents, OutOfMemory
from workers import APP, INPUT, STANDARD, Worker, open_worker


async def outcome(worker: Worker, request_id: str) -> tuple[object, ...]:
    """Status code and error of the status, then status code and body of the result."""
    await worker.completed(request_id)
    status = await worker.http.get(f"{APP}/requests/{request_id}/status")
    result = await worker.http.get(f"{APP}/requests/{request_id}")
    body = status.json()
    return status.status_code, body["status"], body["error"], body["error_type"], result.status_code, result.json()


async def test_an_input_out_of_bounds_is_refused_with_what_fals_runner_says(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        answer = await worker.http.post(STANDARD, json={**INPUT, "num_frames": 99})
        item = {
            "loc": ["body", "num_frames"],
            "msg": "Input should be less than or equal to 32",
            "type": "less_than_equal",
            "url": "https://docs.fal.ai/errors/#less_than_equal",
            "ctx": {"le": 32},
            "input": 99,
        }
        assert (answer.status_code, answer.json()) == (422, {"detail": [item]})
        assert answer.headers["x-fal-billable-units"] == "0"


@pytest.mark.parametrize(
    ("field", "value", "loc", "kind"),
    [
        ("prompt", None, ["body", "prompt"], "string_type"),
        ("prompt", "  ", ["body", "prompt"], "string_too_short"),
        ("prompt", "x" * 10_000, ["body", "prompt"], "string_too_long"),
        ("prompt", "a\u0007b", ["body", "prompt"], "value_error"),
        ("negative_prompt", "x" * 2001, ["body", "negative_prompt"], "string_too_long"),
        ("num_frames", 0, ["body", "num_frames"], "greater_than_equal"),
        ("num_frames", "many", ["body", "num_frames"], "int_parsing"),
        ("num_frames", 10**30, ["body", "num_frames"], "less_than_equal"),
        ("num_inference_steps", 51, ["body", "num_inference_steps"], "less_than_equal"),
        ("guidance_scale", 20.5, ["body", "guidance_scale"], "less_than_equal"),
        ("seed", -1, ["body", "seed"], "greater_than_equal"),
        ("fps", 31, ["body", "fps"], "less_than_equal"),
        ("motions", ["zoom-in", "roll"], ["body", "motions", 1], "enum"),
        ("motions", ["zoom-in"] * 1000, ["body", "motions"], "too_long"),
        ("video_size", "huge", ["body", "video_size"], "enum"),
        ("video_size", {"width": 511}, ["body", "video_size", "width"], "multiple_of"),
        ("video_size", {"width": 1536, "height": 1536}, ["body", "video_size"], "value_error"),
    ],
)
async def test_each_field_out_of_bounds_is_named(
    tmp_path: Path, field: str, value: object, loc: list[object], kind: str
) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        result = await worker.http.post(STANDARD, json={**INPUT, field: value})
        items = result.json()["detail"]
        assert (result.status_code, [(item["loc"], item["type"]) for item in items]) == (422, [(loc, kind)])
        assert len(result.content) < 1000


async def test_a_missing_prompt_is_named(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        result = await worker.http.post(STANDARD, json={})
        assert result.json() == {
            "detail": [
                {
                    "loc": ["body", "prompt"],
                    "msg": "Field required",
                    "type": "missing",
                    "url": "https://docs.fal.ai/errors/#missing",
                    "input": {},
                }
            ]
        }


async def test_what_the_engine_refuses_is_a_422(tmp_path: Path) -> None:
    async with open_worker(tmp_path, SteppedEngine(refusals={"turbo please": "This engine has no turbo."})) as worker:
        request_id = await worker.submit(prompt="turbo please")
        item = {
            "loc": ["body"],
            "msg": "This engine has no turbo.",
            "type": "feature_not_supported",
            "url": "https://docs.fal.ai/errors/#feature_not_supported",
        }
        ended = await outcome(worker, request_id)
        assert ended == (200, "COMPLETED", "Invalid status code: 422", "bad_request", 422, {"detail": [item]})


@pytest.mark.parametrize(
    ("error", "error_type", "code", "detail"),
    [
        (OutOfMemory("24 frames need 30 GB"), "runner_scheduling_failure", 500, "Out of memory: 24 frames need 30 GB"),
        (ZeroDivisionError("secret detail"), "runner_server_error", 500, "Internal Server Error"),
    ],
)
@pytest.mark.parametrize("when", ["failures", "raised", "late_failures"])
async def test_a_failed_render_is_told_and_the_next_one_is_rendered(
    tmp_path: Path, error: Exception, error_type: str, code: int, detail: str, when: str
) -> None:
    async with open_worker(tmp_path, SteppedEngine(**{when: {"bad": error}})) as worker:
        bad, good = await worker.submit(prompt="bad"), await worker.submit(prompt="good")
        body = {"detail": detail, "error_type": error_type}
        assert await outcome(worker, bad) == (200, "COMPLETED", detail, error_type, code, body)
        assert (await worker.completed(good)).request.outcome.seed == 7


async def test_numbers_that_ran_away_are_no_clip(tmp_path: Path) -> None:
    async with open_worker(tmp_path, SteppedEngine(failures={"bad": NonFiniteLatents("NaN at step 3")})) as worker:
        request_id = await worker.submit(prompt="bad")
        await worker.completed(request_id)
        result = await worker.http.get(f"{APP}/requests/{request_id}")
        assert (result.status_code, result.json()["detail"][0]["type"]) == (422, "no_media_generated")


@pytest.mark.parametrize("when", ["failures", "raised"])
async def test_a_failure_inside_a_group_leaves_the_others_alone(tmp_path: Path, when: str) -> None:
    engine = SteppedEngine(max_active=3, gated=True, **{when: {"bad": RuntimeError("boom")}})
    async with open_worker(tmp_path, engine) as worker:
        requests = [await worker.submit(prompt=prompt, seed=seed) for seed, prompt in enumerate(("a", "bad", "b"))]
        for request_id in requests:
            await worker.reaches(request_id, RequestState.IN_PROGRESS)
        engine.run_free()
        lives = [await worker.completed(request_id) for request_id in requests]
        assert [type(live.request.outcome).__name__ for live in lives] == ["StoredClip", "RequestFailure", "StoredClip"]


async def test_a_lost_device_ends_the_loop_and_costs_an_attempt(tmp_path: Path) -> None:
    async with open_worker(tmp_path, SteppedEngine(raised={"bad": DeviceLost("the GPU fell off")})) as worker:
        request_id = await worker.submit(prompt="bad")
        assert worker.loop_task is not None
        await worker.loop_task
        assert [type(error) for error in worker.errors] == [DeviceLost]
        worker.errors.clear()
        live = await worker.live(request_id)
        assert (live.request.state, live.request.attempts) == (RequestState.IN_PROGRESS, 1)


async def test_no_room_on_disk_refuses_new_requests_with_a_sentence(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False, max_disk_bytes=64 * 2**20) as worker:
        (tmp_path / "clips" / "large").write_bytes(b"\0" * (61 * 2**20))
        worker.parts.storage.open(())
        refused = await worker.http.post(STANDARD, json=INPUT)
        assert (refused.status_code, refused.json()) == (
            503,
            {"detail": "The worker's disk is full; it takes no new requests."},
        )
        assert len(worker.parts.registry.queue) == 0


async def test_a_clip_that_finds_no_room_is_a_failure_with_a_sentence(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine, max_disk_bytes=64 * 2**20) as worker:
        request_id = await worker.submit()
        await worker.reaches(request_id, RequestState.IN_PROGRESS)
        (tmp_path / "clips" / "large").write_bytes(b"\0" * (64 * 2**20))
        worker.parts.storage.open(())
        engine.run_free()
        sentence = "The worker's disk is full; the clip could not be kept"
        assert await outcome(worker, request_id) == (
            200,
            "COMPLETED",
            sentence,
            "internal_error",
            500,
            {"detail": sentence, "error_type": "internal_error"},
        )
