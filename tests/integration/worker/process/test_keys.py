"""Keys that are made and revoked while the worker runs."""

import sqlite3
from pathlib import Path

import pytest

from doubles.clock import AutoClock
from doubles.worker.engine import SteppedEngine
from worker.process.keys import KeyNameTaken, add_key, list_keys, revoke_key
from workers import INPUT, STANDARD, Worker, open_worker, worker_settings


async def load(worker: Worker) -> None:
    """What the running worker does every few seconds."""
    worker.parts.keys.load(await worker.parts.database.keys.all())


async def submit(worker: Worker, pair: str) -> int:
    """The status code of a submission with that key."""
    answer = await worker.http.post(STANDARD, json=INPUT, headers={"authorization": f"Key {pair}"})
    return answer.status_code


async def test_a_key_works_until_it_is_revoked_and_the_worker_stays_closed_then(tmp_path: Path) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        assert (await worker.http.post(STANDARD, json=INPUT)).status_code == 200
        key = await add_key(worker.parts.settings, "studio")
        await load(worker)
        with_key = await submit(worker, key.pair)
        without = (await worker.http.post(STANDARD, json=INPUT)).status_code
        assert await revoke_key(worker.parts.settings, "studio")
        await load(worker)
        revoked = await submit(worker, key.pair)
        still_without = (await worker.http.post(STANDARD, json=INPUT)).status_code
        assert (with_key, without, revoked, still_without) == (200, 401, 401, 401)


async def test_a_secret_is_shown_once_and_kept_hashed(tmp_path: Path) -> None:
    settings = worker_settings(tmp_path)
    key = await add_key(settings, "studio")
    with sqlite3.connect(tmp_path / "worker.db") as connection:
        dump = "\n".join(connection.iterdump())
    connection.close()
    assert "studio" in dump
    assert key.secret not in dump


async def test_an_id_is_never_given_twice(tmp_path: Path) -> None:
    settings = worker_settings(tmp_path, key="fixed:secret")
    await add_key(settings, "studio")
    await revoke_key(settings, "studio")
    for taken in ("studio", "fixed"):
        with pytest.raises(KeyNameTaken):
            await add_key(settings, taken)
    assert not await revoke_key(settings, "studio")
    assert not await revoke_key(settings, "nobody")


@pytest.mark.parametrize("key_id", ["", "a b", "a:b", "-a", "é", "x" * 65])
async def test_an_id_that_no_header_could_hold_is_refused(tmp_path: Path, key_id: str) -> None:
    with pytest.raises(ValueError, match="1 to 64 letters"):
        await add_key(worker_settings(tmp_path), key_id)


async def test_keys_are_listed_with_what_they_allow(tmp_path: Path) -> None:
    settings, clock = worker_settings(tmp_path), AutoClock()
    await add_key(settings, "one", low_priority=True, max_open=2, clock=clock)
    clock.advance(60)
    await add_key(settings, "two", clock=clock)
    await revoke_key(settings, "one", clock=clock)
    listed = [(key.id, key.low_priority, key.max_open, key.revoked_at is None) for key in await list_keys(settings)]
    assert listed == [("one", True, 2, False), ("two", False, None, True)]


async def test_a_key_may_have_only_so_many_unfinished_requests(tmp_path: Path) -> None:
    key = await add_key(worker_settings(tmp_path), "studio", max_open=2)
    async with open_worker(tmp_path, rendering=False) as worker:
        assert [await submit(worker, key.pair) for _ in range(3)] == [200, 200, 429]


async def test_a_keys_low_priority_holds_for_all_its_requests(tmp_path: Path) -> None:
    key = await add_key(worker_settings(tmp_path), "batch", low_priority=True)
    async with open_worker(tmp_path, SteppedEngine(), rendering=False) as worker:
        await submit(worker, key.pair)
        (live,) = worker.parts.registry.open_requests
        assert live.request.options.low_priority
