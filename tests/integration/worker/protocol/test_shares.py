"""A key's requests are shared out between those whom the key names: what is shown is what is rendered."""

from pathlib import Path

import pytest

from doubles.worker.engine import SteppedEngine
from generation.protocol.wire import SHARE_HEADER, RequestState
from workers import APP, INPUT, STANDARD, Worker, open_worker

FLOOD, NEWCOMER, ELSEWHERE = "0123456789abcdef/1", "0123456789abcdef/2", "fedcba9876543210/3"


async def ask(worker: Worker, prompt: str, share: str | None) -> tuple[str, int]:
    """Submit under a share; the request's id, and the position that the answer says."""
    headers = {} if share is None else {SHARE_HEADER: share}
    answer = await worker.http.post(STANDARD, json={**INPUT, "prompt": prompt}, headers=headers)
    assert answer.status_code == 200
    return answer.json()["request_id"], answer.json()["queue_position"]


async def positions(worker: Worker, ids: list[str]) -> list[int]:
    answers = [await worker.http.get(f"{APP}/requests/{id_}/status") for id_ in ids]
    return [answer.json()["queue_position"] for answer in answers]


async def test_a_newcomer_passes_what_another_member_of_the_key_has_waiting(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine) as worker:
        running, _ = await ask(worker, "a", FLOOD)
        await worker.reaches(running, RequestState.IN_PROGRESS)
        asked = [await ask(worker, prompt, FLOOD) for prompt in "bcd"]
        asked += [await ask(worker, "x", NEWCOMER), await ask(worker, "y", ELSEWHERE)]
        ids = [request_id for request_id, _ in asked]
        assert ([position for _, position in asked], await positions(worker, ids)) == ([0, 1, 2, 0, 0], [2, 3, 4, 1, 0])
        engine.run_free()
        for request_id in ids:
            await worker.completed(request_id)
        assert engine.begun == ["a", "y", "x", "b", "c", "d"]


async def test_the_next_worker_shares_out_what_this_one_leaves(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        ids = [(await ask(worker, prompt, FLOOD))[0] for prompt in "abc"]
        ids.append((await ask(worker, "x", NEWCOMER))[0])
    async with open_worker(tmp_path, rendering=False) as worker:
        assert await positions(worker, ids) == [0, 2, 3, 1]
        worker.render()
        for request_id in ids:
            await worker.completed(request_id)
        assert worker.engine.begun == ["a", "x", "b", "c"]


@pytest.mark.parametrize("share", [None, "x" * 65, "a/b/c", "no slash", "/", "a/", "a/b c"])
async def test_what_names_nobody_is_ignored_and_refused_nothing(tmp_path: Path, share: str | None) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        ids = [(await ask(worker, prompt, share))[0] for prompt in "abc"]
        assert await positions(worker, ids) == [0, 1, 2]


async def test_shares_that_are_made_up_gain_nothing_against_another_key(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False, key="one:secret,two:secret") as worker:
        ids = dict[str, str]()
        for prompt, key, share in (("a", "one", "s/1"), ("b", "one", "t/2"), ("c", "one", "u/3"), ("x", "two", "s/1")):
            headers = {"authorization": f"Key {key}:secret", SHARE_HEADER: share}
            answer = await worker.http.post(STANDARD, json={**INPUT, "prompt": prompt}, headers=headers)
            ids[prompt] = answer.json()["request_id"]
        assert [worker.parts.registry.queue.position(ids[prompt]) for prompt in "abcx"] == [0, 2, 3, 1]


async def test_the_health_page_says_how_many_clips_are_rendered_at_once(tmp_path: Path) -> None:
    async with open_worker(tmp_path, SteppedEngine(max_active=3), rendering=False) as worker:
        assert (await worker.http.get("/health")).json()["places"] == 3
