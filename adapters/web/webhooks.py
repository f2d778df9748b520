"""``POST /webhooks/fal/{job_id}``: where fal calls when a request is done. A call only wakes; it is never believed."""

import json
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from generation.errors import BackendUnavailable, StoreError
from generation.job import JobId
from generation.webhook_signature import REQUEST_ID_HEADER, WebhookVerifier

MAX_BYTES: Final = 1024 * 1024


class TooLarge(Exception):
    """The body is larger than any webhook."""


def webhook_route(
    verifier: WebhookVerifier, heard: Callable[[JobId, str], Awaitable[bool]], forged: Callable[[], None]
) -> Route:
    """The route; ``heard`` gets the job's and the request's id of a genuine call, ``forged`` counts the others.

    401 for a bad signature, 404 when the request is not this job's, 413 for a body over a mebibyte, 503 when fal's keys
    or our database are out of reach, so that fal calls again; else 200.
    """

    async def endpoint(request: Request) -> JSONResponse:
        try:
            body = await _body(request)
            genuine = await verifier.is_genuine(request.headers, body)
        except TooLarge:
            return _answer(413, "The body is too large.")
        except ClientDisconnect:
            return _answer(400, "The body ended early.")
        except BackendUnavailable:
            return _answer(503, "The signing keys cannot be had at the moment.")
        request_id = request.headers.get(REQUEST_ID_HEADER, "")
        if not genuine or _claimed_id(body) != request_id:
            forged()
            return _answer(401, "The signature is not good.")
        try:
            ours = await heard(JobId(request.path_params["job_id"]), request_id)
        except StoreError:
            return _answer(503, "The database is busy.")
        return _answer(200, "Thank you.") if ours else _answer(404, "That request does not belong to this job.")

    return Route("/webhooks/fal/{job_id}", endpoint, methods=["POST"])


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            raise TooLarge
    return bytes(body)


def _claimed_id(body: bytes) -> str | None:
    """The request id in the body: the signature covers the one in the header, and they have to be the same."""
    try:
        claimed = json.loads(body)["request_id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return claimed if isinstance(claimed, str) else None


def _answer(status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail}, status_code=status)
