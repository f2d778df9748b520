"""The protocol's kinds of upload, row by row: every request of fal's clients, old and new, as they send it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from workers import ADDRESS, KEY, Worker, open_worker

DATA = b"Hello, World!"
REST = {"storage_type": "fal-cdn-v3"}
NO_KEY = {"authorization": ""}


async def python_cdn(worker: Worker) -> str:
    """``upload`` of fal's Python client: a token, then the upload host."""
    told = (await worker.http.post("/storage/auth/token", params=REST, json={})).json()
    assert set(told) == {"token", "token_type", "base_url", "expires_at"}
    headers = {
        "authorization": f"{told['token_type']} {told['token']}",
        "content-type": "text/plain",
        "x-fal-file-name": "hello.txt",
        "x-fal-object-lifecycle": '{"expiration_duration_seconds": 3600}',
        "x-fal-object-lifecycle-preference": '{"expiration_duration_seconds": 3600}',
    }
    answer = await worker.http.post("/files/upload", content=DATA, headers=headers)
    assert set(answer.json()) == {"access_url"}
    return str(answer.json()["access_url"])


async def python_storage(worker: Worker) -> str:
    """Its fallback: initiate, then a PUT with the key, although none is needed."""
    body = {"file_name": "upload.bin", "content_type": "text/plain"}
    told = (await worker.http.post("/storage/upload/initiate", params={"storage_type": "gcs"}, json=body)).json()
    assert set(told) == {"upload_url", "file_url"}
    put = await worker.http.put(told["upload_url"], content=DATA, headers={"content-type": "text/plain"})
    assert put.status_code == 200
    return str(told["file_url"])


async def python_parts(worker: Worker) -> str:
    """Its large files: parts under the file's own address, completed in the order in which they were done."""
    token = (await worker.http.post("/storage/auth/token", params=REST, json={})).json()["token"]
    headers = {"authorization": f"Bearer {token}", "x-fal-file-name": "hello.txt", "content-type": "text/plain"}
    told = (await worker.http.post("/files/upload/multipart", headers=headers)).json()
    assert set(told) == {"access_url", "uploadId"}
    base, done = f"{told['access_url']}/multipart/{told['uploadId']}", []
    for number, data in ((2, DATA[5:]), (1, DATA[:5])):
        part = await worker.http.put(f"{base}/{number}", content=data, headers=headers)
        done.append({"partNumber": number, "etag": part.headers["etag"]})
    assert (await worker.http.post(f"{base}/complete", json={"parts": done}, headers=headers)).status_code == 200
    return str(told["access_url"])


async def javascript(worker: Worker) -> str:
    """``storage.upload`` of fal's JavaScript client: initiate, then a bare PUT without a key."""
    body = {"content_type": "text/plain", "file_name": "hello.txt"}
    told = (await worker.http.post("/storage/upload/initiate", params=REST, json=body)).json()
    await worker.http.put(told["upload_url"], content=DATA, headers=NO_KEY)
    return str(told["file_url"])


async def javascript_parts(worker: Worker) -> str:
    """Its large files: the query of the address stays on every part, and each part's answer is JSON."""
    body = {"content_type": "text/plain", "file_name": "hello.txt"}
    told = (await worker.http.post("/storage/upload/initiate-multipart", params=REST, json=body)).json()
    url, parts = httpx.URL(told["upload_url"]), []
    for number, data in ((1, DATA[:5]), (2, DATA[5:])):
        put = await worker.http.put(url.copy_with(path=f"{url.path}/{number}"), content=data, headers=NO_KEY)
        parts.append({key: put.json()[key] for key in ("partNumber", "etag")})
    done = url.copy_with(path=f"{url.path}/complete")
    assert (await worker.http.post(done, json={"parts": parts}, headers=NO_KEY)).status_code == 200
    return str(told["file_url"])


async def javascript_old(worker: Worker) -> str:
    """``@fal-ai/serverless-client``: the same without a query."""
    body = {"content_type": "text/plain", "file_name": "hello.txt"}
    told = (await worker.http.post("/storage/upload/initiate", json=body)).json()
    await worker.http.put(told["upload_url"], content=DATA, headers=NO_KEY)
    return str(told["file_url"])


UPLOADS = [python_cdn, python_storage, python_parts, javascript, javascript_parts, javascript_old]


@pytest.mark.parametrize("upload", UPLOADS)
async def test_what_was_uploaded_is_read_back_by_anybody_who_has_the_url(
    tmp_path: Path, upload: Callable[[Worker], Awaitable[str]]
) -> None:
    async with open_worker(tmp_path, key=KEY) as worker:
        url = await upload(worker)
        read = await worker.http.get(url, headers=NO_KEY)
        assert url.startswith(f"{ADDRESS}/files/uploads/")
        assert (read.status_code, read.content) == (200, DATA)
        assert read.headers["content-type"].startswith("text/plain")
        assert worker.parts.storage.used_bytes == len(DATA)
