"""Which proxy leads to an address, as the variables say that curl and most programs read.

Libraries differ in what they make of these variables, and fail at the rest in ways of their own; so
they are read here, once, and every library is told its proxy.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

_SCHEMES: Final = {
    "http": "http",
    "https": "https",
    "socks": "socks5h",  # desktops write this
    "socks5": "socks5",
    "socks5h": "socks5h",
}
_PORTS: Final = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
_PLAIN_SCHEME: Final = {"ws": "http", "wss": "https"}
_HOST: Final = re.compile(r"[a-z0-9._-]{1,253}|[0-9a-f:.]{2,45}", re.IGNORECASE)
_COPIED_ALONG: Final = " \t\r\n\"'"
_FORMS: Final = "http://host:port, https://host:port or socks5://host:port"


class ProxyUnusable(ValueError):
    """A variable that names no proxy that can be used; the sentence never holds its value, in which
    a password may be."""


@dataclass(frozen=True, slots=True)
class Proxies:
    """The values of HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; None and empty for those not
    set."""

    http: str | None = None
    https: str | None = None
    fallback: str | None = None
    exceptions: str | None = None

    def for_url(self, url: str) -> str | None:
        """The URL of the proxy for an address, None where it is reached directly. This machine
        itself always is: a proxy elsewhere cannot reach it.

        Raises ProxyUnusable.
        """
        parts = urlsplit(url)
        host, scheme = parts.hostname or "", _PLAIN_SCHEME.get(parts.scheme, parts.scheme)
        if is_this_machine(host) or self._excepts(host, parts.port or _PORTS.get(scheme)):
            return None
        name, value = next(
            ((name, value) for name, value in self._of_scheme(scheme) if _bare(value)), ("", None)
        )
        return None if value is None else _proxy_url(name, _bare(value))

    def wrong(self) -> list[str]:
        """A sentence for every variable that names no proxy that can be used."""
        sentences = []
        for name, value in self._named():
            try:
                if _bare(value):
                    _proxy_url(name, _bare(value))
            except ProxyUnusable as error:
                sentences.append(str(error))
        return sentences

    def _named(self) -> list[tuple[str, str | None]]:
        return [
            ("HTTP_PROXY", self.http),
            ("HTTPS_PROXY", self.https),
            ("ALL_PROXY", self.fallback),
        ]

    def _of_scheme(self, scheme: str) -> list[tuple[str, str | None]]:
        http, https, fallback = self._named()
        return [https if scheme == "https" else http, fallback]

    def _excepts(self, host: str, port: int | None) -> bool:
        entries = re.split(r"[\s,]+", _bare(self.exceptions))
        return any(_covers(entry.lower(), host, port) for entry in entries if entry)


def is_this_machine(host: str) -> bool:
    """Whether a host is a name or an address of the machine itself, as far as its text tells."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    ip = _address(name)
    return ip is not None and (ip.is_loopback or ip.is_unspecified)


def without_password(proxy: str) -> str:
    """A proxy's URL without its user and password, for people to read."""
    scheme, _, rest = proxy.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _bare(value: str | None) -> str:
    return (value or "").strip(_COPIED_ALONG)


def _proxy_url(variable: str, value: str) -> str:
    """The proxy in the one notation that all libraries read. Raises ProxyUnusable."""
    # as curl does: without a scheme it is an http proxy
    scheme, separator, rest = value.partition("://")
    given = scheme.lower() if separator else "http"
    if given not in _SCHEMES:
        raise ProxyUnusable(
            f"{variable} names a kind of proxy that Flipbook cannot use; give it as {_FORMS}, or "
            "list the hosts that need none in NO_PROXY."
        )
    try:
        parts = urlsplit(f"//{rest if separator else value}")
        host, port = parts.hostname or "", parts.port or _PORTS[_SCHEMES[given]]
    except ValueError:  # a port that is no number, brackets that do not close
        host, port = "", 0
    if not _HOST.fullmatch(host) or parts.path.strip("/") or parts.query or parts.fragment:
        raise ProxyUnusable(
            f"{variable} cannot be read as a proxy; give it as {_FORMS}, with characters such as "
            "# / ? @ in a password written as %23 %2F %3F %40."
        )
    user = "" if parts.username is None else _quoted(parts.username)
    password = "" if parts.password is None else f":{_quoted(parts.password)}"
    login = f"{user}{password}@" if user or password else ""
    return f"{_SCHEMES[given]}://{login}{f'[{host}]' if ':' in host else host}:{port}"


def _quoted(text: str) -> str:
    return quote(unquote(text), safe="")


def _covers(entry: str, host: str, port: int | None) -> bool:
    """Whether an entry of NO_PROXY, in lower case, means a host: ``*``, a name with all below it, a
    network or an address, the last with a port or without."""
    host = host.lower().rstrip(".")
    entry = entry.partition("://")[2].rstrip("/") if "://" in entry else entry
    if entry == "*":
        return True
    ip = _address(host)
    if ip is not None and (network := _network(entry)) is not None:
        return ip in network
    name, wanted = _split_port(entry)
    if wanted is not None and wanted != port:
        return False
    if ip is not None:
        return ip == _address(name)
    name = name.removeprefix("*").strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _split_port(entry: str) -> tuple[str, int | None]:
    bracketed = re.fullmatch(r"\[([0-9a-f:.]+)\](?::(\d{1,5}))?", entry)
    found = bracketed or re.fullmatch(r"([^:]+):(\d{1,5})", entry)
    if found is None:
        return entry, None
    return found[1], None if found[2] is None else int(found[2])


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        ip = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return ip.ipv4_mapped or ip if isinstance(ip, ipaddress.IPv6Address) else ip


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry, strict=False) if "/" in entry else None
    except ValueError:
        return None
