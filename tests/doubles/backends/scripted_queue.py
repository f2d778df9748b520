"""A queue backend that answers exactly what a test wrote down, in place of httpx's network."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

Body = bytes | str | dict[str, Any] | list[Any] | None


@dataclass
class Reply:
    """One answer. ``chunks`` arrive one by one; an exception among them breaks the connection, ``None`` hangs it."""

    status: int = 200
    body: Body = None
    headers: Mapping[str, str] = field(default_factory=dict)
    chunks: Iterable[bytes | Exception | None] | None = None

    def response(self) -> httpx.Response:
        headers = dict(self.headers)
        if self.chunks is not None:
            return httpx.Response(self.status, headers=headers, stream=_Chunks(self.chunks))
        if isinstance(self.body, dict | list):
            headers.setdefault("content-type", "application/json")
            return httpx.Response(self.status, headers=headers, stream=_Chunks([json.dumps(self.body).encode()]))
        raw = self.body.encode() if isinstance(self.body, str) else self.body or b""
        return httpx.Response(self.status, headers=headers, stream=_Chunks([raw] if raw else []))


Line = Reply | Exception | Callable[[httpx.Request], Reply]


class _Chunks(httpx.AsyncByteStream):
    def __init__(self, chunks: Iterable[bytes | Exception | None]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            if chunk is None:
                await asyncio.Event().wait()
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk


class ScriptedQueue(httpx.AsyncBaseTransport):
    """Answers ``METHOD path?query``, or a whole URL, with the next line written for it; the last line is repeated.

    ``asked`` lists what was asked for; ``requests`` holds the requests themselves. A request without a line fails.
    """

    def __init__(self) -> None:
        self._lines: dict[str, list[Line]] = {}
        self.requests: list[httpx.Request] = []

    def on(self, asked: str, *lines: Line) -> None:
        self._lines[asked] = list(lines)

    @property
    def asked(self) -> list[str]:
        return [_asked(request) for request in self.requests]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        lines = self._lines.get(_asked(request)) or self._lines.get(url_by_name(request))
        if not lines:
            raise AssertionError(f"no answer was written for {_asked(request)}")
        line = lines.pop(0) if len(lines) > 1 else lines[0]
        if isinstance(line, Exception):
            raise line
        return (line if isinstance(line, Reply) else line(request)).response()


def url_by_name(request: httpx.Request) -> str:
    """The URL with its host's name, where the request goes to one address of it."""
    return str(request.url.copy_with(netloc=request.headers["host"].encode()))


def _asked(request: httpx.Request) -> str:
    return f"{request.method} {request.url.raw_path.decode()}"


def events(*bodies: Mapping[str, Any] | str, ping: bool = False) -> bytes:
    """Server-sent events as fal writes them."""
    pings = ": ping\n\n" if ping else ""
    texts = (body if isinstance(body, str) else json.dumps(body) for body in bodies)
    return "".join(f"{pings}data: {text}\n\n" for text in texts).encode()


def event_stream(*chunks: bytes | Exception | None) -> Reply:
    """An event stream of these chunks, which then ends."""
    return Reply(200, headers={"content-type": "text/event-stream"}, chunks=chunks)
