"""Hostile callers on a real port: others are served as before, and when they are gone nothing of theirs is left."""

import asyncio
import contextlib
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from doubles.worker.engine import SteppedEngine
from generation.protocol.http_server.server import HttpServer
from generation.protocol.wire import RequestState
from workers import APP, INPUT, STANDARD, Worker, open_worker, serving

MIB = 2**20
pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@dataclass
class Port:
    """A worker on a real port, and the connections that it holds."""

    number: int
    server: HttpServer

    async def connect(self, *, read_at_most: int | None = None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection; ``read_at_most``: bytes that the kernel takes for a caller who does not read."""
        caller = socket.socket()
        if read_at_most is not None:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, read_at_most)
        caller.setblocking(False)
        await asyncio.get_running_loop().sock_connect(caller, ("127.0.0.1", self.number))
        return await asyncio.open_connection(sock=caller, limit=MIB)

    @property
    def connections(self) -> int:
        """How many the server holds."""
        return len(self.server.server_state.connections)

    @property
    def unsent_bytes(self) -> int:
        """What it holds for callers who do not read."""
        return sum(one.transport.get_write_buffer_size() for one in self.server.server_state.connections)

    async def has_no_connections(self) -> None:
        """Wait until no connection is left."""
        async with asyncio.timeout(30):
            while self.connections:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def on_a_port(worker: Worker, **timeouts: float) -> AsyncIterator[Port]:
    """The worker on a free port."""
    async with serving(worker, **timeouts) as (server, url):
        yield Port(int(url.rpartition(":")[2]), server)


def head(method: str, path: str, *more: str) -> bytes:
    """The head of a request."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *more, "", "")).encode()


async def status_line(reader: asyncio.StreamReader) -> int:
    """The status code of the next answer, whose body is read too."""
    said = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = said.partition("content-length: ")[2].partition("\r\n")[0]
    await reader.readexactly(int(length or 0))
    return int(said.split(" ", 2)[1])


async def still_answers(port: Port) -> bool:
    """Whether a normal caller is served meanwhile."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port.number}", timeout=30) as http:
        return (await http.get("/health")).status_code == 200


async def test_thousands_poll_at_once_and_leave_nothing_behind(tmp_path: Path, many_files: None) -> None:
    async with open_worker(tmp_path, rendering=False) as worker, on_a_port(worker) as port:
        ids = [await worker.submit() for _ in range(20)] + ["11111111-2222-3333-4444-555555555555"] * 5

        async def poll(number: int) -> list[int]:
            reader, writer = await port.connect()
            path = f"{APP}/requests/{ids[number % len(ids)]}/status?logs=1"
            codes = []
            for _ in range(3):
                writer.write(head("GET", path))
                codes.append(await status_line(reader))
            writer.close()
            await writer.wait_closed()
            return codes

        seen = Counter(code for codes in await asyncio.gather(*(poll(n) for n in range(2500))) for code in codes)
        assert seen == {202: 3 * 2000, 404: 3 * 500}
        await port.has_no_connections()
        assert not any(live.watched for live in worker.parts.registry.open_requests)


async def test_a_caller_that_does_not_read_its_stream_takes_bounded_memory_and_hinders_no_other(tmp_path: Path) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine) as worker, on_a_port(worker) as port:
        request_id = await worker.submit()
        live = await worker.reaches(request_id, RequestState.IN_PROGRESS)
        callers = [await port.connect(read_at_most=4096) for _ in range(50)]
        for _, writer in callers:
            writer.write(head("GET", f"{APP}/requests/{request_id}/status/stream?logs=1"))
        for number in range(490):
            worker.parts.registry.add_log(live, f"{number} " + "x" * 1000)
            await asyncio.sleep(0)
        assert await still_answers(port)
        assert port.unsent_bytes < 50 * MIB
        for _, writer in callers:
            writer.transport.abort()
        await port.has_no_connections()
        engine.run_free()
        await worker.completed(request_id)


async def test_a_caller_that_does_not_read_its_clip_takes_bounded_memory(tmp_path: Path) -> None:
    async with open_worker(tmp_path) as worker, on_a_port(worker) as port:
        big = b"x" * (8 * MIB)
        url = (await worker.http.post("/files/upload", content=big)).json()["access_url"]
        callers = [await port.connect(read_at_most=4096) for _ in range(50)]
        for _, writer in callers:
            writer.write(head("GET", "/files/uploads/" + url.rpartition("/")[2]))
        assert await still_answers(port)
        assert port.unsent_bytes < 50 * MIB // 4
        for _, writer in callers:
            writer.transport.abort()
        await port.has_no_connections()


@pytest.mark.parametrize(
    "half",
    [
        b"",
        b"POST",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        head("POST", STANDARD, "Content-Length: 100") + b'{"prompt": "a',
        head("POST", STANDARD, "Transfer-Encoding: chunked") + b'5\r\n{"pro\r\n',
        head("POST", STANDARD, "Expect: 100-continue", "Content-Length: 100"),
        head("POST", f"/run{STANDARD}", "Content-Length: 100") + b"{",
        head("POST", "/files/upload", "Content-Length: 100000") + b"x" * 1000,
    ],
)
async def test_hundreds_who_say_half_and_leave_keep_nothing(tmp_path: Path, half: bytes, many_files: None) -> None:
    async with open_worker(tmp_path, rendering=False) as worker, on_a_port(worker) as port:
        callers = [await port.connect() for _ in range(300)]
        for _, writer in callers:
            writer.write(half)
        assert await still_answers(port)
        for _, writer in callers:
            writer.transport.abort()
        await port.has_no_connections()
        async with asyncio.timeout(30):
            while worker.parts.storage.used_bytes:
                await asyncio.sleep(0.01)
        assert len(worker.parts.registry.queue) == 0
        assert list((tmp_path / "uploads").iterdir()) == []


async def test_hundreds_of_connections_that_never_send_a_request_are_closed(tmp_path: Path, many_files: None) -> None:
    async with open_worker(tmp_path, rendering=False) as worker, on_a_port(worker, head_seconds=1.0) as port:
        callers = [await port.connect() for _ in range(300)]
        for number, (_, writer) in enumerate(callers):
            writer.write(b"GET / HTTP/1.1\r\nHost" * (number % 2))
        await port.has_no_connections()
        assert all([await reader.read() == b"" for reader, _ in callers])
        for _, writer in callers:
            writer.close()


async def test_bodies_of_50_megabytes_are_never_held(tmp_path: Path) -> None:
    async def fifty() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b" " * MIB

    async with open_worker(tmp_path, rendering=False) as worker, on_a_port(worker) as port:
        before = psutil.Process().memory_info().rss
        paths = [STANDARD, f"/run{STANDARD}", "/storage/upload/initiate", f"{APP}/requests/x/cancel", "/nowhere"]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port.number}", timeout=60) as http:
            for path in paths * 2:
                with contextlib.suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
                    answer = await http.request("PUT" if path.endswith("cancel") else "POST", path, content=fifty())
                    assert answer.status_code in {404, 413}
        assert psutil.Process().memory_info().rss - before < 100 * MIB
        assert await still_answers(port)
        assert len(worker.parts.registry.queue) == 0


async def test_noise_is_answered_with_a_400_or_a_closed_connection(tmp_path: Path) -> None:
    dice = random.Random(7)
    async with open_worker(tmp_path, rendering=False) as worker, on_a_port(worker, head_seconds=1.0) as port:
        request_id = await worker.submit()
        good = head("GET", f"{APP}/requests/{request_id}/status?logs=1", "Accept: */*")

        async def shout() -> bytes:
            noise = bytearray(good if dice.random() < 0.7 else dice.randbytes(200) + b"\r\n\r\n")
            for _ in range(dice.randrange(1, 6)):
                noise[dice.randrange(len(noise))] = dice.randrange(256)
            reader, writer = await port.connect()
            writer.write(bytes(noise))
            writer.write_eof()
            answer = await asyncio.wait_for(reader.read(), 20)
            writer.close()
            return answer

        codes = Counter(answer.split(b" ", 2)[1] if answer else b"" for answer in [await shout() for _ in range(400)])
        assert not {code for code in codes if code.startswith(b"5") and code != b"505"}
        assert codes[b"400"] > 50
        assert len(worker.parts.registry.queue) == 1
        assert await still_answers(port)
        await worker.http.post(STANDARD, json=INPUT)
