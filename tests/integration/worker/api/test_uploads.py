"""Uploads as fal's clients do them, readable back at the URL that they are given."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from doubles.clock import AutoClock
from doubles.small_disk import files_of_at_most
from worker.render.clip_storage import ClipStorage
from worker.store import WorkerDatabase
from worker.uploads.metadata import UploadMetadata
from worker.uploads.store import PendingUpload, TooManyUploads, Uploads
from workers import ADDRESS, KEY, Worker, listening, open_worker

MIB = 2**20


def path_of(url: str) -> str:
    """Without the worker's address."""
    assert url.startswith(ADDRESS)
    return url.removeprefix(ADDRESS)


async def initiate(worker: Worker, *, kind: str = "initiate", **fields: str) -> dict[str, str]:
    """The answer that the client gets before it writes."""
    body = {"content_type": "text/plain", "file_name": "hello.txt", **fields}
    answer = await worker.http.post(f"/storage/upload/{kind}?storage_type=fal-cdn-v3", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def begin_multipart(worker: Worker) -> str:
    """The path below which parts are written."""
    answer = await worker.http.post("/files/upload/multipart", headers={"x-fal-file-name": "big.bin"})
    return f"{path_of(answer.json()['access_url'])}/multipart/{answer.json()['uploadId']}"


async def test_what_is_initiated_and_put_can_be_read_back_without_a_key(tmp_path: Path) -> None:
    async with open_worker(tmp_path, key=KEY) as worker:
        told = await initiate(worker)
        assert (await worker.http.get(path_of(told["file_url"]))).status_code == 404
        del worker.http.headers["authorization"]
        put = await worker.http.put(path_of(told["upload_url"]), content=b"Hello, World!")
        read = await worker.http.get(path_of(told["file_url"]))
        part = await worker.http.get(path_of(told["file_url"]), headers={"range": "bytes=0-4"})
        assert (put.status_code, read.content, part.content) == (200, b"Hello, World!", b"Hello")
        assert read.headers["content-type"].startswith("text/plain")
        assert read.headers["content-disposition"] == 'attachment; filename="hello.txt"'
        assert "sandbox" in read.headers["content-security-policy"]


async def test_a_token_of_the_key_allows_an_upload_to_the_cdn(tmp_path: Path) -> None:
    async with open_worker(tmp_path, key=KEY) as worker:
        told = (await worker.http.post("/storage/auth/token?storage_type=fal-cdn-v3", json={})).json()
        assert (told["token_type"], told["base_url"]) == ("Bearer", ADDRESS)
        assert datetime.fromisoformat(told["expires_at"]) == worker.clock.now() + timedelta(hours=1)
        assert told["expires_at"].endswith("+00:00")
        headers = {"authorization": f"Bearer {told['token']}", "content-type": "image/png", "x-fal-file-name": "a.png"}
        uploaded = await worker.http.post("/files/upload", content=b"png", headers=headers)
        read = await worker.http.get(path_of(uploaded.json()["access_url"]))
        assert (read.content, read.headers["content-type"]) == (b"png", "image/png")
        assert read.headers["content-disposition"].startswith("inline")
        assert uploaded.json()["access_url"].endswith(".png")


@pytest.mark.parametrize("authorization", ["Bearer wrong", "Bearer ", "Key kid:wrong", ""])
async def test_nobody_else_may_upload(tmp_path: Path, authorization: str) -> None:
    async with open_worker(tmp_path, key=KEY) as worker:
        headers = {"authorization": authorization}
        answers = [
            await worker.http.post("/files/upload", content=b"x", headers=headers),
            await worker.http.post("/files/upload/multipart", headers=headers),
            await worker.http.post("/storage/upload/initiate", json={}, headers=headers),
            await worker.http.post("/storage/auth/token", json={}, headers=headers),
        ]
        assert [answer.status_code for answer in answers] == [401] * 4


async def test_a_token_ends(tmp_path: Path) -> None:
    async with open_worker(tmp_path, key=KEY) as worker:
        told = (await worker.http.post("/storage/auth/token", json={})).json()
        worker.clock.advance(3601)
        headers = {"authorization": f"Bearer {told['token']}"}
        assert (await worker.http.post("/files/upload", content=b"x", headers=headers)).status_code == 401


async def test_parts_may_come_in_any_order_and_again(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        base = await begin_multipart(worker)
        sent = {3: b"c" * 10, 1: b"a" * MIB, 2: b"b" * MIB}
        answers = [await worker.http.put(f"{base}/{number}", content=data) for number, data in sent.items()]
        again = await worker.http.put(f"{base}/2", content=sent[2])
        etags = {number: answer.headers["etag"] for number, answer in zip(sent, answers, strict=True)}
        assert [answer.json() for answer in answers] == [{"partNumber": n, "etag": etags[n]} for n in sent]
        assert again.headers["etag"] == etags[2]
        body = {"parts": [{"partNumber": number, "etag": etag} for number, etag in etags.items()]}
        done = await worker.http.post(f"{base}/complete", json=body)
        repeated = await worker.http.post(f"{base}/complete", json=body)
        read = await worker.http.get(path_of(done.json()["access_url"]))
        assert (done.status_code, repeated.json()) == (200, done.json())
        assert read.content == sent[1] + sent[2] + sent[3]
        assert worker.parts.storage.used_bytes == len(read.content)


async def test_parts_of_the_javascript_client_keep_the_query_of_their_url(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        told = await initiate(worker, kind="initiate-multipart")
        url = httpx.URL(told["upload_url"])
        etags = []
        for number, data in ((1, b"Hello, "), (2, b"World!")):
            put = await worker.http.put(url.copy_with(path=f"{url.path}/{number}"), content=data)
            etags.append(put.json())
        done = await worker.http.post(url.copy_with(path=f"{url.path}/complete"), json={"parts": etags})
        read = await worker.http.get(path_of(told["file_url"]))
        assert (done.status_code, read.content) == (200, b"Hello, World!")


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [{"partNumber": 1, "etag": "wrong"}],
        [{"partNumber": 2, "etag": "{etag}"}],
        [{"partNumber": 1, "etag": "{etag}"}, {"partNumber": 1, "etag": "{etag}"}],
    ],
)
async def test_parts_that_did_not_arrive_complete_nothing(tmp_path: Path, parts: list[dict[str, object]]) -> None:
    async with open_worker(tmp_path) as worker:
        base = await begin_multipart(worker)
        etag = (await worker.http.put(f"{base}/1", content=b"a")).headers["etag"]
        named = [{**part, "etag": etag if part["etag"] == "{etag}" else part["etag"]} for part in parts]
        refused = await worker.http.post(f"{base}/complete", json={"parts": named})
        accepted = await worker.http.post(f"{base}/complete", json={"parts": [{"partNumber": 1, "etag": etag}]})
        assert (refused.status_code, accepted.status_code) == (400, 200)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"parts": 1}', b'{"parts": [{"partNumber": "x", "etag": "y"}]}'])
async def test_a_completion_that_is_none_is_a_422(tmp_path: Path, body: bytes) -> None:
    async with open_worker(tmp_path) as worker:
        base = await begin_multipart(worker)
        assert (await worker.http.post(f"{base}/complete", content=body)).status_code == 422


@pytest.mark.parametrize("number", [0, 10_001])
async def test_a_part_has_a_number_from_1_to_10000(tmp_path: Path, number: int) -> None:
    async with open_worker(tmp_path) as worker:
        base = await begin_multipart(worker)
        assert (await worker.http.put(f"{base}/{number}", content=b"a")).status_code == 400


async def test_a_key_takes_no_more_than_its_share(tmp_path: Path) -> None:
    async with open_worker(tmp_path, key="one:s1,two:s2", max_upload_bytes=MIB) as worker:
        mine, theirs = {"authorization": "Key one:s1"}, {"authorization": "Key two:s2"}
        first = await worker.http.post("/files/upload", content=b"x" * (MIB - 10), headers=mine)
        refused = await worker.http.post("/files/upload", content=b"x" * 11, headers=mine)
        other = await worker.http.post("/files/upload", content=b"x" * 11, headers=theirs)
        fits = await worker.http.post("/files/upload", content=b"x" * 10, headers=mine)
        assert [a.status_code for a in (first, refused, other, fits)] == [200, 413, 200, 200]
        assert refused.json() == {"detail": f"The uploads of this key may take at most {MIB} bytes together"}
        assert worker.parts.storage.used_bytes == MIB + 11


async def test_uploads_at_the_same_time_share_one_share(tmp_path: Path) -> None:
    async with open_worker(tmp_path, max_upload_bytes=MIB) as worker:
        uploads = [worker.http.post("/files/upload", content=b"x" * (MIB // 2 + 1)) for _ in range(4)]
        codes = sorted(answer.status_code for answer in await asyncio.gather(*uploads))
        assert codes == [200, 413, 413, 413]


async def test_a_full_disk_is_a_503(tmp_path: Path) -> None:
    async with open_worker(tmp_path, max_disk_bytes=64 * MIB) as worker:
        worker.parts.storage.count(64 * MIB)
        answer = await worker.http.post("/files/upload", content=b"x")
        assert (answer.status_code, list((tmp_path / "uploads").iterdir())) == (503, [])


async def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker, listening(worker) as url, asyncio.timeout(40):
        told = await initiate(worker)
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
        head = f"PUT {path_of(told['upload_url'])} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"
        writer.write(head.encode() + b"x" * 500)
        while worker.parts.storage.used_bytes != 500:
            await asyncio.sleep(0.001)
        writer.close()
        await writer.wait_closed()
        while worker.parts.storage.used_bytes:
            await asyncio.sleep(0.001)
        assert list((tmp_path / "uploads").iterdir()) == []
        assert (await worker.http.put(path_of(told["upload_url"]), content=b"whole")).status_code == 200


async def test_uploads_outlive_the_worker_and_end_with_their_time(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        headers = {"x-fal-object-lifecycle": '{"expiration_duration_seconds": 3600}'}
        short = (await worker.http.post("/files/upload", content=b"short", headers=headers)).json()["access_url"]
        long = (await worker.http.post("/files/upload", content=b"long")).json()["access_url"]
        unfinished = await begin_multipart(worker)
        await worker.http.put(f"{unfinished}/1", content=b"never completed")
    async with open_worker(tmp_path) as worker:
        assert worker.parts.storage.used_bytes == 9
        assert (await worker.http.get(path_of(long))).content == b"long"
        worker.clock.advance(3601)
        assert (await worker.http.get(path_of(short))).status_code == 404
        await worker.parts.uploads.remove_expired()
        assert worker.parts.storage.used_bytes == 4
        worker.clock.advance(24 * 3600)
        await worker.parts.uploads.remove_expired()
        assert list((tmp_path / "uploads").iterdir()) == []


async def test_what_is_begun_and_never_completed_is_forgotten(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        base = await begin_multipart(worker)
        await worker.http.put(f"{base}/1", content=b"part")
        worker.clock.advance(3600)
        await worker.parts.uploads.remove_expired()
        assert (await worker.http.put(f"{base}/2", content=b"part")).status_code == 404
        assert (worker.parts.storage.used_bytes, list((tmp_path / "uploads").iterdir())) == (0, [])


async def test_a_disk_that_takes_no_more_is_a_503_with_a_sentence_and_nothing_is_left(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        base = await begin_multipart(worker)
        with files_of_at_most(MIB):
            whole = await worker.http.post("/files/upload", content=b"x" * (2 * MIB))
            part = await worker.http.put(f"{base}/1", content=b"x" * (2 * MIB))
        detail = {"detail": "The worker's disk is full; it takes no new requests."}
        assert [(a.status_code, a.json()) for a in (whole, part)] == [(503, detail)] * 2
        assert (worker.parts.storage.used_bytes, list((tmp_path / "uploads").iterdir())) == (0, [])


async def test_an_owner_may_have_only_so_many_files_however_small(tmp_path: Path) -> None:
    database = await WorkerDatabase.open(f"sqlite:///{tmp_path / 'worker.db'}")
    storage, clock = ClipStorage(tmp_path / "clips", 64 * MIB), AutoClock()
    storage.open(())

    async def opened() -> Uploads:
        bounds = {"max_bytes": MIB, "seconds": 60.0, "max_files": 3}
        uploads = Uploads(tmp_path / "uploads", database.uploads, storage, clock=clock, **bounds)
        await uploads.open()
        return uploads

    def begin(uploads: Uploads, owner: str) -> PendingUpload:
        return uploads.begin(UploadMetadata.from_caller(owner, "text/plain", "a.txt", None))

    async def nothing() -> AsyncIterator[bytes]:
        for chunk in ():
            yield chunk

    uploads = await opened()
    await uploads.receive(begin(uploads, "one"), nothing())
    parts = begin(uploads, "one")
    for number in (1, 2):
        await uploads.receive_part(parts, number, nothing())
    await uploads.receive_part(parts, 2, nothing())
    with pytest.raises(TooManyUploads, match="This key has 3 uploads, as many as it may"):
        await uploads.receive_part(parts, 3, nothing())
    with pytest.raises(TooManyUploads):
        begin(uploads, "one")
    begin(uploads, "two")
    uploads = await opened()
    for _ in range(2):
        await uploads.receive(begin(uploads, "one"), nothing())
    with pytest.raises(TooManyUploads):
        begin(uploads, "one")
    clock.advance(60)
    await uploads.remove_expired()
    begin(uploads, "one")
    await database.close()


async def test_of_a_files_name_and_type_only_so_much_is_kept(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        told = await initiate(worker, file_name="x" * 100_000 + ".txt", content_type="y" * 100_000)
        await worker.http.put(path_of(told["upload_url"]), content=b"x")
        read = await worker.http.get(path_of(told["file_url"]))
        assert read.headers["content-disposition"] == f'attachment; filename="{"x" * 255}"'
        assert read.headers["content-type"] == "application/octet-stream"


async def test_an_owner_may_not_begin_without_end(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker:
        answers = [await worker.http.post("/files/upload/multipart") for _ in range(65)]
        assert [answer.status_code for answer in answers][-2:] == [200, 413]


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "bad\ttype", "x" * 500, "text/html; charset=x"])
async def test_nothing_that_a_browser_could_run_is_shown(tmp_path: Path, content_type: str) -> None:
    async with open_worker(tmp_path) as worker:
        headers = {"content-type": content_type, "x-fal-file-name": '../"evil".html'}
        url = (await worker.http.post("/files/upload", content=b"<script>", headers=headers)).json()["access_url"]
        read = await worker.http.get(path_of(url))
        assert read.headers["content-disposition"].startswith("attachment")
        assert (read.headers["x-content-type-options"], "sandbox" in read.headers["content-security-policy"]) == (
            "nosniff",
            True,
        )
