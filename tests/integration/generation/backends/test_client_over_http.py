"""The queue client over real sockets: streams, disconnects, half-sent answers, and what that proves of a submission."""

import asyncio
import json
import ssl
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest
import trustme

from doubles.backends.queue_backend import (
    ACCEPTED,
    KEY,
    REQUEST_ID,
    a_handle,
    a_request,
    completed,
    in_progress,
    in_queue,
    log,
)
from doubles.backends.queue_stub import MOVIE, Stub, a_client, saying
from doubles.backends.scripted_queue import events
from doubles.http.live_http import Handle, RawServer, http_server, raw_server
from generation.backends.client import QueueClient
from generation.ports import BackendClip, BackendState, BackendUpdate
from generation.protocol.clock import SystemClock
from generation.protocol.errors import BackendUnavailable, CredentialsRejected, SubmissionOutcomeUnknown
from generation.protocol.progress import Steps

# From submit to file


async def test_a_request_from_submit_to_file(tmp_path):
    stub = Stub()
    async with http_server(stub.app()) as url, a_client(url) as backend:
        request_id = await backend.submit(a_request(), idempotency_key="job-1")
        updates = []
        async with aclosing(backend.watch(a_handle("worker"))) as watching:
            for chunk, expected in (
                (events(in_queue(1), ping=True), BackendUpdate(BackendState.IN_QUEUE, position=1)),
                (events(in_progress(log(step=1, steps=4))), BackendUpdate(BackendState.IN_PROGRESS, steps=Steps(1, 4))),
                (events(completed()), BackendUpdate(BackendState.COMPLETED, inference_seconds=3.25)),
            ):
                stub.chunks.put_nowait(chunk)
                updates.append(await anext(watching))
                assert updates[-1] == expected
            assert [update async for update in watching] == []
        size = await backend.fetch(await backend.result(a_handle("worker")), tmp_path / "a.mp4", max_bytes=10**6)
        await backend.cancel(a_handle("worker"))
    assert (request_id, size) == (REQUEST_ID, len(MOVIE))
    assert (tmp_path / "a.mp4").read_bytes() == MOVIE
    assert [request.headers["authorization"] for request in stub.seen] == ["Key kid:s3cret"] * 2
    assert stub.seen[0].headers["idempotency-key"] == "job-1"


async def test_a_stream_cut_by_the_server_is_resumed():
    stub = Stub(status=in_progress(log(step=2, steps=4)))
    for chunk in (events(in_progress(log(step=1, steps=4))), None, events(in_progress(log(step=3, steps=4)))):
        stub.chunks.put_nowait(chunk)
    stub.chunks.put_nowait(events(completed()))
    async with http_server(stub.app()) as url, a_client(url) as backend:
        updates = [update async for update in backend.watch(a_handle("worker"))]
    assert [update.steps.done for update in updates if update.steps] == [1, 2, 3]
    assert (updates[-1].state, stub.opened) == (BackendState.COMPLETED, 2)


async def test_leaving_a_watch_closes_the_connection():
    stub = Stub()
    stub.chunks.put_nowait(events(in_queue()))
    async with http_server(stub.app()) as url, a_client(url) as backend:
        async with aclosing(backend.watch(a_handle("worker"))) as updates:
            await anext(updates)
        async with asyncio.timeout(40):
            await stub.left.wait()


async def test_a_hundred_and_fifty_open_streams_do_not_keep_a_submit_waiting():
    stub = Stub(hello=events(in_queue()))
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(http_server(stub.app()))
        backend = await stack.enter_async_context(a_client(url, connect=2.0))
        watches = [await stack.enter_async_context(aclosing(backend.watch(a_handle("worker")))) for _ in range(150)]
        assert {update.state for update in await asyncio.gather(*map(anext, watches))} == {BackendState.IN_QUEUE}
        assert await backend.submit(a_request(), idempotency_key="k") == REQUEST_ID
    assert stub.opened == 150


# What a broken submission proves


def silent(seen: RawServer) -> Handle:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await seen.read_request(reader)

    return handle


def never_reading(_: RawServer) -> Handle:
    async def handle(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    return handle


def hanging(seen: RawServer) -> Handle:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await seen.read_request(reader)
        await reader.read()

    return handle


@pytest.mark.parametrize(
    "behaviour",
    [
        silent,
        never_reading,
        saying(b"HTTP/1.1 200 OK\r\nContent-Len"),
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
        saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"),
        saying(b"SSH-2.0-OpenSSH_9.2\r\n"),
        hanging,
    ],
    ids=["closed", "reset", "half a head", "half a body", "half a chunk", "another protocol", "no answer"],
)
async def test_a_submission_that_breaks_after_the_connection_stood_has_an_unknown_outcome(behaviour):
    async with raw_server(behaviour) as server, a_client(server.url, read=0.2) as backend:
        with pytest.raises(SubmissionOutcomeUnknown):
            await backend.submit(a_request(), idempotency_key="k")
        assert server.connections == 1


async def test_a_refused_connection_proves_that_nothing_was_sent(unused_tcp_port):
    async with a_client(f"http://127.0.0.1:{unused_tcp_port}") as backend:
        with pytest.raises(BackendUnavailable):
            await backend.submit(a_request(), idempotency_key="k")


async def test_an_untrusted_certificate_proves_that_nothing_was_sent():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    received: list[bytes] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.read())
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        async with a_client(f"https://127.0.0.1:{port}") as backend:
            with pytest.raises(BackendUnavailable, match="its certificate is not trusted: "):
                await backend.submit(a_request(), idempotency_key="k")
    assert received == []


async def test_a_whole_answer_before_the_connection_closes_is_an_answer():
    body = json.dumps(ACCEPTED).encode()
    answer = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    async with raw_server(saying(answer)) as server, a_client(server.url) as backend:
        assert await backend.submit(a_request(), idempotency_key="k") == REQUEST_ID
    assert json.loads(server.requests[0].partition(b"\r\n\r\n")[2]) == a_request().to_input()


async def test_an_idle_connection_that_the_server_has_closed_is_not_used_again():
    body = json.dumps(ACCEPTED).encode()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    async with raw_server(saying(answer)) as server, a_client(server.url) as backend:
        for _ in range(3):
            assert await backend.submit(a_request(), idempotency_key="k") == REQUEST_ID
            await server.hung_up.acquire()
    assert server.connections == 3


async def test_a_refusal_sent_before_the_request_was_read_counts():
    refusal = b'HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 15\r\n\r\n{"detail":"no"}'

    def early(_: RawServer) -> Handle:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(refusal)
            await writer.drain()
            await reader.read()

        return handle

    async with raw_server(early) as server, a_client(server.url) as backend:
        with pytest.raises(CredentialsRejected):
            await backend.submit(a_request(prompt="x" * 2000), idempotency_key="k")


# Downloads


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        b"",
    ],
    ids=["length", "chunks", "nothing"],
)
async def test_a_download_that_breaks_off_leaves_nothing(tmp_path, answer):
    destination = tmp_path / "a.mp4"
    async with raw_server(saying(answer)) as server, a_client(server.url) as backend:
        with pytest.raises(BackendUnavailable):
            await backend.fetch(BackendClip(f"{server.url}/files/a.mp4", 7), destination, max_bytes=1000)
    assert list(tmp_path.iterdir()) == []


async def test_another_server_on_this_machine_never_sees_the_key(tmp_path: Path):
    elsewhere = Stub()
    async with (
        http_server(Stub().app()) as home,
        http_server(elsewhere.app()) as elsewhere_url,
        QueueClient("fal", home, KEY, resubmits_safely=False, clock=SystemClock()) as backend,
    ):
        size = await backend.fetch(BackendClip(f"{elsewhere_url}/files/a.mp4", 7), tmp_path / "a.mp4", max_bytes=10**6)
    assert size == len(MOVIE)
    assert ["authorization" in request.headers for request in elsewhere.seen] == [False]


@pytest.mark.parametrize("encoding", [b"gzip", b"gzip, gzip", b"br", b"zstd", b"deflate"])
async def test_a_packed_answer_over_a_real_connection_is_not_unpacked(encoding):
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00" % encoding
    async with raw_server(saying(answer)) as server, a_client(server.url) as backend:
        with pytest.raises(SubmissionOutcomeUnknown, match="compressed"):
            await backend.submit(a_request(), idempotency_key="k")
    assert b"accept-encoding: identity" in server.requests[0].lower()


async def test_cookies_are_not_kept():
    body = json.dumps(ACCEPTED).encode()
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    async with raw_server(saying(answer)) as server, a_client(server.url) as backend:
        for _ in range(2):
            await backend.submit(a_request(), idempotency_key="k")
    assert b"cookie" not in server.requests[1].lower()
