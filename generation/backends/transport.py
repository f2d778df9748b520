"""Bytes to and from a backend over httpx: bounded, with deadlines, and telling "never sent" from
"may have arrived"."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cache
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Final

import httpx
from pydantic import SecretStr

from generation.backends.bounded import (
    PLAIN,
    BodyTooLarge,
    EventPaces,
    EventReader,
    StreamTooFast,
    chunks_of,
    is_plain,
    read_whole,
)
from generation.backends.direct import DirectTransport
from generation.backends.responses import BackendResponse
from generation.protocol.net_guard import send_to
from generation.protocol.proxies import Proxies, ProxyUnusable

MAX_ANSWER_BYTES: Final = 1024 * 1024
_MOST_EXCHANGES: Final = 100
_EVENTS_ONLY: Final = {"Accept": "text/event-stream", "Cache-Control": "no-store"}

_NEVER_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""No connection, so not one byte was sent: refused, no such name, TLS failure, no free connection,
a proxy's refusal."""


_NO_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"})
"""OpenSSL's words for an answer in plain text."""


class Unreachable(Exception):
    """Nothing was sent, for certain."""


class ConnectionBroken(Exception):
    """The connection broke after the request may have arrived."""


class AnswerTooLarge(ConnectionBroken):
    """The answer is larger than any that the protocol knows."""


class StreamRefused(Exception):
    """The backend offers no event stream that can be used; it can only be polled."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, between two bytes, for a whole exchange, between two events, for a whole
    download."""

    connect: float = 10.0
    read: float = 30.0
    exchange: float = 60.0
    events: float = 30.0
    download: float = 900.0
    idle: float = 2.0
    """How long an unused connection is kept: less than servers keep theirs (uvicorn: 5 s)."""


@dataclass(frozen=True, slots=True)
class Download:
    """The head of a file's answer, and its chunks."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


@cache
def _trusted_certificates() -> ssl.SSLContext:
    """One context for all clients: reading the certificates takes some 30 ms of processor time."""
    return httpx.create_ssl_context()


def trusting(ca_file: Path) -> ssl.SSLContext:
    """The system's certificates, and those in a file (PEM). Raises OSError, of which ssl.SSLError
    is one."""
    context = httpx.create_ssl_context()
    context.load_verify_locations(ca_file)
    return context


class QueueTransport:
    """Sends a backend's requests. Short exchanges have connections of their own, because a hundred
    open streams would starve them; every submit has a new one, because on a connection that the
    server closes at that moment its outcome would be unknown.

    The key goes only where the caller says so; redirects are never followed. ``home`` is the
    backend's own address, ``transport`` replaces the network. Raises ProxyUnusable.
    """

    def __init__(
        self,
        key: SecretStr | None,
        timeouts: Timeouts,
        *,
        home: str,
        proxies: Proxies | None = None,
        trust: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._authorization = {"Authorization": f"Key {_checked(key)}"} if key is not None else {}
        self._timeouts = timeouts
        self._network = transport
        self._waits = httpx.Timeout(timeouts.read, connect=timeouts.connect, pool=timeouts.connect)
        self._proxies = proxies or Proxies()
        self._trust = trust or _trusted_certificates()
        proxy = None if transport else self._proxies.for_url(home)
        self._submits, self._exchanges, self._streams = (
            httpx.AsyncClient(
                transport=transport or _network(self._trust, proxy, most_connections, idle),
                timeout=self._waits,
                # httpx would read the environment its own way, and fail at half of it
                trust_env=False,
                cookies=_NoCookies(),
            )
            for most_connections, idle in (
                (_MOST_EXCHANGES, 0.0),
                (_MOST_EXCHANGES, timeouts.idle),
                (None, timeouts.idle),
            )
        )

    async def close(self) -> None:
        """Close all connections."""
        for client in (self._submits, self._exchanges, self._streams):
            await client.aclose()

    async def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> BackendResponse:
        """One request and its whole answer, whatever its status. Raises Unreachable,
        ConnectionBroken or AnswerTooLarge."""
        sent = self._headers(headers or {}, with_key=True)
        client = self._submits if method == "POST" else self._exchanges
        # httpx limits each byte's wait, but not the sum of them
        with _network_errors():
            async with (
                asyncio.timeout(self._timeouts.exchange),
                client.stream(method, url, headers=sent, content=body) as response,
            ):
                body = await read_whole(response, MAX_ANSWER_BYTES)
                return BackendResponse(response.status_code, body, _lower(response.headers))

    async def events(self, url: str) -> AsyncGenerator[bytes, None]:
        """The data of each server-sent event. Raises StreamRefused, also when it brings more than
        a request has to say, Unreachable, or ConnectionBroken when it ends badly."""
        headers = self._headers(_EVENTS_ONLY, with_key=True)
        # how long a silence may last is the caller's to say: a timer for each read costs more than
        # what is read
        waits = httpx.Timeout(None, connect=self._timeouts.connect, pool=self._timeouts.connect)
        with _network_errors():
            async with self._streams.stream("GET", url, headers=headers, timeout=waits) as response:
                kind = response.headers.get("content-type", "").partition(";")[0]
                if response.status_code != 200 or not is_plain(response.headers):
                    raise StreamRefused(f"HTTP {response.status_code}")
                if kind.strip().lower() != "text/event-stream":
                    raise StreamRefused("an answer without events")
                reader = EventReader(EventPaces())
                async for chunk in chunks_of(response):
                    for data in reader.read(chunk):
                        yield data

    @asynccontextmanager
    async def download(
        self, url: str, *, with_key: bool, connect_to: Sequence[str] | None = None
    ) -> AsyncIterator[Download]:
        """A file's bytes as they are stored. Raises Unreachable or ConnectionBroken, while reading
        too.

        The key goes to the backend's own address only. ``connect_to`` are the only addresses to
        connect to; None goes wherever the host's name leads. Through a proxy it is the proxy that
        resolves the name.
        """
        headers = self._headers({}, with_key=with_key)
        with _network_errors():
            async with asyncio.timeout(self._timeouts.download):
                response = (
                    self._streams.stream("GET", url, headers=headers)
                    if with_key
                    else self._elsewhere(url, headers, connect_to)
                )
                async with response as head:
                    yield Download(head.status_code, _lower(head.headers), head.aiter_raw())

    @asynccontextmanager
    async def _elsewhere(
        self, url: str, headers: Mapping[str, str], connect_to: Sequence[str] | None
    ) -> AsyncIterator[httpx.Response]:
        """The response to a GET of another server than the backend, from one of these addresses or
        through a proxy, on a connection of its own."""
        proxy = None if self._network else self._proxy_for(url)
        if not proxy and connect_to is not None and not connect_to:
            # httpx would resolve the name itself, and nothing would judge what it finds
            raise Unreachable("the host has no address")
        async with httpx.AsyncClient(
            transport=self._network,
            proxy=proxy,
            trust_env=False,
            timeout=self._waits,
            verify=self._trust,
        ) as client:
            request = client.build_request("GET", url, headers=headers)
            response = await (
                send_to(client, request, connect_to)
                if connect_to and not proxy
                else client.send(request, stream=True)
            )
            try:
                yield response
            finally:
                await response.aclose()

    def _proxy_for(self, url: str) -> str | None:
        try:
            return self._proxies.for_url(url)
        except ProxyUnusable as error:
            raise Unreachable(str(error)) from error

    def _headers(self, more: Mapping[str, str], *, with_key: bool) -> dict[str, str]:
        return {
            "User-Agent": "flipbook",
            **PLAIN,
            **(self._authorization if with_key else {}),
            **more,
        }


class _NoCookies(CookieJar):
    """Keeps none: no backend needs them, and httpx would keep as many as are sent."""

    def extract_cookies(self, *_: object) -> None:
        return None


def _network(
    trust: ssl.SSLContext, proxy: str | None, most_connections: int | None, idle: float
) -> httpx.AsyncBaseTransport:
    if proxy is None:
        return DirectTransport(trust, most_connections=most_connections or 0, idle=idle)
    limits = httpx.Limits(max_connections=most_connections, keepalive_expiry=idle)
    return httpx.AsyncHTTPTransport(verify=trust, limits=limits, proxy=proxy)


@contextmanager
def _network_errors() -> Iterator[None]:
    """Translate httpx's errors into those above."""
    try:
        yield
    except StreamTooFast as error:
        raise StreamRefused(str(error)) from error
    except BodyTooLarge as error:
        raise AnswerTooLarge(str(error)) from error
    except _NEVER_SENT as error:
        raise Unreachable(_reason(error)) from error
    except (httpx.HTTPError, TimeoutError) as error:
        raise ConnectionBroken(_reason(error)) from error


def _lower(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _reason(error: Exception) -> str:
    for cause in _causes(error):
        # aiohttp's errors are ssl's too, without their fields
        if message := getattr(cause, "verify_message", ""):
            return f"its certificate is not trusted: {message}"
        if isinstance(cause, ssl.SSLError) and getattr(cause, "reason", None) in _NO_TLS:
            return "what answers there does not speak https"
    # httpx's time-outs have no message
    return str(error) or type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _checked(key: SecretStr) -> str:
    """The key, if a header can hold it. Raises ValueError, which never quotes it."""
    secret = key.get_secret_value().strip()
    if not secret or not secret.isascii() or not secret.isprintable():
        raise ValueError("the backend's key is empty or holds characters that no key has")
    return secret
