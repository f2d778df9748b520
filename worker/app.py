"""The worker's web app: all routes, and what every answer has in common."""

import uuid

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from generation.errors import StorageFull, StoreError
from generation.wire import (
    BILLABLE_UNITS_HEADER,
    ENGINE_HEADER,
    ERROR_TYPE_HEADER,
    REQUEST_ID_HEADER,
    TIMEOUT_TYPE_HEADER,
)
from worker.answers import Refusal, on_full_disk, on_http_error, on_refusal, on_store_error, on_unexpected
from worker.fal_proxy import FalProxy
from worker.parts import Parts
from worker.routes_files import file_routes
from worker.routes_health import health_routes
from worker.routes_jwks import jwks_routes
from worker.routes_page import page_routes
from worker.routes_queue import QueueApp
from worker.routes_uploads import UploadRoutes
from worker.streams import PING_SECONDS

_REQUEST_ID = REQUEST_ID_HEADER.encode()


class RequestIdHeader:
    """Middleware: every answer carries ``x-fal-request-id``; those about no request carry a fresh one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One HTTP request."""

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                if not any(name == _REQUEST_ID for name, _ in headers):
                    headers.append((_REQUEST_ID, str(uuid.uuid4()).encode()))
            await send(message)

        await self._app(scope, receive, send_with_id)


def build_app(parts: Parts, *, ping_seconds: float = PING_SECONDS) -> Starlette:
    """The app over those parts; it starts and stops nothing by itself. Quiet status streams ping that often."""
    return Starlette(
        routes=[
            *page_routes(),
            *health_routes(parts),
            *jwks_routes(parts),
            *UploadRoutes(parts).routes(),
            *file_routes(parts),
            Mount("/", QueueApp(parts, ping_seconds=ping_seconds)),
        ],
        middleware=[Middleware(RequestIdHeader), *_cors(parts), Middleware(FalProxy)],
        exception_handlers={
            Refusal: on_refusal,
            StorageFull: on_full_disk,
            StoreError: on_store_error,
            HTTPException: on_http_error,
            Exception: on_unexpected,
        },
    )


def _cors(parts: Parts) -> list[Middleware]:
    """Web pages of these origins may call, with their own key; of all others, none."""
    origins = parts.settings.cors_origins
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST", "PUT"],
            allow_headers=["*"],
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
