"""aiohttp's sessions through a proxy, for both chats' libraries."""

from typing import Any
from urllib.parse import unquote, urlsplit

import aiohttp
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError
from python_socks import ProxyType


def open_session(proxy: str | None, timeout_seconds: float | None = None) -> aiohttp.ClientSession:
    """A session whose every request goes through the proxy. Needs a running event loop."""
    timeout = aiohttp.ClientTimeout(total=timeout_seconds)
    return aiohttp.ClientSession(
        timeout=timeout, connector=socks_connector(proxy), proxy=http_proxy(proxy)
    )


def http_proxy(proxy: str | None) -> str | None:
    """The proxy, where aiohttp itself can go through it."""
    return None if proxy is None or _is_socks(proxy) else proxy


def socks_connector(proxy: str | None) -> aiohttp.BaseConnector | None:
    """A connector through a SOCKS proxy, which aiohttp knows nothing of; None for any other. Needs
    a running event loop; the session that gets it closes it."""
    return SocksConnector(proxy) if proxy is not None and _is_socks(proxy) else None


class SocksConnector(ProxyConnector):
    """Fails as aiohttp's own connectors do, so that both chats' libraries understand it."""

    def __init__(self, proxy: str) -> None:
        parts = urlsplit(proxy)
        super().__init__(
            parts.hostname or "",
            parts.port or 1080,
            ProxyType.SOCKS5,
            unquote(parts.username or "") or None,
            unquote(parts.password or "") or None,
            # the proxy resolves names, as it does for httpx: this machine may not be able to
            rdns=True,
            limit=0,
        )

    async def connect(self, req: aiohttp.ClientRequest, *args: Any, **more: Any) -> Any:
        """A connection through the proxy. Raises ClientConnectorError."""
        try:
            return await super().connect(req, *args, **more)
        except (ProxyError, ProxyConnectionError, ProxyTimeoutError) as error:
            reason = OSError(f"the proxy does not connect: {error}")
            raise aiohttp.ClientConnectorError(req.connection_key, reason) from error


def _is_socks(proxy: str) -> bool:
    return proxy.startswith("socks")
