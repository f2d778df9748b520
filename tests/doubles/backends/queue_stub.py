"""A queue with one request over real HTTP, and a client for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from doubles.backends.queue_backend import ACCEPTED, KEY, in_queue
from doubles.http.live_http import Handle, RawServer
from generation.backends.client import QueueClient
from generation.backends.transport import Timeouts
from generation.protocol.clock import SystemClock
from generation.protocol.proxies import Proxies

APP = "/fal-ai/fast-animatediff"
MOVIE = bytes(range(256)) * 1000


def a_client(base: str, *, proxies: Proxies | None = None, **timeouts: float) -> QueueClient:
    return QueueClient(
        "worker",
        base,
        KEY,
        resubmits_safely=True,
        clock=SystemClock(),
        timeouts=Timeouts(**{"read": 5.0, **timeouts}),
        patience=0.0,
        proxies=proxies,
        jitter=lambda: 0.0,
    )


@dataclass
class Stub:
    """A queue with one request: each stream begins with ``hello`` and goes on with what a test puts into ``chunks``."""

    chunks: asyncio.Queue[bytes | None] = field(default_factory=asyncio.Queue)
    hello: bytes = b""
    status: dict[str, object] = field(default_factory=in_queue)
    opened: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[Request] = field(default_factory=list)

    def app(self) -> Starlette:
        request = f"{APP}/requests/{{id}}"
        return Starlette(
            routes=[
                Route(f"{APP}/text-to-video", self.submit, methods=["POST"]),
                Route(f"{request}/status/stream", self.stream),
                Route(f"{request}/status", self.poll),
                Route(f"{request}", self.result),
                Route(f"{request}/cancel", self.cancel, methods=["PUT"]),
                Route("/files/a.mp4", self.file),
            ]
        )

    async def submit(self, request: Request) -> Response:
        self.seen.append(request)
        return JSONResponse({**ACCEPTED, "echo": await request.json()})

    async def stream(self, request: Request) -> Response:
        self.opened += 1
        return StreamingResponse(self._events(), media_type="text/event-stream")

    async def _events(self) -> AsyncIterator[bytes]:
        try:
            yield self.hello
            while (chunk := await self.chunks.get()) is not None:
                yield chunk
        finally:
            self.left.set()

    async def poll(self, request: Request) -> Response:
        return JSONResponse(self.status, 200 if self.status["status"] == "COMPLETED" else 202)

    async def result(self, request: Request) -> Response:
        return JSONResponse({"video": {"url": f"{request.base_url}files/a.mp4"}, "seed": 7})

    async def cancel(self, request: Request) -> Response:
        return JSONResponse({"status": "CANCELLATION_REQUESTED"}, 202)

    async def file(self, request: Request) -> Response:
        self.seen.append(request)
        return Response(MOVIE, media_type="video/mp4")


def saying(answer: bytes) -> Callable[[RawServer], Handle]:
    """A raw server that answers every request with these bytes."""

    def make(seen: RawServer) -> Handle:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await seen.read_request(reader)
            writer.write(answer)

        return handle

    return make
