"""The address for fal's JavaScript client in proxy mode, which sends the URL that it means in a
header."""

from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from generation.protocol.wire import ErrorBody
from worker.api.auth import FAL_HOSTS, RUN_HOSTS
from worker.api.responses import respond

PATH: Final = "/api/fal/proxy"
TARGET_HEADER: Final = "x-fal-target-url"


class FalProxy:
    """Middleware: a request to the proxy's path is served as if it had been sent to the URL in
    ``x-fal-target-url``.

    Nothing leaves this process, and the caller's own key counts. A URL that is not fal's is a 400.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] == "http" and scope["path"].rstrip("/") == PATH:
            target = _target_of(scope)
            if target is None:
                response = respond(
                    ErrorBody(detail="x-fal-target-url must be an https address of fal's"), 400
                )
                await response(scope, receive, send)
                return
            scope = _redirected(target, scope)
        await self._app(scope, receive, send)


def _target_of(scope: Scope) -> SplitResult | None:
    # header values are bytes of any kind, and latin-1 decodes all of them
    value = next(
        (value for name, value in scope["headers"] if name == TARGET_HEADER.encode()), b""
    ).decode("latin-1")
    try:
        target = urlsplit(value)
        host = target.hostname
    except ValueError:
        return None
    # the target is served here and never fetched; another host is a caller's mistake
    return target if target.scheme == "https" and host in FAL_HOSTS and target.path else None


def _redirected(target: SplitResult, scope: Scope) -> Scope:
    """The same request at the target's path and query. The target's host only decides whether it is
    a run."""
    path = f"/run{target.path}" if target.hostname in RUN_HOSTS else target.path
    return {
        **scope,
        # ASGI has the decoded path, and the raw one beside it
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": target.query.encode(),
    }
