"""HTTP answers of the worker: bodies of the queue protocol, and errors that handlers raise."""

import uuid
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from generation.protocol.errors import DatabaseUnusable, StorageFull, StoreError
from generation.protocol.wire import (
    ERROR_TYPE_HEADER,
    REQUEST_ID_HEADER,
    DetailItem,
    ErrorBody,
    ErrorType,
)
from generation.protocol.wire.base import Wire

JSON: Final = "application/json"


class ApiError(Exception):
    """An HTTP request is refused: status code, body and headers of the answer."""

    def __init__(
        self, http_status: int, body: ErrorBody, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(http_status, body.sentence)
        self.http_status = http_status
        self.body = body
        self.headers = headers or {}


def api_error(
    http_status: int,
    sentence: str,
    *,
    error_type: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> ApiError:
    """An error with one sentence."""
    kind = {} if error_type is None else {ERROR_TYPE_HEADER: error_type}
    return ApiError(
        http_status, ErrorBody(detail=sentence, error_type=error_type), {**kind, **(headers or {})}
    )


def body_error(*items: DetailItem) -> ApiError:
    """The body is not one that a request can be made of (422)."""
    return ApiError(422, ErrorBody(detail=items), {"x-fal-billable-units": "0"})


def respond(
    body: Wire,
    http_status: int = 200,
    *,
    request_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer with a body of the queue protocol; ``request_id`` is the request that it is
    about."""
    about = {} if request_id is None else {REQUEST_ID_HEADER: request_id}
    return Response(body.to_bytes(), http_status, {**about, **(headers or {})}, media_type=JSON)


async def on_api_error(_: Request, error: Exception) -> Response:
    """Starlette's handler for the errors that handlers raise."""
    assert isinstance(error, ApiError)  # noqa: S101 -- registered for this class only
    return respond(error.body, error.http_status, headers=error.headers)


async def on_full_disk(_: Request, error: Exception) -> Response:
    """Starlette's handler for a full disk."""
    assert isinstance(error, StorageFull)  # noqa: S101
    return respond(ErrorBody(detail="The worker's disk is full; it takes no new requests."), 503)


async def on_store_error(_: Request, error: Exception) -> Response:
    """Starlette's handler for a database that cannot be read or written now."""
    assert isinstance(error, StoreError)  # noqa: S101
    if isinstance(error, DatabaseUnusable):
        detail = "The worker's database cannot be used; its operator has to look at it."
    else:
        detail = "The worker cannot reach its database now; try again."
    return respond(ErrorBody(detail=detail), 503)


async def on_http_error(_: Request, error: Exception) -> Response:
    """Starlette's handler for its own 404 and 405."""
    code = getattr(error, "status_code", 500)
    headers = getattr(error, "headers", None)
    return respond(
        ErrorBody(detail=str(getattr(error, "detail", "")) or "Error"), code, headers=headers
    )


async def on_unexpected(_: Request, error: Exception) -> Response:  # noqa: ARG001
    """Starlette's handler for our bugs; uvicorn logs them.

    It runs outside all middleware, so it draws the request id that every answer has.
    """
    kind = ErrorType.INTERNAL_ERROR
    body = ErrorBody(detail="Internal Server Error", error_type=kind)
    return respond(body, 500, request_id=str(uuid.uuid4()), headers={ERROR_TYPE_HEADER: kind})
