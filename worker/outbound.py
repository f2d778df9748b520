"""The worker's only way out: POSTs to addresses that strangers name, and never into the operator's own networks."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Self

import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host and a port to its IP addresses; raises OSError when there are none."""

CONNECT_SECONDS: Final = 10.0
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class Forbidden(Exception):
    """The address is none that the worker may call; trying again does not help."""


class Undelivered(Exception):
    """Nobody answered; the message says how it failed."""


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[4][0]) for address in found]


class Outbound:
    """An HTTP client that looks where it goes: the address that was judged is the address that is called."""

    def __init__(
        self,
        *,
        to_private: bool,
        resolve: Resolver = resolve_by_system,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """``to_private`` allows this machine and private networks; ``transport`` replaces the network."""
        self._to_private = to_private
        self._resolve = resolve
        self._client = httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> int:
        """The status code of the answer, whose body nobody reads. Raises Forbidden or Undelivered."""
        target = _parse(url)
        address = await self._judged(target)
        request = self._client.build_request(
            "POST",
            target.copy_with(host=address),
            content=body,
            headers={**headers, "host": target.netloc.decode(), "content-type": "application/json"},
            extensions={"sni_hostname": target.host},
            timeout=httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)),
        )
        try:
            async with asyncio.timeout(seconds):
                response = await self._client.send(request, stream=True)
                await response.aclose()
        except (httpx.HTTPError, TimeoutError) as error:
            raise Undelivered(str(error) or type(error).__name__) from error
        return response.status_code

    async def _judged(self, target: httpx.URL) -> str:
        port = target.port or (443 if target.scheme == "https" else 80)
        try:
            addresses = await self._resolve(target.host, port)
        except OSError as error:
            raise Undelivered(f"{target.host} has no address: {error}") from error
        if not addresses:
            raise Undelivered(f"{target.host} has no address")
        if not self._to_private and not all(is_public(address) for address in addresses):
            raise Forbidden(f"{target.host} is not on the public internet")
        return addresses[0]


def is_public(address: str) -> bool:
    """True for addresses of the public internet, in whatever way IPv6 may wrap them."""
    try:
        ip = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    return ip.is_global and not ip.is_multicast


def _unwrapped(ip: Address) -> Address:
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(ip.packed[-4:])
    return ip.ipv4_mapped or ip.sixtofour or ip


def _parse(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Forbidden(f"not a URL: {error}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo:
        raise Forbidden("only http and https URLs with a host and without a password are called")
    return parsed
