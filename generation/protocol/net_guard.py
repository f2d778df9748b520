"""The guard for addresses that strangers name: it resolves a host once, judges every address of
it, and the connection goes to an address that was judged.

A name that is resolved again for the connection could lead elsewhere by then (DNS rebinding). So
:func:`send_to` puts the judged address into the URL, and the name into the Host header and into
the TLS handshake, where the certificate must match it (httpx's ``sni_hostname`` extension).
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host and a port to the IP addresses of the host; raises OSError when there are none."""

_IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv4 behind a public translator (RFC 6052). 64:ff9b:1::/48 (RFC 8215) is for a network's own
translators, which may put the IPv4 address anywhere: it is outside of _GLOBAL_UNICAST, so never
public."""

_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All that IANA has allocated of the public IPv6 internet. Outside of it are loopback, link-local,
site-local, unique local, multicast, IPv4-compatible and reserved addresses."""

_TRY_NEXT_AFTER: Final = 2.0
"""Seconds to connect to an address while there are others: IPv6 may be broken where IPv4 works."""


class AddressRefused(Exception):
    """An address that must not be connected to; the message says why."""


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says. Raises OSError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        # Python encodes the name first, and a label over 63 characters has no encoding
        raise OSError("not a name that can be resolved") from error
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True, slots=True)
class NetGuard:
    """Allows connections to the public internet; with ``allows_private`` also to this machine and
    to private networks."""

    resolve: Resolver = resolve_by_system
    allows_private: bool = False

    async def judge(self, host: str, port: int) -> tuple[str, ...]:
        """Every address of a host, at least one, all of them allowed.

        Raises AddressRefused when one is not allowed, OSError when the host has no address.
        """
        # an address in the URL needs no resolver, and must not depend on one to be judged
        found = [host] if is_ip(host) else await self.resolve(host, port)
        if not found:
            raise OSError("no address")
        # all of them: a single private one among public ones is an attack, or may become one
        if not self.allows_private and not all(map(is_public, found)):
            raise AddressRefused(f"{host} leads to a private address")
        return tuple(dict.fromkeys(found))


def is_ip(host: str) -> bool:
    """Whether a host is an IP address in its usual notation."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet. IPv6 forms of IPv4 addresses count as the
    IPv4 address inside."""
    # without the zone of a link-local address ("fe80::1%eth0"), which tells nothing here
    try:
        ip = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    # Python calls some IPv6 blocks global that are not, and which ones depends on its version
    in_use = ip.version == 4 or ip in _GLOBAL_UNICAST
    return in_use and ip.is_global and not ip.is_multicast


def _unwrapped(ip: _IpAddress) -> _IpAddress:
    """The IPv4 address inside of ::ffff:0:0/96, 2002::/16 or 64:ff9b::/96, else the address."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(ip.packed[-4:])
    return ip.ipv4_mapped or ip.sixtofour or ip


async def send_to(
    client: httpx.AsyncClient, request: httpx.Request, addresses: Sequence[str]
) -> httpx.Response:
    """Send a request to the first of these addresses that takes the connection; the response's
    body is not read yet.

    The client must use no proxy, because a tunnel uses the URL's host, and keep no idle
    connections, because httpx keeps them by address, for whatever name they were opened. Raises
    what the client raises.
    """
    *others, last = addresses
    for address in others:
        try:
            return await client.send(_aimed(request, address, _TRY_NEXT_AFTER), stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            # nothing was sent yet, so another address of the same host may get the request
            continue
    return await client.send(_aimed(request, last), stream=True)


def _aimed(
    request: httpx.Request, address: str, connect_seconds: float | None = None
) -> httpx.Request:
    """The same request with the address in its URL and the name everywhere else."""
    extensions = {**request.extensions, "sni_hostname": request.url.raw_host.decode("ascii")}
    if connect_seconds is not None:
        # httpx keeps a request's time-outs among its extensions
        timeout = extensions.get("timeout", {})
        longest = timeout.get("connect") or connect_seconds
        extensions["timeout"] = {**timeout, "connect": min(longest, connect_seconds)}
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions=extensions,
    )
