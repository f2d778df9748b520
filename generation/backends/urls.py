"""Where a clip may be fetched from, and which server gets the key. A backend's answer is not
trusted with either.

- Only absolute http and https URLs without user names, and from an https backend only https ones.
- The key goes to the backend's own origin and nowhere else, not even after a redirect.
- Our own worker may be behind a tunnel and believe that it is at 127.0.0.1: a clip under its files
  path is fetched from the configured address, whatever host the worker names.
- A backend on the public internet cannot send us to private or loopback addresses (see
  :mod:`generation.protocol.net_guard`); one on a private network may. A name that cannot be
  resolved here goes to the proxy, if there is one, because only the proxy may be able to.
"""

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

from generation.protocol.net_guard import AddressRefused, NetGuard, is_ip, is_public
from generation.protocol.wire import FILES_PATH

_PLAIN: Final = re.compile(r"[!#-\[\]_a-z~]{1,4096}", re.IGNORECASE)
"""Printable ASCII without quotes, backslash, caret, backtick and braces: all parsers read such a
URL alike."""

_HOST: Final = re.compile(
    r"[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]", re.IGNORECASE
)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class HttpUrl:
    """An absolute http or https URL that all parsers read alike, in parts; ``rest`` is path and
    query."""

    scheme: str
    host: str
    port: int
    rest: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL. Raises AddressRefused."""
        # first of all, because urlsplit drops tabs and line ends silently
        if not _PLAIN.fullmatch(text):
            raise AddressRefused("not a plain URL")
        try:
            parts, port = urlsplit(text), urlsplit(text).port
            # stricter in places, and what cannot be requested need not be resolved
            httpx.URL(text)
        except (ValueError, httpx.InvalidURL) as error:
            raise AddressRefused("not a URL") from error
        has_user = parts.username is not None or parts.password is not None
        if parts.scheme not in _DEFAULT_PORTS or has_user:
            raise AddressRefused("not an http or https URL without a user name")
        # from netloc, because urlsplit's own hostname drops the brackets of an IPv6 address
        host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc.rstrip(":")
        if not _HOST.fullmatch(host) or port == 0:
            raise AddressRefused("no usable host")
        return cls(parts.scheme, host.lower(), port or _DEFAULT_PORTS[parts.scheme], _rest(parts))

    def __str__(self) -> str:
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}{self.rest}"

    @property
    def bare_host(self) -> str:
        """The host without an IPv6 address's brackets."""
        return self.host.strip("[]")

    def same_origin(self, other: Self) -> bool:
        """Whether both lead to the same server."""
        return (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)

    def redirected(self, location: str) -> Self:
        """Where a redirect leads from here. Raises AddressRefused."""
        # a Location may be relative, so its characters are checked before it is joined
        if not _PLAIN.fullmatch(location):
            raise AddressRefused("a redirect to no plain URL")
        try:
            return self.parse(urljoin(str(self), location))
        except ValueError as error:
            raise AddressRefused("a redirect to no URL") from error


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A backend's configured address; ``text`` has no slash at its end."""

    text: str
    url: HttpUrl

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what the operator configured. Raises ValueError with a sentence that does not quote
        it."""
        try:
            url = HttpUrl.parse(text.strip())
        except AddressRefused as error:
            raise ValueError(f"the backend's address cannot be used: {error}") from error
        # paths are appended to it
        if "?" in text or "#" in text:
            raise ValueError("the backend's address cannot be used: it has a query or a fragment")
        return cls(str(url).rstrip("/"), url)

    @property
    def is_private(self) -> bool:
        """Whether it is on this machine or a private network, as far as its name tells."""
        host = self.url.bare_host
        # a name of one word resolves only in a local network or among containers
        is_local_name = "." not in host and ":" not in host
        return (
            is_local_name
            or host.endswith((".local", ".internal", ".lan"))
            or (is_ip(host) and not is_public(host))
        )


@dataclass(frozen=True, slots=True)
class ClipRules:
    """The rules above for one backend; ``own_worker`` says that its files path may be trusted."""

    base: BaseUrl
    own_worker: bool
    guard: NetGuard

    def url_of(self, text: str) -> HttpUrl:
        """Where to fetch what the backend says is at a URL. Raises AddressRefused."""
        url = HttpUrl.parse(text)
        # "/.." could lead out of the files path after all
        if self.own_worker and url.rest.startswith(FILES_PATH) and "/.." not in url.rest:
            return HttpUrl.parse(self.base.text + url.rest)
        return url

    async def check(self, url: HttpUrl) -> tuple[str, ...] | None:
        """The addresses to connect to, or None where the name is trusted: at the backend's own
        origin, and from a private backend. Empty when the host cannot be resolved here, so that
        only a proxy may be asked.

        Raises AddressRefused when the backend may not send us there.
        """
        if self.sends_key_to(url):
            return None
        if self.base.url.scheme == "https" and url.scheme != "https":
            raise AddressRefused("not https")
        # it is in the operator's own network, where its storage may be too
        if self.base.is_private:
            return None
        try:
            return await self.guard.judge(url.bare_host, url.port)
        except OSError:
            return ()

    def sends_key_to(self, url: HttpUrl) -> bool:
        """Whether that server may see the key."""
        return url.same_origin(self.base.url)


def _rest(parts: SplitResult) -> str:
    query = f"?{parts.query}" if parts.query else ""
    return (parts.path or "/") + query
