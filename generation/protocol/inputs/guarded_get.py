"""Reads a file from a URL that a stranger named: only from addresses that were judged, redirects
included, and only so many bytes."""

import asyncio
from typing import Final, Self

import httpx

from generation.protocol.net_guard import (
    AddressRefused,
    NetGuard,
    Resolver,
    resolve_by_system,
    send_to,
)

REDIRECTS_AT_MOST: Final = 3
FETCH_SECONDS: Final = 20.0
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class FetchFailed(Exception):
    """No file came; the message says how it failed, and never names the URL."""


class FileTooLarge(Exception):
    """The file is larger than ``allowed`` bytes; the rest was not read."""

    def __init__(self, allowed: int) -> None:
        super().__init__(f"larger than {allowed} bytes")
        self.allowed = allowed


class GuardedFetcher:
    """An HTTP client for files at URLs that strangers name."""

    def __init__(
        self,
        *,
        to_private: bool = False,
        resolve: Resolver = resolve_by_system,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """``to_private`` allows this machine and private networks; ``transport`` replaces the
        network."""
        self._guard = NetGuard(resolve, allows_private=to_private)
        self._client = httpx.AsyncClient(
            transport=transport,
            # no proxy, which would resolve names itself, and no connection for a second name
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
            follow_redirects=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def get(self, url: str, *, most: int, seconds: float = FETCH_SECONDS) -> bytes:
        """The file's bytes. Raises AddressRefused, FileTooLarge, or FetchFailed."""
        target = _parsed(url)
        try:
            async with asyncio.timeout(seconds):
                for _ in range(REDIRECTS_AT_MOST + 1):
                    found = await self._get_once(target, most, seconds)
                    if isinstance(found, bytes):
                        return found
                    # judged like the first one
                    target = found
        # UnicodeError: httpx reads where an answer redirects to, which may be no international name
        except (httpx.HTTPError, OSError, TimeoutError, UnicodeError) as error:
            raise FetchFailed(type(error).__name__) from error
        raise FetchFailed(f"more than {REDIRECTS_AT_MOST} redirects")

    async def _get_once(self, target: httpx.URL, most: int, seconds: float) -> bytes | httpx.URL:
        """The bytes, or where the answer redirects to."""
        host, port = target.raw_host.decode("ascii"), target.port or _DEFAULT_PORTS[target.scheme]
        addresses = await self._guard.judge(host, port)
        # identity: what is compressed could unpack to any size
        headers = {"accept-encoding": "identity"}
        request = self._client.build_request("GET", target, headers=headers, timeout=seconds)
        response = await send_to(self._client, request, addresses)
        try:
            if response.is_redirect:
                return _parsed(str(target.join(response.headers.get("location", ""))))
            if response.status_code != httpx.codes.OK:
                raise FetchFailed(f"HTTP {response.status_code}")
            return await _read(response, most)
        finally:
            await response.aclose()


async def _read(response: httpx.Response, most: int) -> bytes:
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and int(announced[:20]) > most:
        raise FileTooLarge(most)
    body = bytearray()
    # raw: never decompressed, whatever the answer says of itself
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > most:
            raise FileTooLarge(most)
    return bytes(body)


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
        # ValueError: of a host that only looks like an encoded international one
        host = parsed.host
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressRefused("not a URL") from error
    if parsed.scheme not in _DEFAULT_PORTS or not host or parsed.userinfo:
        raise AddressRefused("only http and https URLs with a host and without a password are read")
    return parsed
