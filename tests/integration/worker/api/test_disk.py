"""The bound on the disk: it covers the database, no key can fill it with requests that made nothing, and a full disk is
said where people look."""

from pathlib import Path

import pytest

from doubles.worker.engine import SteppedEngine
from generation.protocol.wire import RequestState
from worker.process.housekeeping import delete_surplus_results
from worker.process.keys import add_key
from workers import INPUT, STANDARD, TURBO, Worker, open_worker, worker_settings


async def refused(worker: Worker, owner: str, **headers: str) -> str:
    """A request that the engine refuses."""
    answer = await worker.http.post(STANDARD, json={**INPUT, "prompt": "odd"}, headers=headers)
    await worker.completed(answer.json()["request_id"], owner)
    return str(answer.json()["request_id"])


@pytest.mark.parametrize(
    "fields",
    [{"fps": 0}, {"prompt": ""}, {"prompt": None}, {"motions": ["up"]}, {"video_size": {"width": 1}}, {"seed": -1}],
)
@pytest.mark.parametrize("path", [STANDARD, f"/queue{STANDARD}", f"/run{STANDARD}"])
async def test_a_refused_input_is_not_stored(tmp_path: Path, path: str, fields: dict[str, object]) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        for number in range(20):
            named = {"idempotency-key": f"job-{number}"}
            refused = await worker.http.post(path, json={**INPUT, **fields}, headers=named)
            assert (refused.status_code, refused.headers["x-fal-billable-units"]) == (422, "0")
            assert refused.json()["detail"][0]["loc"][:2] == ["body", next(iter(fields))]
        requests = worker.parts.database.requests
        assert await requests.clipless_by_owner() == {}
        assert await requests.open_requests() == ()


async def test_the_database_counts_as_what_the_worker_takes(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        taken = worker.parts.database.used_bytes
        assert taken > 0
        left = worker.parts.settings.max_disk_bytes - worker.parts.storage.used_bytes - taken
        assert worker.parts.storage.has_room_for(left)
        assert not worker.parts.storage.has_room_for(left + 1)
        for _ in range(20):
            await worker.submit(prompt="x" * 2000)
        assert worker.parts.database.used_bytes > taken
        assert not worker.parts.storage.has_room_for(left)


async def test_what_is_deleted_makes_room(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        for _ in range(60):
            await worker.submit(prompt="x" * 2000, negative_prompt="y" * 2000)
        for live in worker.parts.registry.open_requests:
            await worker.parts.registry.cancel(live)
    # closing the database puts its log into the file
    async with open_worker(tmp_path, rendering=False) as worker:
        full = worker.parts.database.used_bytes
        assert len(await worker.parts.database.requests.delete_oldest_clipless("", 60)) == 60
    async with open_worker(tmp_path, rendering=False) as worker:
        assert worker.parts.database.used_bytes < full - 60 * 3000


async def test_of_each_key_so_many_requests_without_a_clip_are_kept(tmp_path: Path) -> None:
    keys = [await add_key(worker_settings(tmp_path), name) for name in ("studio", "students")]
    studio, students = ({"authorization": f"Key {key.pair}"} for key in keys)
    engines = [SteppedEngine(refusals={"odd": "This engine cannot do that."}) for _ in range(2)]
    async with open_worker(tmp_path, engines[0]) as worker:
        clip = (await worker.http.post(STANDARD, json=INPUT, headers=studio)).json()["request_id"]
        await worker.completed(clip, "studio")
        other = await refused(worker, "students", **students)
        many = [await refused(worker, "studio", **studio) for _ in range(5)]
    # counted again by the next worker
    async with open_worker(tmp_path, engines[1]) as worker:
        many += [await refused(worker, "studio", **studio) for _ in range(2)]
        await delete_surplus_results(worker.parts, most=3)
        for request_id in (clip, *many[-3:]):
            assert (await worker.live(request_id, "studio")).request.state is RequestState.COMPLETED
        assert [await worker.parts.registry.find(request_id, "studio") for request_id in many[:4]] == [None] * 4
        assert await worker.live(other, "students")
        assert worker.parts.registry.clipless.surplus(3) == {}


async def test_a_count_of_requests_that_was_wrong_is_put_right(tmp_path: Path) -> None:
    async with open_worker(tmp_path, SteppedEngine(refusals={"odd": "This engine cannot do that."})) as worker:
        many = [await refused(worker, "") for _ in range(5)]
        # deleted behind the registry's back
        assert len(await worker.parts.database.requests.delete_oldest_clipless("", 5)) == len(many)
        unused = worker.parts.database.used_bytes
        await delete_surplus_results(worker.parts, most=3)
        assert worker.parts.registry.clipless.surplus(3) == {}
        assert worker.parts.database.used_bytes <= unused


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", STANDARD),
        ("POST", f"/queue{STANDARD}"),
        ("POST", f"/run{STANDARD}"),
        ("POST", TURBO),
        ("POST", "/files/upload"),
        ("GET", "/ready"),
    ],
)
async def test_a_full_disk_is_a_503_on_every_way_in(tmp_path: Path, method: str, path: str) -> None:
    async with open_worker(tmp_path) as worker:
        await worker.parts.render_loop.loaded.wait()
        accepted = await worker.http.post(STANDARD, json=INPUT, headers={"idempotency-key": "job-1"})
        await worker.completed(accepted.json()["request_id"])
        worker.parts.storage.count(worker.parts.settings.max_disk_bytes)
        refused = await worker.http.request(method, path, json=INPUT if method == "POST" else None)
        assert refused.status_code == 503
        # what was accepted once is never refused
        again = await worker.http.post(STANDARD, json=INPUT, headers={"idempotency-key": "job-1"})
        assert (again.status_code, again.json()["request_id"]) == (200, accepted.json()["request_id"])
        assert await worker.parts.database.requests.open_requests() == ()


async def test_a_full_disk_is_said_by_ready_and_health_as_by_a_submission(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        await worker.parts.render_loop.loaded.wait()
        ready = await worker.http.get("/ready")
        assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
        worker.parts.storage.count(worker.parts.settings.max_disk_bytes)
        ready, health = await worker.http.get("/ready"), await worker.http.get("/health")
        assert (ready.status_code, ready.json()) == (503, {"status": "disk full"})
        assert (health.status_code, health.json()["status"]) == (200, "disk full")
        assert (await worker.http.post(STANDARD, json=INPUT)).status_code == 503
