"""Real servers at 127.0.0.1: a correct HTTP server, and one that does with a connection what a test says."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def http_server(app: Starlette) -> AsyncIterator[str]:
    """Serve an app on a free port; its address."""
    config = uvicorn.Config(app, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1)
    server = _Server(config)
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve(sockets=[listening]))
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:
                server.should_exit = True


Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """What a raw server has seen: its address, its connections, the requests that were read, and whether it hung up."""

    url: str
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    hung_up: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def read_request(self, reader: asyncio.StreamReader) -> None:
        """Read one request with its body."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:")), 0)
        self.requests.append(head + await reader.readexactly(length))


@asynccontextmanager
async def raw_server(handle: Callable[["RawServer"], Handle]) -> AsyncIterator[RawServer]:
    """Do as ``handle`` says with every connection, then close it."""
    seen = RawServer("")

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        try:
            await handle(seen)(reader, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
            seen.hung_up.release()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        seen.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield seen
