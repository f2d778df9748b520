"""Many submissions at once, and the same one again: bounds hold for crowds, a name is honoured when all is full."""

import asyncio
from collections import Counter
from pathlib import Path

import httpx
import pytest

from doubles.worker.engine import SteppedEngine
from generation.protocol.wire import RequestState
from worker.process.keys import add_key
from workers import INPUT, STANDARD, Worker, listening, open_worker, worker_settings

NAMED = {"idempotency-key": "job-1"}


async def crowd(worker: Worker, count: int, query: str = "", **headers: str) -> Counter[int]:
    """How often each status code came when that many submitted at the same time."""
    posts = [worker.http.post(STANDARD + query, json=INPUT, headers=headers) for _ in range(count)]
    return Counter(answer.status_code for answer in await asyncio.gather(*posts))


async def test_a_crowd_gets_no_more_places_in_the_queue_than_there_are(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False, max_queue=5) as worker:
        assert await crowd(worker, 20) == {200: 5, 429: 15}
        assert len(worker.parts.registry.queue) == 5


async def test_a_crowd_joins_no_longer_queue_than_it_accepts(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        assert await crowd(worker, 20, "?fal_max_queue_length=2") == {200: 3, 429: 17}


async def test_a_keys_crowd_gets_no_more_than_its_share(tmp_path: Path) -> None:
    key = await add_key(worker_settings(tmp_path), "studio", max_open=2)
    async with open_worker(tmp_path, rendering=False) as worker:
        assert await crowd(worker, 20, authorization=f"Key {key.pair}") == {200: 2, 429: 18}


async def test_a_crowd_under_one_name_gets_one_request(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        posts = [worker.http.post(STANDARD, json=INPUT, headers=NAMED) for _ in range(20)]
        assert len({answer.json()["request_id"] for answer in await asyncio.gather(*posts)}) == 1
        assert len(worker.parts.registry.queue) == 1


async def test_refused_inputs_take_no_share(tmp_path: Path) -> None:
    key = await add_key(worker_settings(tmp_path), "studio", max_open=1)
    async with open_worker(tmp_path, rendering=False) as worker:
        headers = {"authorization": f"Key {key.pair}"}
        bodies = [INPUT, {**INPUT, "fps": 0}, INPUT]
        codes = [(await worker.http.post(STANDARD, json=body, headers=headers)).status_code for body in bodies]
        assert codes == [200, 422, 429]


@pytest.mark.parametrize("full", ["share", "disk"])
async def test_what_was_accepted_once_is_found_by_its_name_however_full_all_is(tmp_path: Path, full: str) -> None:
    key = await add_key(worker_settings(tmp_path), "studio", max_open=1)
    async with open_worker(tmp_path, rendering=False) as worker:
        headers = {"authorization": f"Key {key.pair}"}
        first = await worker.http.post(STANDARD, json=INPUT, headers={**headers, **NAMED})
        if full == "disk":
            worker.parts.storage.count(worker.parts.settings.max_disk_bytes)
        refused = await worker.http.post(STANDARD, json=INPUT, headers=headers)
        again = await worker.http.post(STANDARD, json=INPUT, headers={**headers, **NAMED})
        other = await worker.http.post(STANDARD, json={**INPUT, "seed": 8}, headers={**headers, **NAMED})
        codes = [answer.status_code for answer in (refused, again, other)]
        assert codes == [{"share": 429, "disk": 503}[full], 200, 409]
        assert again.json()["request_id"] == first.json()["request_id"]


async def test_a_run_over_its_keys_share_is_refused_in_fals_words(tmp_path: Path) -> None:
    key = await add_key(worker_settings(tmp_path), "studio", max_open=1)
    async with open_worker(tmp_path, rendering=False) as worker:
        headers = {"authorization": f"Key {key.pair}"}
        await worker.http.post(STANDARD, json=INPUT, headers=headers)
        answer = await worker.http.post(f"/run{STANDARD}", json=INPUT, headers=headers)
        kind = "concurrent_requests_limit"
        body = {"detail": "This key may have 1 unfinished requests", "error_type": kind}
        assert (answer.status_code, answer.json()) == (429, body)
        assert (answer.headers["x-fal-error-type"], answer.headers["x-fal-needs-retry"]) == (kind, "1")


async def test_a_run_with_a_name_goes_on_when_its_caller_leaves_and_answers_a_second_submission(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine) as worker, listening(worker) as url:
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            leaving = asyncio.create_task(http.post(f"/run{STANDARD}", json=INPUT, headers=NAMED))
            async with asyncio.timeout(40):
                while not worker.parts.registry.active:
                    await asyncio.sleep(0.001)
            (live,) = worker.parts.registry.active
            leaving.cancel()
            await asyncio.wait([leaving])
            again = asyncio.create_task(http.post(f"/run{STANDARD}", json=INPUT, headers=NAMED))
            engine.run_free()
            answer = await again
        assert (answer.status_code, answer.headers["x-fal-request-id"]) == (200, live.request.id)
        assert (live.request.state, live.request.attempts) == (RequestState.COMPLETED, 1)


async def test_a_run_with_a_name_is_told_to_come_again_when_the_worker_stops(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        running = asyncio.create_task(worker.http.post(f"/run{STANDARD}", json=INPUT, headers=NAMED))
        async with asyncio.timeout(40):
            while not worker.parts.registry.open_requests:
                await asyncio.sleep(0.001)
        worker.parts.close_streams()
        answer = await running
        assert (answer.status_code, answer.json()) == (503, {"detail": "The worker is stopping; submit it again"})
        assert len(worker.parts.registry.open_requests) == 1
