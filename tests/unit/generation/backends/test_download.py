"""Fetching a clip: bounded, whole or not at all, and with the key only for the backend itself."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from doubles.backends.queue_backend import FAL, KEY, WORKER, fal, worker
from doubles.backends.scripted_queue import Reply, ScriptedQueue
from doubles.clock import AutoClock
from doubles.small_disk import files_of_at_most
from generation.backends.client import QueueClient
from generation.backends.transport import Timeouts
from generation.ports import BackendClip
from generation.protocol.errors import (
    ArtifactError,
    BackendUnavailable,
    CredentialsRejected,
    ProtocolViolation,
    RequestNotFound,
    StorageFull,
)

URL = "https://v3.fal.media/files/a/b.mp4"
CLIP = BackendClip(URL, 7)
MOVIE = bytes(range(256)) * 8192  # 2 MiB: several writes
MOST = 4 * 1024 * 1024


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    folder = tmp_path / "staging"
    folder.mkdir()
    return folder / "job.mp4"


def a_file(data: bytes = MOVIE, *, length: int | None = None, **headers: str) -> Reply:
    chunks = [data[n : n + 65_536] for n in range(0, len(data), 65_536)]
    return Reply(
        200, headers={"content-length": str(len(data) if length is None else length), **headers}, chunks=chunks
    )


def left(destination: Path) -> list[str]:
    return [path.name for path in destination.parent.iterdir()]


async def fetched(
    queue: ScriptedQueue, destination: Path, clip: BackendClip = CLIP, *, max_bytes: int = MOST, make_client=fal
) -> int:
    async with make_client(queue) as backend:
        return await backend.fetch(clip, destination, max_bytes=max_bytes)


async def test_a_clip_is_written_whole(queue, destination):
    queue.on(URL, a_file())
    assert await fetched(queue, destination) == len(MOVIE)
    assert destination.read_bytes() == MOVIE
    assert left(destination) == ["job.mp4"]


async def test_what_was_there_before_is_replaced(queue, destination):
    destination.write_bytes(b"old")
    destination.with_name("job.mp4.part").write_bytes(b"left by a killed process" * 1000)
    queue.on(URL, a_file(b"new"))
    assert await fetched(queue, destination) == 3
    assert (destination.read_bytes(), left(destination)) == (b"new", ["job.mp4"])


async def test_the_key_never_goes_to_a_foreign_host(queue, destination):
    queue.on(URL, a_file())
    await fetched(queue, destination)
    assert "authorization" not in queue.requests[0].headers


async def test_the_key_goes_to_the_backends_own_address(queue, destination):
    queue.on(f"{FAL}/files/a.mp4", a_file())
    await fetched(queue, destination, BackendClip(f"{FAL}/files/a.mp4"))
    assert queue.requests[0].headers["authorization"] == "Key kid:s3cret"


async def test_a_worker_behind_a_tunnel_is_fetched_from_through_the_tunnel(queue, destination):
    queue.on("https://gpu.example/files/a.mp4", a_file())

    def tunnelled(transport: ScriptedQueue) -> QueueClient:
        return worker(transport, base="https://gpu.example")

    await fetched(queue, destination, BackendClip(f"{WORKER}/files/a.mp4"), make_client=tunnelled)
    assert str(queue.requests[0].url) == "https://gpu.example/files/a.mp4"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed_without_the_key(queue, destination, status):
    queue.on(f"{FAL}/files/a.mp4", Reply(status, headers={"location": "/files/b.mp4"}))
    queue.on(f"{FAL}/files/b.mp4", Reply(status, headers={"location": "https://cdn.test/c.mp4"}))
    queue.on("https://cdn.test/c.mp4", a_file())
    assert await fetched(queue, destination, BackendClip(f"{FAL}/files/a.mp4")) == len(MOVIE)
    assert ["authorization" in request.headers for request in queue.requests] == [True, False, False]


async def test_three_redirects_are_enough(queue, destination):
    for n in range(5):
        queue.on(f"https://cdn.test/{n}", Reply(302, headers={"location": f"/{n + 1}"}))
    with pytest.raises(ProtocolViolation, match="redirects more than 3 times"):
        await fetched(queue, destination, BackendClip("https://cdn.test/0"))
    assert len(queue.requests) == 4


@pytest.mark.parametrize(
    "location",
    ["", "file:///etc/passwd", "http://cdn.test/a", "https://10.0.0.1/a", "https://localhost/a", "//[::1]/a"],
)
async def test_a_redirect_keeps_to_the_rules(queue, destination, location):
    queue.on(URL, Reply(302, headers={"location": location} if location else {}))

    async def resolve(host: str, port: int) -> list[str]:
        return [{"v3.fal.media": "93.184.216.34", "localhost": "127.0.0.1"}.get(host, host)]

    async with QueueClient(
        "fal", FAL, KEY, resubmits_safely=False, clock=AutoClock(), transport=queue, resolve=resolve
    ) as backend:
        with pytest.raises(ProtocolViolation, match="address is refused"):
            await backend.fetch(CLIP, destination, max_bytes=MOST)
    assert left(destination) == []


@pytest.mark.parametrize(
    "url", ["/files/a.mp4", "file:///etc/passwd", "http://v3.fal.media/a", "https://u:p@cdn.test/", ""]
)
async def test_an_address_against_the_rules_is_never_asked(queue, destination, url):
    with pytest.raises(ProtocolViolation, match="address is refused"):
        await fetched(queue, destination, BackendClip(url))
    assert queue.requests == []


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, RequestNotFound),
        (403, RequestNotFound),
        (404, RequestNotFound),
        (410, RequestNotFound),
        (408, BackendUnavailable),
        (429, BackendUnavailable),
        (500, BackendUnavailable),
        (503, BackendUnavailable),
        (204, ProtocolViolation),
        (206, ProtocolViolation),
        (304, ProtocolViolation),
        (400, ProtocolViolation),
    ],
)
async def test_what_a_file_server_says_instead(queue, destination, status, error):
    queue.on(URL, Reply(status, b""))
    with pytest.raises(error):
        await fetched(queue, destination)
    assert left(destination) == []


async def test_a_key_that_the_backend_refuses_is_for_the_operator(queue, destination):
    queue.on(f"{FAL}/files/a.mp4", Reply(401, b""))
    with pytest.raises(CredentialsRejected):
        await fetched(queue, destination, BackendClip(f"{FAL}/files/a.mp4"))


async def test_a_file_compressed_for_the_transfer_is_refused(queue, destination):
    queue.on(URL, a_file(b"x", **{"content-encoding": "gzip"}))
    with pytest.raises(ProtocolViolation):
        await fetched(queue, destination)


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectError("refused"), httpx.ReadTimeout(""), httpx.RemoteProtocolError("closed")],
    ids=lambda error: type(error).__name__,
)
async def test_a_network_failure_may_pass(queue, destination, error):
    queue.on(URL, error)
    with pytest.raises(BackendUnavailable):
        await fetched(queue, destination)
    queue.on(URL, Reply(200, headers={"content-length": "9"}, chunks=[b"half", error]))
    with pytest.raises(BackendUnavailable):
        await fetched(queue, destination)
    assert left(destination) == []


async def test_fewer_bytes_than_promised_may_pass(queue, destination):
    queue.on(URL, a_file(b"half", length=8))
    with pytest.raises(BackendUnavailable, match="broke off after 4 of 8 bytes"):
        await fetched(queue, destination)
    assert left(destination) == []


async def test_without_a_length_the_backends_word_on_the_size_counts(queue, destination):
    queue.on(URL, Reply(200, chunks=[b"half"]))
    with pytest.raises(BackendUnavailable, match="4 of 8"):
        await fetched(queue, destination, BackendClip(URL, size_bytes=8))
    assert await fetched(queue, destination, BackendClip(URL, size_bytes=4)) == 4
    assert await fetched(queue, destination, BackendClip(URL)) == 4


async def test_a_stream_in_chunks_ends_where_it_ends(queue, destination):
    queue.on(URL, Reply(200, headers={"transfer-encoding": "chunked"}, chunks=[b"half"]))
    assert await fetched(queue, destination, BackendClip(URL, size_bytes=8)) == 4


async def test_a_clip_that_says_it_is_too_large_is_not_read(queue, destination):
    queue.on(URL, Reply(200, headers={"content-length": "101"}, chunks=[AssertionError("read")]))
    with pytest.raises(ProtocolViolation, match="101 bytes, more than the 100 allowed"):
        await fetched(queue, destination, max_bytes=100)


async def test_a_clip_without_end_is_cut_off(queue, destination):
    queue.on(URL, Reply(200, chunks=[bytes(65_536)] * 100_000))
    with pytest.raises(ProtocolViolation, match="more than the 1000000 bytes allowed"):
        await fetched(queue, destination, max_bytes=1_000_000)
    assert left(destination) == []


async def test_a_clip_of_exactly_the_limit_is_taken(queue, destination):
    queue.on(URL, a_file())
    assert await fetched(queue, destination, max_bytes=len(MOVIE)) == len(MOVIE)


async def test_a_full_disk_is_named_and_leaves_no_file(queue, destination):
    queue.on(URL, a_file())
    with files_of_at_most(1024 * 1024), pytest.raises(StorageFull):
        await fetched(queue, destination)
    assert left(destination) == []


async def test_a_folder_that_is_not_there_is_an_error_of_ours(queue, tmp_path):
    queue.on(URL, a_file())
    with pytest.raises(ArtifactError):
        await fetched(queue, tmp_path / "nowhere" / "job.mp4")


async def test_a_download_that_drips_forever_ends(queue, destination):
    queue.on(URL, Reply(200, chunks=[b"drop", None]))
    async with fal(queue, timeouts=Timeouts(download=0.02)) as backend:
        with pytest.raises(BackendUnavailable):
            await backend.fetch(CLIP, destination, max_bytes=MOST)
    assert left(destination) == []


async def test_a_fetch_that_is_cancelled_leaves_no_file(queue, destination):
    queue.on(URL, Reply(200, chunks=[b"drop", None]))
    async with fal(queue) as backend:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await backend.fetch(CLIP, destination, max_bytes=MOST)
    assert left(destination) == []


# Cancelled


def open_files(folder: Path) -> list[str]:
    """What this process has open in that folder, also where the name is gone already."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        # the one that lists them is gone by now
        with suppress(FileNotFoundError):
            found.append(str(link.readlink()))
    return [name for name in found if name.startswith(str(folder))]


async def test_a_download_cancelled_while_its_file_is_opened_leaves_no_part_of_it(queue, destination):
    queue.on(URL, a_file(b"short"))
    part = destination.with_name("job.mp4.part")
    # opening a named pipe takes until somebody reads from it
    os.mkfifo(part)
    fetching = asyncio.ensure_future(fetched(queue, destination))
    await _steps(20)
    fetching.cancel()
    await _steps(5)
    # not blocking: a reader that came first would wait for its writer
    reader = os.open(part, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(asyncio.CancelledError):
        await fetching
    os.close(reader)
    assert (part.exists(), open_files(destination.parent)) == (False, [])


async def test_a_download_cancelled_while_it_writes_leaves_nothing(queue, destination):
    queue.on(URL, a_file())
    part = destination.with_name("job.mp4.part")
    os.mkfifo(part)
    # a pipe that nobody empties holds 64 KiB: the first write waits for a reader
    reader = os.open(part, os.O_RDONLY | os.O_NONBLOCK)
    fetching = asyncio.ensure_future(fetched(queue, destination))
    while not _readable(reader):
        await asyncio.sleep(0)
    fetching.cancel()
    await _steps(5)
    assert not fetching.done()
    os.set_blocking(reader, True)
    await asyncio.to_thread(_drain, reader)
    with pytest.raises(asyncio.CancelledError):
        await fetching
    os.close(reader)
    assert (left(destination), open_files(destination.parent)) == ([], [])


@pytest.mark.parametrize("steps", range(0, 60, 3))
async def test_a_download_cancelled_at_any_moment_leaves_all_or_nothing(queue, destination, steps):
    queue.on(URL, a_file())
    fetching = asyncio.ensure_future(fetched(queue, destination))
    for _ in range(steps):
        await asyncio.to_thread(int)
    fetching.cancel()
    await asyncio.gather(fetching, return_exceptions=True)
    assert left(destination) in ([], ["job.mp4"])
    assert open_files(destination.parent) == []
    if destination.exists():
        assert destination.read_bytes() == MOVIE


async def _steps(count: int) -> None:
    for _ in range(count):
        await asyncio.to_thread(int)


def _readable(reader: int) -> bool:
    try:
        return bool(os.read(reader, 1))
    except BlockingIOError:
        return False


def _drain(reader: int) -> None:
    while os.read(reader, 65_536):
        pass
