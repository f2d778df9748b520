"""Finished clips over HTTP: public by an unguessable name, in ranges, cacheable, gone when their time is over."""

from pathlib import Path

import pytest

from doubles.worker.engine import SteppedEngine
from worker.process.housekeeping import delete_expired_results
from workers import APP, KEY, Worker, open_worker


async def clip_path(worker: Worker, owner: str = "") -> str:
    """The path of a finished clip."""
    request_id = await worker.submit()
    await worker.completed(request_id, owner)
    result = (await worker.http.get(f"{APP}/requests/{request_id}")).json()
    return str(result["video"]["url"]).removeprefix("http://127.0.0.1:8650")


async def test_a_clip_needs_no_key_because_nobody_can_guess_its_name(tmp_path: Path) -> None:
    async with open_worker(tmp_path, key=KEY) as worker:
        paths = {await clip_path(worker, "kid") for _ in range(2)}
        del worker.http.headers["authorization"]
        answers = [await worker.http.get(path) for path in paths]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert all(len(path.removeprefix("/files/").removesuffix(".mp4")) == 32 for path in paths)


async def test_a_clip_comes_with_type_length_and_etag(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        path = await clip_path(worker)
        clip = await worker.http.get(path)
        head = await worker.http.head(path)
        name = path.removeprefix("/files/")
        seen = [
            (a.headers["content-type"], a.headers["etag"], a.headers["accept-ranges"], a.headers["content-length"])
            for a in (clip, head)
        ]
        assert seen == [("video/mp4", f'"{name}"', "bytes", str(len(clip.content)))] * 2
        assert (head.content, clip.headers["x-content-type-options"]) == (b"", "nosniff")


async def test_a_range_of_a_clip_is_a_206(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        path = await clip_path(worker)
        clip = await worker.http.get(path)
        part = await worker.http.get(path, headers={"range": "bytes=4-7"})
        tail = await worker.http.get(path, headers={"range": "bytes=-4", "if-range": clip.headers["etag"]})
        stale = await worker.http.get(path, headers={"range": "bytes=0-3", "if-range": '"another"'})
        beyond = await worker.http.get(path, headers={"range": "bytes=99999999-"})
        assert (part.status_code, part.content, part.headers["content-range"]) == (
            206,
            b"ftyp",
            f"bytes 4-7/{len(clip.content)}",
        )
        assert (tail.status_code, tail.content) == (206, clip.content[-4:])
        assert (stale.status_code, stale.content) == (200, clip.content)
        assert beyond.status_code == 416


@pytest.mark.parametrize("wanted", ["{etag}", "W/{etag}", '"x", {etag}', "*"])
async def test_a_clip_that_the_caller_has_already_is_a_304(tmp_path: Path, wanted: str) -> None:
    async with open_worker(tmp_path) as worker:
        path = await clip_path(worker)
        etag = (await worker.http.head(path)).headers["etag"]
        answer = await worker.http.get(path, headers={"if-none-match": wanted.format(etag=etag)})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)


@pytest.mark.parametrize(
    "name", ["nothing.mp4", "x" * 32 + ".mp4", "../worker.db", "%2e%2e/worker.db", "..%2fworker.db", "", "a%00b.mp4"]
)
async def test_any_other_name_is_a_404(tmp_path: Path, name: str) -> None:
    async with open_worker(tmp_path, rendering=False) as worker:
        answer = await worker.http.get(f"/files/{name}")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")


async def test_results_and_their_clips_are_gone_when_their_time_is_over(tmp_path: Path) -> None:
    engine = SteppedEngine(failures={"failed": RuntimeError("boom")})
    async with open_worker(tmp_path, engine, result_seconds=3600) as worker:
        old = await clip_path(worker)
        worker.clock.advance(3000)
        young = await clip_path(worker)
        failed = await worker.submit(prompt="failed")
        await worker.completed(failed)
        worker.clock.advance(700)
        await delete_expired_results(worker.parts)
        assert (await worker.http.get(old)).status_code == 404
        assert (await worker.http.get(young)).status_code == 200
        assert (await worker.http.get(f"{APP}/requests/{failed}/status")).status_code == 200
        assert worker.parts.storage.used_bytes == len((await worker.http.get(young)).content)
        worker.clock.advance(3600)
        await delete_expired_results(worker.parts)
        assert (await worker.http.get(f"{APP}/requests/{failed}/status")).status_code == 404
        assert list((tmp_path / "clips").iterdir()) == []
