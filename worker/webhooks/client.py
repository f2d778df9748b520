"""The worker's webhook client: POSTs to URLs that callers name, on the public internet unless the
operator allows private networks too."""

import asyncio
from collections.abc import Mapping
from typing import Final, Self

import httpx

from generation.protocol.net_guard import (
    AddressRefused,
    NetGuard,
    Resolver,
    resolve_by_system,
    send_to,
)

CONNECT_SECONDS: Final = 10.0
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Undelivered(Exception):
    """No answer came; the message says how it failed."""


class WebhookClient:
    """An HTTP client for URLs that callers name: it connects only to addresses that were judged."""

    def __init__(
        self,
        *,
        to_private: bool,
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

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float
    ) -> int:
        """The status code of the answer, whose body is not read. Raises AddressRefused, which
        another try does not change, or Undelivered."""
        target = _parsed(url)
        addresses = await self._addresses_of(target)
        request = self._client.build_request(
            "POST",
            target,
            content=body,
            headers={**headers, "content-type": "application/json"},
            timeout=httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)),
        )
        try:
            async with asyncio.timeout(seconds):
                # the name goes into the Host header by itself, from the request's URL
                response = await send_to(self._client, request, addresses)
                await response.aclose()
        # UnicodeError: httpx reads where an answer redirects to, which may be no international name
        except (httpx.HTTPError, TimeoutError, UnicodeError) as error:
            raise Undelivered(str(error) or type(error).__name__) from error
        return response.status_code

    async def _addresses_of(self, target: httpx.URL) -> tuple[str, ...]:
        # the encoded form of an international name, so that both encode it alike
        host, port = target.raw_host.decode("ascii"), target.port or _DEFAULT_PORTS[target.scheme]
        try:
            return await self._guard.judge(host, port)
        except OSError as error:
            raise Undelivered(f"{host} has no address: {error}") from error


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
        # ValueError: of a host that only looks like an encoded international one
        host = parsed.host
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressRefused(f"not a URL: {error}") from error
    if parsed.scheme not in _DEFAULT_PORTS or not host or parsed.userinfo:
        raise AddressRefused(
            "only http and https URLs with a host and without a password are called"
        )
    return parsed
