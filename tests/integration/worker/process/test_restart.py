"""What survives the death of a worker: everything that it had said."""

from pathlib import Path

import pytest

from doubles.clock import AutoClock, settle
from doubles.worker.engine import SteppedEngine
from generation.protocol.errors import DatabaseTooNew
from generation.protocol.wire import RequestState
from worker.engine import EngineInfo
from worker.process.assemble import open_parts
from worker.store import WorkerDatabase
from workers import APP, INPUT, STANDARD, open_worker, worker_settings


async def test_queued_requests_are_rendered_by_the_next_worker_in_their_order(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        requests = [await worker.submit(prompt=prompt) for prompt in ("a", "b", "c")]
        await worker.http.put(f"{APP}/requests/{requests[1]}/cancel")
    async with open_worker(tmp_path) as worker:
        await worker.completed(requests[2])
        assert worker.engine.begun == ["a", "c"]


async def test_a_request_that_was_running_is_run_once_more_with_the_same_seed(tmp_path: Path) -> None:
    killed = SteppedEngine(gated=True)
    async with open_worker(tmp_path, killed) as worker:
        request_id = await worker.submit(seed=None)
        killed.allow(1)
        before = await worker.reaches(request_id, RequestState.IN_PROGRESS, logs=1)
        await worker.stop()
    async with open_worker(tmp_path) as worker:
        status = await worker.http.get(f"{APP}/requests/{request_id}/status")
        after = await worker.completed(request_id)
        assert status.json()["status"] in {"IN_QUEUE", "IN_PROGRESS", "COMPLETED"}
        assert (after.request.attempts, after.request.input) == (2, before.request.input)
        assert after.request.outcome.seed == before.request.input.seed


async def test_a_request_that_took_the_worker_down_twice_has_failed(tmp_path: Path) -> None:
    request_id = ""
    for _ in (1, 2):
        async with open_worker(tmp_path, SteppedEngine(gated=True)) as worker:
            request_id = request_id or await worker.submit()
            await worker.reaches(request_id, RequestState.IN_PROGRESS)
            await worker.stop()
    async with open_worker(tmp_path) as worker:
        status = await worker.http.get(f"{APP}/requests/{request_id}/status")
        result = await worker.http.get(f"{APP}/requests/{request_id}")
        sentence = "The worker stopped while it was rendering this request"
        assert (status.status_code, status.json()["status"], status.json()["error"]) == (200, "COMPLETED", sentence)
        assert (result.status_code, result.json()) == (
            500,
            {"detail": sentence, "error_type": "runner_disconnected"},
        )
        assert worker.engine.begun == []


async def test_a_request_that_must_not_run_again_has_failed_at_once(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine) as worker:
        answer = await worker.http.post(STANDARD, json=INPUT, headers={"X-Fal-No-Retry": "true"})
        request_id = answer.json()["request_id"]
        await worker.reaches(request_id, RequestState.IN_PROGRESS)
        await worker.stop()
    async with open_worker(tmp_path) as worker:
        live = await worker.live(request_id)
        assert live.request.outcome.error_type == "runner_disconnected"


async def test_a_worker_told_to_stop_puts_its_renders_back_without_counting_them(tmp_path: Path) -> None:
    for _ in range(3):
        engine = SteppedEngine(gated=True)
        async with open_worker(tmp_path, engine) as worker:
            waiting = worker.parts.registry.open_requests
            request_id = waiting[0].request.id if waiting else await worker.submit()
            await worker.reaches(request_id, RequestState.IN_PROGRESS)
            await worker.stop()
            await worker.parts.render_loop.requeue_all()
    async with open_worker(tmp_path) as worker:
        assert (await worker.completed(request_id)).request.attempts == 1


async def test_what_ran_when_the_worker_died_runs_alone_the_second_time(tmp_path: Path) -> None:
    killed = SteppedEngine(gated=True, max_active=2)
    async with open_worker(tmp_path, killed) as worker:
        requests = [await worker.submit(prompt=prompt) for prompt in ("a", "b", "c", "d")]
        for request_id in requests[:2]:
            await worker.reaches(request_id, RequestState.IN_PROGRESS)
        await worker.stop()
    engine = SteppedEngine(max_active=2)
    async with open_worker(tmp_path, engine) as worker:
        for request_id in requests:
            await worker.completed(request_id)
        assert set(engine.groups) - {("c",), ("d",), ("c", "d"), ("d", "c")} == {("a",), ("b",)}


async def test_a_cancel_that_was_promised_holds_over_a_restart(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine) as worker:
        request_id = await worker.submit()
        await worker.reaches(request_id, RequestState.IN_PROGRESS)
        await worker.http.put(f"{APP}/requests/{request_id}/cancel")
        await settle()
        await worker.stop()
    async with open_worker(tmp_path) as worker:
        result = await worker.http.get(f"{APP}/requests/{request_id}")
        assert (result.status_code, worker.engine.begun) == (499, [])


async def test_results_and_logs_of_finished_requests_are_answered_from_disk(tmp_path: Path) -> None:
    engine = SteppedEngine(refusals={"odd": "This engine cannot do that."})
    async with open_worker(tmp_path, engine) as worker:
        done, wrong = await worker.submit(), await worker.submit(prompt="odd")
        await worker.completed(done)
        await worker.completed(wrong)
        paths = [f"{APP}/requests/{id_}{tail}" for id_ in (done, wrong) for tail in ("", "/status?logs=1")]
        before = [await worker.http.get(path) for path in paths]
        url = before[0].json()["video"]["url"]
        clip = await worker.http.get(url)
    async with open_worker(tmp_path) as worker:
        after = [await worker.http.get(path) for path in paths]
        assert [(a.status_code, a.json()) for a in after] == [(b.status_code, b.json()) for b in before]
        assert [a.headers.get("x-flipbook-engine") for a in after] == ["preview", None, None, None]
        assert (await worker.http.get(url)).content == clip.content


async def test_a_submission_is_found_again_by_its_idempotency_key(tmp_path: Path) -> None:
    headers = {"Idempotency-Key": "job-1"}
    async with open_worker(tmp_path, rendering=False) as worker:
        first = (await worker.http.post(STANDARD, json=INPUT, headers=headers)).json()
    async with open_worker(tmp_path) as worker:
        await worker.completed(first["request_id"])
        again = (await worker.http.post(STANDARD, json=INPUT, headers=headers)).json()
        live = await worker.live(again["request_id"])
        assert (again["request_id"], len(live.logs)) == (first["request_id"], 3)


async def test_files_that_no_result_points_to_are_swept_at_the_start(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        request_id = await worker.submit()
        await worker.completed(request_id)
        kept = {path.name for path in (tmp_path / "clips").iterdir()}
        for unknown in ("x" * 32 + ".mp4", "y" * 32 + ".mp4.part"):
            (tmp_path / "clips" / unknown).write_bytes(b"half")
    async with open_worker(tmp_path):
        assert {path.name for path in (tmp_path / "clips").iterdir()} == kept


async def test_a_database_of_a_newer_worker_is_left_alone(tmp_path: Path) -> None:
    from sqlalchemy import text

    from db.engine import begin_write, close, open_engine

    settings = worker_settings(tmp_path)
    await (await WorkerDatabase.open(settings.database_url)).close()
    engine = open_engine(settings.database_url)
    async with begin_write(engine) as connection:
        await connection.execute(text("UPDATE worker_version SET version_num = '9999'"))
    await close(engine)
    with pytest.raises(DatabaseTooNew):
        async with open_parts(
            settings, SteppedEngine(), EngineInfo("preview", "a test"), address="", clock=AutoClock()
        ):
            pass
