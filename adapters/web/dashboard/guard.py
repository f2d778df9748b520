"""Who is let in to the pages. Pure ASGI: a middleware that buffers would break streams.

In this order: the name the caller used (against DNS rebinding), a proxy in front that nobody has
told us of, who it is, and where a request that changes something comes from.
"""

from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.web.dashboard.entrance import Entrance
from generation.protocol.hosts import host_name

ROOT: Final = "/dashboard"
VISITOR: Final = "flipbook.visitor"
"""The key of the :class:`Visitor` in an ASGI scope."""
_OPEN: Final = (f"{ROOT}/static/", f"{ROOT}/login")
"""What is shown before anybody has logged in."""
_FORWARDED: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    # with no-referrer Chromium sends `Origin: null` with a form
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Lets a request through to ``app``, with its visitor in the scope, or answers it.

    ``is_ours`` says of a host name whether the pages are served under it; ``behind_proxy``, whether
    a proxy may stand in front.
    """

    def __init__(
        self,
        app: ASGIApp,
        entrance: Entrance,
        *,
        is_ours: Callable[[str], bool],
        behind_proxy: bool,
        cookie: Callable[[Scope], str],
    ) -> None:
        self._app = app
        self._entrance = entrance
        self._is_ours = is_ours
        self._behind_proxy = behind_proxy
        self._cookie = cookie

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        dressed = _with_headers(send)
        refusal = await self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, dressed)
        else:
            await self._app(scope, receive, dressed)

    async def _refusal(self, scope: Scope) -> ASGIApp | None:
        headers = Headers(scope=scope)
        if not self._is_ours(host_name(headers.get("host", ""))):
            return PlainTextResponse("The dashboard is not served under this name.", 421)
        # a proxy's usual Host is our own address: everyone outside would look like this machine
        if not self._behind_proxy and any(name in headers for name in _FORWARDED):
            return PlainTextResponse(
                "A proxy stands in front of the dashboard. Set FLIPBOOK_DASHBOARD=proxy, or open "
                "it on the machine itself.",
                421,
            )
        is_safe = scope["method"] in {"GET", "HEAD"}
        if not is_safe and not _is_from_here(headers):
            return PlainTextResponse("Only this dashboard's own pages may do that.", 403)
        if scope["path"].startswith(_OPEN):
            return None
        cookies = cookie_parser(headers.get("cookie", ""))
        visitor = await self._entrance.visitor(headers, cookies.get(self._cookie(scope)))
        if visitor is None:
            wants_page = is_safe and "text/html" in headers.get("accept", "")
            login = RedirectResponse(f"{ROOT}/login", 303)
            return login if wants_page else PlainTextResponse("Log in again.", 401)
        scope[VISITOR] = visitor
        return None


def _is_from_here(headers: Headers) -> bool:
    """Whether a form was sent by a page of ours, as far as the browser tells."""
    origin, host = headers.get("origin"), headers.get("host", "")
    if origin is not None:
        return origin.partition("://")[2] == host
    return headers.get("sec-fetch-site") in {None, "same-origin"}


def _with_headers(send: Send) -> Send:
    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return dressed
