"""Bytes to and from a backend over httpx: bounded, with deadlines, and telling "never sent" from "may have arrived"."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from typing import Final

import httpx
from httpx_sse import SSEError, aconnect_sse
from pydantic import SecretStr

from generation.queue_answers import Answer

MAX_ANSWER_BYTES: Final = 1024 * 1024
MAX_EVENT_BYTES: Final = 1024 * 1024
_POOLS_OF_STREAMS: Final = 16

_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""No connection, hence not one byte: refused, no such name, TLS failure, no free connection, a proxy's refusal."""


class Unreachable(Exception):
    """Provably nothing was sent."""


class Broken(Exception):
    """The exchange broke after it may have reached the other side."""


class AnswerTooLarge(Broken):
    """The answer went on beyond what any honest one needs."""


class StreamRefused(Exception):
    """The other side has no event stream for us; polling is left."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, between two bytes, for a whole exchange, between two events, for a whole download."""

    connect: float = 10.0
    read: float = 30.0
    exchange: float = 60.0
    events: float = 30.0
    download: float = 900.0
    idle: float = 2.0
    """How long an unused connection is kept. Less than servers keep theirs (uvicorn: 5 s), or a submit could meet the
    closing one and nobody would know whether it arrived."""


@dataclass(frozen=True, slots=True)
class Download:
    """The head of a file on its way, and its chunks."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


@cache
def _trust() -> ssl.SSLContext:
    """Whom we trust; reading the certificates takes some 30 milliseconds of processor, once is enough."""
    return httpx.create_ssl_context()


class QueueTransport:
    """Short calls have a pool of their own, because a hundred open streams would starve a submit; streams have several,
    because httpx goes through all connections of a pool whenever one of them begins or ends.

    The key goes only where the caller says so; redirects are never followed. ``direct_host`` is reached without the
    environment's proxy, ``transport`` replaces the network.
    """

    def __init__(
        self,
        key: SecretStr | None,
        timeouts: Timeouts,
        *,
        direct_host: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._authorization = {"Authorization": f"Key {_clean(key)}"} if key is not None else {}
        self._timeouts = timeouts
        wait = httpx.Timeout(timeouts.read, connect=timeouts.connect, pool=timeouts.connect)
        short = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=timeouts.idle)
        long = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        mounts = {f"all://{direct_host}": transport} if direct_host else None
        self._short, *self._pools = (
            httpx.AsyncClient(transport=transport, mounts=mounts, timeout=wait, limits=limits, verify=_trust())
            for limits in (short, *[long] * _POOLS_OF_STREAMS)
        )
        self._next_pool = cycle(self._pools)

    async def close(self) -> None:
        """Hang up."""
        for client in (self._short, *self._pools):
            await client.aclose()

    async def exchange(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """One request and its whole answer, whatever its status. Raises Unreachable, Broken or AnswerTooLarge."""
        sent = self._headers(headers or {}, with_key=True)
        try:
            async with (
                asyncio.timeout(self._timeouts.exchange),
                self._short.stream(method, url, headers=sent, content=body) as response,
            ):
                return Answer(response.status_code, await _whole(response), _lower(response.headers))
        except _NEVER_SENT as error:
            raise Unreachable(_words(error)) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise Broken(_words(error)) from error

    async def events(self, url: str) -> AsyncGenerator[str, None]:
        """The data of each server-sent event. Raises StreamRefused, Unreachable, or Broken when it ends badly."""
        try:
            async with aconnect_sse(
                next(self._next_pool), "GET", url, headers=self._headers({}, with_key=True)
            ) as source:
                response = source.response
                if response.status_code != 200 or "content-encoding" in response.headers:
                    raise StreamRefused(f"HTTP {response.status_code}")
                meter = _Metered(response.stream)
                response.stream = meter
                async for event in source.aiter_sse():
                    meter.since_event = 0
                    if event.data:
                        yield event.data
        except SSEError as error:
            raise StreamRefused(str(error)) from error
        except _NEVER_SENT as error:
            raise Unreachable(_words(error)) from error
        except httpx.HTTPError as error:
            raise Broken(_words(error)) from error

    @asynccontextmanager
    async def download(self, url: str, *, with_key: bool) -> AsyncIterator[Download]:
        """A file's bytes as they are stored. Raises Unreachable or Broken, while reading too."""
        try:
            async with (
                asyncio.timeout(self._timeouts.download),
                next(self._next_pool).stream("GET", url, headers=self._headers({}, with_key=with_key)) as response,
            ):
                yield Download(response.status_code, _lower(response.headers), response.aiter_raw())
        except _NEVER_SENT as error:
            raise Unreachable(_words(error)) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise Broken(_words(error)) from error

    def _headers(self, more: Mapping[str, str], *, with_key: bool) -> dict[str, str]:
        base = {"User-Agent": "flipbook", "Accept-Encoding": "identity"}
        return {**base, **(self._authorization if with_key else {}), **more}


class _Metered(httpx.AsyncByteStream):
    """A stream that breaks when one event alone outgrows every honest one."""

    def __init__(self, stream: object) -> None:
        assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101 - an asynchronous client has no other
        self._stream = stream
        self.since_event = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:
            self.since_event += len(chunk)
            if self.since_event > MAX_EVENT_BYTES:
                raise httpx.DecodingError(f"an event of more than {MAX_EVENT_BYTES} bytes")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _whole(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise AnswerTooLarge(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
    return bytes(body)


def _lower(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _clean(key: SecretStr) -> str:
    """The key, if it can stand in a header. Raises ValueError, which never quotes it."""
    secret = key.get_secret_value().strip()
    if not secret or not secret.isascii() or not secret.isprintable():
        raise ValueError("the backend's key is empty or holds characters that no key has")
    return secret
