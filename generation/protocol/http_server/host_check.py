"""Middleware that looks at the ``Host`` header of every request.

A page in somebody's browser reaches servers on that machine under a name of its own (DNS
rebinding); only the header tells.
"""

from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from generation.protocol.hosts import host_name


class HostCheck:
    """ASGI middleware: a request by a name that is not allowed gets ``refusal`` as its answer."""

    def __init__(
        self, app: ASGIApp, *, is_allowed: Callable[[str], bool], refusal: ASGIApp
    ) -> None:
        self._app = app
        self._is_allowed = is_allowed
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; ``is_allowed`` is asked about the name without its port."""
        host = HTTPConnection(scope).headers.get("host", "")
        app = self._app if self._is_allowed(host_name(host)) else self._refusal
        await app(scope, receive, send)
