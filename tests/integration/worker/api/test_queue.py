"""Submit, status, result and cancel, as fal's clients know them."""

from pathlib import Path

import pytest

from doubles.clock import settle
from doubles.worker.engine import SteppedEngine
from generation.protocol.wire import RequestState
from workers import APP, INPUT, STANDARD, TURBO, open_worker


async def test_a_request_goes_from_submit_to_a_clip(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        answer = await worker.http.post(STANDARD, json=INPUT)
        request_id = answer.json()["request_id"]
        base = f"http://127.0.0.1:8650{APP}/requests/{request_id}"
        assert (answer.status_code, answer.headers["x-fal-request-id"]) == (200, request_id)
        assert answer.json() == {
            "status": "IN_QUEUE",
            "request_id": request_id,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
            "logs": None,
            "metrics": {},
            "queue_position": 0,
        }
        await worker.completed(request_id)
        result = await worker.http.get(base)
        assert (result.status_code, result.headers["content-type"]) == (200, "application/json")
        assert result.headers["x-fal-request-id"] == request_id
        assert result.headers["x-flipbook-engine"] == "preview"
        video = result.json()["video"]
        clip = await worker.http.get(video["url"])
        assert result.json() == {
            "video": {
                "url": video["url"],
                "content_type": "video/mp4",
                "file_name": f"{request_id}.mp4",
                "file_size": len(clip.content),
            },
            "seed": 7,
        }
        assert clip.content[4:8] == b"ftyp"


async def test_both_endpoints_have_their_own_defaults(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        kept = []
        for path in (STANDARD, TURBO):
            answer = await worker.http.post(path, json={"prompt": "a fox"})
            generation = (await worker.live(answer.json()["request_id"])).request.input
            assert generation is not None
            kept.append(
                (
                    generation.num_inference_steps,
                    generation.guidance_scale,
                    generation.num_frames,
                    generation.fps,
                    generation.motions,
                )
            )
        assert kept == [(25, 7.5, 16, 8, ()), (4, 1, 16, 8, ())]


async def test_a_seed_left_out_is_drawn_at_submit_and_told_with_the_result(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        request_id = await worker.submit(seed=None)
        live = await worker.completed(request_id)
        result = await worker.http.get(f"{APP}/requests/{request_id}")
        assert live.request.input is not None
        assert result.json()["seed"] == live.request.input.seed


async def test_unknown_fields_are_passed_over(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        request_id = await worker.submit(sync_mode=True, enable_safety_checker=False, video_size={"width": 64, "x": 1})
        live = await worker.completed(request_id)
        assert live.request.input is not None
        assert live.request.input.pixels == (64, 512)


async def test_status_says_where_a_request_stands(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine) as worker:
        first, second, third = [await worker.submit() for _ in range(3)]
        await worker.reaches(first, RequestState.IN_PROGRESS)
        statuses = [await worker.http.get(f"{APP}/requests/{id_}/status") for id_ in (first, second, third)]
        seen = [(s.status_code, s.json()["status"], s.json().get("queue_position"), s.json()["logs"]) for s in statuses]
        assert seen == [
            (202, "IN_PROGRESS", None, None),
            (202, "IN_QUEUE", 0, None),
            (202, "IN_QUEUE", 1, None),
        ]
        engine.run_free()
        await worker.completed(third)
        done = await worker.http.get(f"{APP}/requests/{third}/status")
        assert (done.status_code, done.json()["status"], done.json()["metrics"]) == (
            200,
            "COMPLETED",
            {"inference_time": 0.0},
        )


@pytest.mark.parametrize("query", ["logs=1", "logs=true", "logs=True"])
async def test_logs_are_a_list_when_asked_for_even_in_the_queue(tmp_path: Path, query: str) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        request_id = await worker.submit()
        status = await worker.http.get(f"{APP}/requests/{request_id}/status?{query}")
        assert status.json()["logs"] == []


@pytest.mark.parametrize("query", ["", "logs=0", "logs=false", "logs=yes"])
async def test_logs_are_null_when_not_asked_for(tmp_path: Path, query: str) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        request_id = await worker.submit()
        status = await worker.http.get(f"{APP}/requests/{request_id}/status?{query}")
        assert status.json()["logs"] is None


async def test_polled_logs_are_cumulative_with_a_line_per_step(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine) as worker:
        request_id = await worker.submit(num_inference_steps=4)
        engine.allow(2)
        await worker.reaches(request_id, RequestState.IN_PROGRESS, logs=2)
        status = (await worker.http.get(f"{APP}/requests/{request_id}/status?logs=1")).json()
        engine.run_free()
        await worker.completed(request_id)
        later = (await worker.http.get(f"{APP}/requests/{request_id}/status?logs=1")).json()
        assert later["logs"][:2] == status["logs"]
        assert [entry["labels"] for entry in later["logs"]] == [{"step": str(n), "steps": "4"} for n in (1, 2, 3, 4)]
        entry = later["logs"][1]
        assert entry["message"].startswith(" 50%|█████     | 2/4 [00:00<")
        assert {**entry, "message": ""} == {
            "message": "",
            "level": "STDERR",
            "source": "USER",
            "timestamp": "2026-11-20T12:00:00.000000",
            "labels": {"step": "2", "steps": "4"},
        }


async def test_every_form_of_a_requests_path_is_served(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        request_id = await worker.submit()
        await worker.completed(request_id)
        base_urls = [
            f"{prefix}{app}/requests/{request_id}" for prefix in ("", "/queue") for app in (APP, STANDARD, TURBO)
        ]
        results = [
            await worker.http.get(base + tail) for base in base_urls for tail in ("", "/", "/response", "/response/")
        ]
        statuses = [await worker.http.get(base + tail) for base in base_urls for tail in ("/status", "/status/")]
        streams = [await worker.http.get(base + tail) for base in base_urls for tail in ("/status/stream",)]
        codes = {answer.status_code for answer in (*results, *statuses, *streams)}
        assert codes == {200}
        assert len({result.json()["video"]["url"] for result in results}) == 1


async def test_a_submission_under_queue_gets_its_urls_under_queue(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        answer = (await worker.http.post(f"/queue{TURBO}/", json=INPUT)).json()
        assert answer["status_url"] == f"http://127.0.0.1:8650/queue{APP}/requests/{answer['request_id']}/status"


async def test_a_public_url_stands_before_every_address(tmp_path: Path) -> None:
    async with open_worker(tmp_path, public_url="https://gpu.example.org/flip") as worker:
        answer = (await worker.http.post(STANDARD, json=INPUT)).json()
        await worker.completed(answer["request_id"])
        result = (await worker.http.get(f"{APP}/requests/{answer['request_id']}")).json()
        assert answer["cancel_url"].startswith(f"https://gpu.example.org/flip{APP}/requests/")
        assert result["video"]["url"].startswith("https://gpu.example.org/flip/files/")


async def test_a_result_asked_for_too_early_is_a_400(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        request_id = await worker.submit()
        result = await worker.http.get(f"{APP}/requests/{request_id}")
        assert (result.status_code, result.json(), result.headers["x-fal-request-id"]) == (
            400,
            {"detail": "Request is still in progress"},
            request_id,
        )


async def test_an_unknown_request_is_a_404_in_the_words_of_its_operation(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        base = f"{APP}/requests/11111111-2222-3333-4444-555555555555"
        status = await worker.http.get(f"{base}/status")
        stream = await worker.http.get(f"{base}/status/stream")
        cancel = await worker.http.put(f"{base}/cancel")
        result = await worker.http.get(base)
        assert [(a.status_code, a.json()) for a in (status, stream, cancel, result)] == [
            (404, {"status": "NOT_FOUND"}),
            (404, {"status": "NOT_FOUND"}),
            (404, {"status": "NOT_FOUND"}),
            (404, {"detail": "Request not found"}),
        ]
        assert all(answer.headers["x-fal-request-id"] for answer in (status, stream, cancel, result))


async def test_cancelling_a_queued_request_ends_it(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        kept, request_id = await worker.submit(), await worker.submit()
        base = f"{APP}/requests/{request_id}"
        cancel = await worker.http.put(f"{base}/cancel")
        assert (cancel.status_code, cancel.json()) == (202, {"status": "CANCELLATION_REQUESTED"})
        status = await worker.http.get(f"{base}/status")
        assert (status.status_code, status.json()["error"], status.json()["error_type"]) == (
            200,
            "Request was cancelled",
            "client_cancelled",
        )
        result = await worker.http.get(base)
        assert (result.status_code, result.json(), result.headers["x-fal-error-type"]) == (
            499,
            {"detail": "Request was cancelled", "error_type": "client_cancelled"},
            "client_cancelled",
        )
        again = await worker.http.put(f"{base}/cancel")
        assert (again.status_code, again.json()) == (400, {"status": "ALREADY_COMPLETED"})
        assert [live.request.id for live in worker.parts.registry.open_requests] == [kept]


async def test_cancelling_a_running_request_lets_it_go_between_two_steps(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine) as worker:
        request_id, following = await worker.submit(), await worker.submit(prompt="the next one")
        engine.allow(1)
        await worker.reaches(request_id, RequestState.IN_PROGRESS, logs=1)
        cancels = [await worker.http.put(f"{APP}/requests/{request_id}/cancel") for _ in range(2)]
        assert [(c.status_code, c.json()) for c in cancels] == [(202, {"status": "CANCELLATION_REQUESTED"})] * 2
        await settle()
        engine.allow(1)
        live = await worker.completed(request_id)
        engine.run_free()
        await worker.completed(following)
        assert (live.request.outcome.error_type, len(live.logs)) == ("client_cancelled", 2)
        assert engine.begun == [INPUT["prompt"], "the next one"]


async def test_cancelling_a_finished_request_changes_nothing(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        request_id = await worker.submit()
        await worker.completed(request_id)
        cancel = await worker.http.put(f"{APP}/requests/{request_id}/cancel")
        result = await worker.http.get(f"{APP}/requests/{request_id}")
        assert (cancel.status_code, cancel.json(), result.status_code) == (400, {"status": "ALREADY_COMPLETED"}, 200)


async def test_the_same_idempotency_key_gives_the_same_request(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        headers = {"Idempotency-Key": "job-1"}
        first = (await worker.http.post(STANDARD, json=INPUT, headers=headers)).json()
        reordered = dict(reversed(INPUT.items()))
        second = (await worker.http.post(STANDARD, json=reordered, headers=headers)).json()
        await worker.completed(first["request_id"])
        third = (await worker.http.post(f"{STANDARD}/", json=INPUT, headers=headers)).json()
        assert {first["request_id"], second["request_id"], third["request_id"]} == {first["request_id"]}
        assert worker.engine.begun == [INPUT["prompt"]]


async def test_the_same_idempotency_key_for_something_else_is_a_409(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        headers = {"Idempotency-Key": "job-1"}
        await worker.http.post(STANDARD, json=INPUT, headers=headers)
        other_body = await worker.http.post(STANDARD, json={**INPUT, "seed": 8}, headers=headers)
        other_endpoint = await worker.http.post(TURBO, json=INPUT, headers=headers)
        detail = {"detail": "This Idempotency-Key was used for another request before"}
        assert [(a.status_code, a.json()) for a in (other_body, other_endpoint)] == [(409, detail), (409, detail)]
        assert len(worker.parts.registry.queue) == 1


async def test_a_full_queue_is_a_429_but_not_for_what_it_holds_already(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False, max_queue=2) as worker:
        headers = {"Idempotency-Key": "job-1"}
        first = await worker.http.post(STANDARD, json=INPUT, headers=headers)
        await worker.submit()
        refused = await worker.http.post(STANDARD, json=INPUT)
        again = await worker.http.post(STANDARD, json=INPUT, headers=headers)
        assert (refused.status_code, refused.json(), refused.headers["retry-after"]) == (
            429,
            {"detail": "The queue is full: more than 1 requests are waiting"},
            "5",
        )
        assert again.json()["request_id"] == first.json()["request_id"]


async def test_a_caller_may_refuse_to_join_a_long_queue(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        codes = [(await worker.http.post(f"{STANDARD}?fal_max_queue_length=1", json=INPUT)).status_code for _ in "abc"]
        assert codes == [200, 200, 429]


async def test_a_request_that_could_not_start_in_time_has_timed_out(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine) as worker:
        running = await worker.submit()
        await worker.reaches(running, RequestState.IN_PROGRESS)
        answer = await worker.http.post(STANDARD, json=INPUT, headers={"X-Fal-Request-Timeout": "30.0"})
        request_id = answer.json()["request_id"]
        worker.clock.advance(31)
        engine.run_free()
        await worker.completed(request_id)
        status = await worker.http.get(f"{APP}/requests/{request_id}/status")
        result = await worker.http.get(f"{APP}/requests/{request_id}")
        assert (status.status_code, status.json()["error_type"]) == (200, "request_timeout")
        assert (result.status_code, result.json()["error_type"]) == (504, "request_timeout")
        assert result.headers["x-fal-request-timeout-type"] == "user"
        assert result.headers["x-fal-error-type"] == "request_timeout"


async def test_low_priority_lets_others_pass(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine) as worker:
        running = await worker.submit(prompt="running")
        await worker.reaches(running, RequestState.IN_PROGRESS)
        low = await worker.http.post(STANDARD, json={**INPUT, "prompt": "low"}, headers={"X-Fal-Queue-Priority": "low"})
        normal = await worker.submit(prompt="normal")
        statuses = [
            (await worker.http.get(f"{APP}/requests/{id_}/status")).json()["queue_position"]
            for id_ in (low.json()["request_id"], normal)
        ]
        engine.run_free()
        await worker.completed(low.json()["request_id"])
        assert (statuses, engine.begun) == ([1, 0], ["running", "normal", "low"])
