"""The one address for fal's JavaScript client in proxy mode: it names the address that it means in a header."""

from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from generation.wire import ErrorBody
from worker.answers import answer
from worker.auth import FAL_HOSTS, RUN_HOSTS

PATH: Final = "/api/fal/proxy"
TARGET_HEADER: Final = "x-fal-target-url"


class FalProxy:
    """Middleware: what comes to the proxy's path is served as if it had come to the address in ``x-fal-target-url``.

    Nothing leaves this process, and the caller's own key counts. Addresses that are not fal's are a 400.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""
        if scope["type"] == "http" and scope["path"].rstrip("/") == PATH:
            target = _target_of(scope)
            if target is None:
                refusal = answer(ErrorBody(detail="x-fal-target-url must be an https address of fal's"), 400)
                await refusal(scope, receive, send)
                return
            scope = _led_to(target, scope)
        await self._app(scope, receive, send)


def _target_of(scope: Scope) -> SplitResult | None:
    value = next((value for name, value in scope["headers"] if name == TARGET_HEADER.encode()), b"").decode("latin-1")
    try:
        target = urlsplit(value)
        host = target.hostname
    except ValueError:
        return None
    return target if target.scheme == "https" and host in FAL_HOSTS and target.path else None


def _led_to(target: SplitResult, scope: Scope) -> Scope:
    """The same request at the path and query that were meant; only whether it is a run depends on the host."""
    path = f"/run{target.path}" if target.hostname in RUN_HOSTS else target.path
    return {
        **scope,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": target.query.encode(),
    }
