"""The server's guards, on the bot's pages and on the worker's: who is slow, silent or too much is closed, others are
served."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from adapters.web.health import HealthPages, HealthReport
from bot.web import web_app
from generation.protocol.http_server.limits import ServerLimits
from generation.protocol.http_server.listener import listening_socket
from generation.protocol.http_server.server import HttpServer
from worker.api.app import build_app
from workers import STANDARD, open_worker

MIB = 2**20
HALF = [
    b"",
    b"GET",
    b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n",
    b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /hea",
    f"POST {STANDARD} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{{".encode(),
    f"POST {STANDARD} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{{".encode(),
    b"POST /webhooks/fal/1 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{",
    b"\r\n",
]


@asynccontextmanager
async def served(app: Starlette, **limits: object) -> AsyncIterator[HttpServer]:
    """The app on a free port of this machine."""
    server = HttpServer(app, ServerLimits(**limits))
    with contextlib.closing(listening_socket("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(server.serve([listener]))
        await server.up.wait()
        try:
            yield server
        finally:
            server.should_exit = True
            await task


async def a_report() -> HealthReport:
    return HealthReport("1")


async def all_well() -> None:
    return None


@asynccontextmanager
async def a_side(name: str, folder: Path, **limits: object) -> AsyncIterator[tuple[HttpServer, str]]:
    """The bot's pages or the worker, and the path of its health page."""
    if name == "bot":
        pages = HealthPages(a_report, all_well).routes()
        async with served(web_app(pages, [], host="127.0.0.1", public_url=None), **limits) as server:
            yield server, "/healthz"
    else:
        async with open_worker(folder, rendering=False) as worker, served(build_app(worker.parts), **limits) as server:
            yield server, "/health"


async def connect(server: HttpServer) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", server.port)


async def health(server: HttpServer, path: str) -> int:
    async with httpx.AsyncClient(timeout=30) as http:
        return (await http.get(f"http://127.0.0.1:{server.port}{path}")).status_code


@pytest.mark.parametrize("side", ["bot", "worker"])
async def test_1100_half_sent_requests_leave_health_answering_and_the_log_short(
    side: str, tmp_path: Path, many_files: None, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_side(side, tmp_path, connections=200) as (server, path):
        callers = []
        for number in range(1100):
            callers.append(await connect(server))
            callers[-1][1].write(HALF[number % len(HALF)])
        caplog.clear()
        with caplog.at_level(logging.INFO):
            assert [await health(server, path) for _ in range(20)] == [200] * 20
        assert len(server.server_state.connections) <= 200
        assert len([record for record in caplog.records if record.name.startswith(("uvicorn", "asyncio"))]) < 10
        for _, writer in callers:
            writer.transport.abort()


@pytest.mark.parametrize("half", HALF)
@pytest.mark.parametrize("side", ["bot", "worker"])
async def test_whoever_sends_half_is_closed(side: str, half: bytes, tmp_path: Path) -> None:
    limits = {"head_seconds": 0.05, "body_seconds": 0.05, "keep_alive_seconds": 0.05}
    async with a_side(side, tmp_path, **limits) as (server, _), asyncio.timeout(20):
        reader, writer = await connect(server)
        writer.write(half)
        with contextlib.suppress(ConnectionResetError):
            while await reader.read(MIB):
                pass
        writer.close()


async def test_the_one_that_was_silent_for_longest_makes_room(tmp_path: Path) -> None:
    async with a_side("bot", tmp_path, connections=3) as (server, _), asyncio.timeout(20):
        readers = []
        for _ in range(3):
            reader, writer = await connect(server)
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            await reader.readuntil(b"{}}")
            readers.append((reader, writer))
        # the first speaks again, so the second is the silent one
        readers[0][1].write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await readers[0][0].readuntil(b"{}}")
        readers.append(await connect(server))
        with contextlib.suppress(ConnectionResetError):
            assert await readers[1][0].read() == b""
        readers[2][1].write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert await readers[2][0].readuntil(b"{}}")
        for _, writer in readers:
            writer.close()


async def waits(_: Request) -> StreamingResponse:
    """An answer without end."""

    async def chunks() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65_536
            await asyncio.sleep(0)

    return StreamingResponse(chunks())


async def test_where_all_are_being_answered_another_is_told_to_come_again() -> None:
    async with served(Starlette(routes=[Route("/", waits)]), connections=2) as server, asyncio.timeout(20):
        busy = [await connect(server) for _ in range(2)]
        for reader, writer in busy:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readexactly(MIB)
        reader, writer = await connect(server)
        assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
        for _, other in (*busy, (reader, writer)):
            other.transport.abort()


async def test_a_caller_who_takes_nothing_is_closed() -> None:
    async with served(Starlette(routes=[Route("/", waits)]), unread_seconds=0.05) as server, asyncio.timeout(20):
        _, writer = await connect(server)
        writer.transport.pause_reading()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        while not server.server_state.total_requests and not server.server_state.tasks:
            await asyncio.sleep(0)
        while server.server_state.connections:
            await asyncio.sleep(0.001)
        writer.transport.abort()


async def test_a_flood_of_requests_on_one_connection_is_cut_off() -> None:
    answered = 0
    gate = asyncio.Event()

    async def count(_: Request) -> PlainTextResponse:
        nonlocal answered
        answered += 1
        await gate.wait()
        return PlainTextResponse("ok")

    async with served(Starlette(routes=[Route("/", count)])) as server, asyncio.timeout(20):
        reader, writer = await connect(server)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 10_000)
        # the system resets a connection that is closed with bytes unread
        with contextlib.suppress(ConnectionResetError):
            assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        gate.set()
        assert answered == 1
        writer.close()


async def test_a_few_requests_in_a_row_are_answered_in_order(tmp_path: Path) -> None:
    async with a_side("bot", tmp_path) as (server, _), asyncio.timeout(20):
        reader, writer = await connect(server)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 8)
        for _ in range(8):
            assert (await reader.readuntil(b"{}}")).startswith(b"HTTP/1.1 200 ")
        writer.close()


async def test_a_slow_body_that_goes_on_has_more_time() -> None:
    async def length(http: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await http.body())))

    app = Starlette(routes=[Route("/", length, methods=["POST"])])
    # 40 KiB have earned forty seconds by the time at which the first twentieth of a second is over
    async with served(app, body_seconds=0.05) as server, asyncio.timeout(20):
        reader, writer = await connect(server)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40961\r\n\r\n" + b"x" * 40_960)
        # a later one that has earned nothing: when it is closed, the first one's time is over too
        late, idle = await connect(server)
        idle.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            await late.read()
        idle.close()
        writer.write(b"x")
        assert (await reader.readuntil(b"40961")).startswith(b"HTTP/1.1 200 ")
        writer.close()


@pytest.mark.parametrize(
    "begun", [b"G", b"GET /", b"GET / HT", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n"]
)
async def test_a_large_body_may_come_in_one_packet_with_the_begin_of_the_next_request(begun: bytes) -> None:
    async def length(http: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await http.body())))

    app = Starlette(routes=[Route("/", length, methods=["GET", "POST"])])
    rest = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[len(begun) :]
    async with served(app) as server, asyncio.timeout(20):
        reader, writer = await connect(server)
        # the head in a packet of its own: the next is as large as the server reads at once
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        while not server.server_state.tasks:
            await asyncio.sleep(0)
        writer.write(b"x" * 100_000 + begun)
        assert (await reader.readuntil(b"100000")).startswith(b"HTTP/1.1 200 ")
        writer.write(rest)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        writer.close()


async def test_a_head_after_another_request_ends_too() -> None:
    async with served(Starlette(routes=[])) as server, asyncio.timeout(20):
        reader, writer = await connect(server)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nx: " + b"y" * 2 * MIB)
        with contextlib.suppress(ConnectionResetError):
            while await reader.read(MIB):
                pass
        writer.close()


@pytest.mark.parametrize(
    "noise",
    [
        b"hello\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
)
@pytest.mark.parametrize("side", ["bot", "worker"])
async def test_malformed_requests_are_said_once_a_minute(
    side: str, noise: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def send_noise(server: HttpServer) -> None:
        reader, writer = await connect(server)
        writer.write(noise)
        writer.write_eof()
        with contextlib.suppress(ConnectionResetError):
            await reader.read()
        writer.close()

    # side by side: some of them are closed by their deadline only, and fifty deadlines are long
    async with a_side(side, tmp_path, head_seconds=0.2, keep_alive_seconds=0.05) as (server, _), asyncio.timeout(20):
        await asyncio.gather(*(send_noise(server) for _ in range(50)))
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert 1 <= len(said) <= 2


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/nothing"])
@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("[::1", 403),
        ("127.0.0.1:8080", 200),
        ("localhost", 200),
        ("bot.example.org", 200),
    ],
)
async def test_the_bots_pages_answer_to_names_of_this_machine_and_to_the_public_one(
    path: str, host: str, code: int
) -> None:
    pages = HealthPages(a_report, all_well).routes()
    app = web_app(pages, [], host="127.0.0.1", public_url="https://bot.example.org/flipbook")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
        answer = await http.get(path, headers={"host": host})
    assert answer.status_code == (404 if code == 200 and path == "/nothing" else code)


@pytest.mark.parametrize("host", ["127.0.0.1", "bot.example.org", "evil.example"])
@pytest.mark.parametrize(
    ("path", "allowed"), [("/slack/events", "POST"), ("/webhooks/fal/1", "POST"), ("/clips/1.mp4", "GET")]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "ODD"])
async def test_a_route_under_another_method_says_which_it_has(host: str, path: str, allowed: str, method: str) -> None:
    async def well(_: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    app = web_app(
        [*HealthPages(a_report, all_well).routes()],
        [Route(path, well, methods=[allowed])],
        host="127.0.0.1",
        public_url="https://bot.example.org",
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
        answer = await http.request(method, path, headers={"host": host})
    is_allowed = method == allowed or (method, allowed) == ("HEAD", "GET")
    assert answer.status_code == (200 if is_allowed else 405)
    assert is_allowed or allowed in answer.headers["allow"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "ODD"])
@pytest.mark.parametrize(("host", "code"), [("localhost", 405), ("bot.example.org", 405), ("evil.example", 403)])
async def test_a_page_under_another_method_says_which_it_has(host: str, code: int, method: str) -> None:
    pages = HealthPages(a_report, all_well).routes()
    app = web_app(pages, [], host="127.0.0.1", public_url="https://bot.example.org")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
        assert (await http.request(method, "/healthz", headers={"host": host})).status_code == code
