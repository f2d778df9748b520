"""The worker's web app: all routes, and what every answer has in common."""

import uuid

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from generation.protocol.errors import StorageFull, StoreError
from generation.protocol.http_server.host_check import HostCheck
from generation.protocol.wire import (
    BILLABLE_UNITS_HEADER,
    ENGINE_HEADER,
    ERROR_TYPE_HEADER,
    REQUEST_ID_HEADER,
    TIMEOUT_TYPE_HEADER,
)
from worker.api.app_parts import AppParts
from worker.api.auth import is_known_host, not_for_others
from worker.api.fal_proxy import FalProxy
from worker.api.responses import (
    ApiError,
    on_api_error,
    on_full_disk,
    on_http_error,
    on_store_error,
    on_unexpected,
    respond,
)
from worker.api.routes.files import file_routes
from worker.api.routes.health import health_routes
from worker.api.routes.jwks import jwks_routes
from worker.api.routes.page import page_routes
from worker.api.routes.queue import QueueApp
from worker.api.routes.uploads import UploadRoutes
from worker.api.sse import PING_SECONDS

_REQUEST_ID = REQUEST_ID_HEADER.encode()


class RequestIdHeader:
    """Middleware: every answer has ``x-fal-request-id``; one that is about no request gets a random
    id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""

        async def send_with_id(message: Message) -> None:
            # handlers set the id of the request that they answer about
            if message["type"] == "http.response.start":
                headers = message["headers"]
                if not any(name == _REQUEST_ID for name, _ in headers):
                    headers.append((_REQUEST_ID, str(uuid.uuid4()).encode()))
            await send(message)

        await self._app(scope, receive, send_with_id)


def build_app(parts: AppParts, *, ping_seconds: float = PING_SECONDS) -> Starlette:
    """The app over those parts; it starts and stops nothing by itself. ``ping_seconds``: how often
    a quiet status stream pings."""
    app = Starlette(
        routes=[
            *page_routes(),
            *health_routes(parts),
            *jwks_routes(parts),
            *UploadRoutes(parts).routes(),
            *file_routes(parts),
        ],
        # outermost first: a refusal has a request id too, and the proxy changes only the path
        middleware=[
            Middleware(RequestIdHeader),
            _host_check(parts),
            *_cors(parts),
            Middleware(FalProxy),
        ],
        exception_handlers={
            ApiError: on_api_error,
            StorageFull: on_full_disk,
            StoreError: on_store_error,
            HTTPException: on_http_error,
            Exception: on_unexpected,
        },
    )
    # not as a route: it would also take what another route has under another method
    app.router.default = QueueApp(parts, ping_seconds=ping_seconds)
    # fal's clients follow no redirects
    app.router.redirect_slashes = False
    return app


def _host_check(parts: AppParts) -> Middleware:
    refused = not_for_others()
    return Middleware(
        HostCheck,
        is_allowed=lambda name: is_known_host(name, parts.keys),
        refusal=respond(refused.body, refused.http_status),
    )


def _cors(parts: AppParts) -> list[Middleware]:
    """CORS for the origins of the settings, whose pages may call with their own key; without
    origins none."""
    origins = parts.settings.cors_origins
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST", "PUT"],
            # fal's clients send headers of their own, and new ones with each version
            allow_headers=["*"],
            # a browser hides all other headers from the page
            expose_headers=[
                REQUEST_ID_HEADER,
                ERROR_TYPE_HEADER,
                TIMEOUT_TYPE_HEADER,
                BILLABLE_UNITS_HEADER,
                ENGINE_HEADER,
                "etag",
            ],
        )
    ]
