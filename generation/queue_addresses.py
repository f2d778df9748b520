"""Where a clip may be fetched from, and who may be shown the key: a backend's answer is no reason to go just anywhere.

- Only absolute http and https URLs without user names, and from an https backend only https ones.
- The key goes to the backend's own origin and nowhere else, not even after a redirect.
- Our own worker may sit behind a tunnel and think that it is at 127.0.0.1: a clip under its files path is fetched from
  the address that was configured, whatever host the worker names.
- A backend on the public internet cannot send us to private or loopback addresses; one that is private itself may.
  A name that cannot be resolved here is left to the connection attempt: behind a proxy only the proxy can resolve it.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import SplitResult, urljoin, urlsplit

from generation.wire import FILES_PATH

_HARMLESS: Final = re.compile(r"[!#-\[\]_a-z~]{1,4096}", re.IGNORECASE)
"""Printable ASCII without quotes, backslash, caret, backtick and braces: no parser reads such a URL differently."""

_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]", re.IGNORECASE)

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""From a host name and port to the addresses that it stands for; raises OSError."""


class BadAddress(Exception):
    """An address that we do not go to; the message says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """An absolute http or https URL in parts that every reader agrees on."""

    scheme: str
    host: str
    port: int
    rest: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read a URL. Raises BadAddress."""
        if not _HARMLESS.fullmatch(url):
            raise BadAddress("not a plain URL")
        try:
            parts, port = urlsplit(url), urlsplit(url).port
        except ValueError as error:
            raise BadAddress("not a URL") from error
        if parts.scheme not in {"http", "https"} or parts.username is not None or parts.password is not None:
            raise BadAddress("not an http or https URL without a user name")
        host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc.rstrip(":")
        if not _HOST.fullmatch(host) or port == 0:
            raise BadAddress("no usable host")
        return cls(parts.scheme, host.lower(), port or (443 if parts.scheme == "https" else 80), _rest(parts))

    def __str__(self) -> str:
        default = {"http": 80, "https": 443}[self.scheme]
        return f"{self.scheme}://{self.host}{'' if self.port == default else f':{self.port}'}{self.rest}"

    @property
    def bare_host(self) -> str:
        """The host without an IPv6 address's brackets."""
        return self.host.strip("[]")

    def same_origin(self, other: Self) -> bool:
        """Whether both lead to the same server."""
        return (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)

    def redirected(self, location: str) -> Self:
        """Where a redirect leads from here. Raises BadAddress."""
        if not _HARMLESS.fullmatch(location):
            raise BadAddress("a redirect to no plain URL")
        try:
            return self.parse(urljoin(str(self), location))
        except ValueError as error:
            raise BadAddress("a redirect to no URL") from error


@dataclass(frozen=True, slots=True)
class Base:
    """A backend's configured address; ``url`` has no slash at its end."""

    url: str
    address: Address

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read what the operator configured. Raises ValueError with a sentence that does not quote it."""
        try:
            address = Address.parse(url.strip())
        except BadAddress as error:
            raise ValueError(f"the backend's address cannot be used: {error}") from error
        if "?" in url or "#" in url:
            raise ValueError("the backend's address cannot be used: it has a query or a fragment")
        return cls(str(address).rstrip("/"), address)

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        host = self.address.bare_host
        return host == "localhost" or (_is_ip(host) and ipaddress.ip_address(host).is_loopback)

    @property
    def is_private(self) -> bool:
        """Whether it is on this machine or a private network, as far as its name tells."""
        host = self.address.bare_host
        named = "." not in host and ":" not in host
        return named or host.endswith((".local", ".internal", ".lan")) or (_is_ip(host) and not _is_public(host))


@dataclass(frozen=True, slots=True)
class ClipRules:
    """The rules above for one backend; ``own_worker`` says that its files path may be believed."""

    base: Base
    own_worker: bool
    resolve: Resolver

    def address_of(self, url: str) -> Address:
        """Where to fetch a clip that the backend says is at ``url``. Raises BadAddress."""
        address = Address.parse(url)
        if self.own_worker and address.rest.startswith(FILES_PATH) and "/.." not in address.rest:
            return Address.parse(self.base.url + address.rest)
        return address

    async def check(self, address: Address) -> None:
        """Raise BadAddress when the backend has no business sending us there."""
        if address.same_origin(self.base.address):
            return
        if self.base.address.scheme == "https" and address.scheme != "https":
            raise BadAddress("not https")
        if self.base.is_private:
            return
        try:
            found = await self.resolve(address.bare_host, address.port)
        except OSError:
            return
        if not all(_is_public(ip) for ip in found):
            raise BadAddress("a private address")

    def shows_key(self, address: Address) -> bool:
        """Whether that server may see the key."""
        return address.same_origin(self.base.address)


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """What the system's resolver says."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def _rest(parts: SplitResult) -> str:
    query = f"?{parts.query}" if parts.query else ""
    return (parts.path or "/") + query


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_public(ip: str) -> bool:
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(mapped.is_global) and not mapped.is_multicast
