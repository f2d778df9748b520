"""``POST /webhooks/fal/{job_id}``: what fal calls when a request has ended. A call only wakes the
job; its body is never trusted."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from generation.backends.webhook_signature import REQUEST_ID_HEADER, WebhookVerifier
from generation.domain.job import JobId
from generation.protocol.errors import BackendUnavailable, DatabaseUnusable, StoreError

MAX_BYTES: Final = 1024 * 1024


class WebhookTooLarge(Exception):
    """The body is larger than any webhook."""


class WebhookForged(Exception):
    """The signature is wrong, or it covers another request than the body names."""


class WebhookOfAnotherJob(Exception):
    """The request does not belong to the job in the URL."""


_REFUSALS: Final[Mapping[type[Exception], tuple[int, str]]] = {
    WebhookTooLarge: (413, "The body is too large."),
    ClientDisconnect: (400, "The body ended early."),
    WebhookForged: (401, "The signature is not valid."),
    WebhookOfAnotherJob: (404, "That request does not belong to this job."),
    BackendUnavailable: (503, "The signing keys cannot be had at the moment."),
    DatabaseUnusable: (503, "The database cannot be used."),
    StoreError: (503, "The database is busy."),
}
"""Status code and sentence for each error; fal calls again after a 503."""


def webhook_route(
    verifier: WebhookVerifier,
    receive: Callable[[JobId, str], Awaitable[bool]],
    count_forged: Callable[[], None],
) -> Route:
    """The route. ``receive`` gets the job's and the request's id of a genuine call and says whether
    they belong together; ``count_forged`` counts calls with a wrong signature.

    401 for a wrong signature, 404 when the request is not this job's, 413 for a body over a
    mebibyte, 503 when fal's keys or our database are out of reach, else 200.
    """

    async def accept(request: Request) -> None:
        request_id = await _genuine_id(request, verifier)
        if not await receive(JobId(request.path_params["job_id"]), request_id):
            raise WebhookOfAnotherJob

    async def endpoint(request: Request) -> JSONResponse:
        status, detail = 200, "Thank you."
        try:
            await accept(request)
        except tuple(_REFUSALS) as error:
            if isinstance(error, WebhookForged):
                count_forged()
            status, detail = _refusal(error)
        return JSONResponse({"detail": detail}, status_code=status)

    return Route("/webhooks/fal/{job_id}", endpoint, methods=["POST"])


async def _genuine_id(request: Request, verifier: WebhookVerifier) -> str:
    """The request id that fal has signed. Raises what _REFUSALS lists."""
    body = await _body(request)
    genuine = await verifier.is_genuine(request.headers, body)
    request_id = request.headers.get(REQUEST_ID_HEADER, "")
    # the signature covers the id in the header, so the body has to name the same one
    if not genuine or _id_in(body) != request_id:
        raise WebhookForged
    return request_id


async def _body(request: Request) -> bytes:
    # read in parts, so that a body without end is refused before it fills the memory
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BYTES:
            raise WebhookTooLarge
    return bytes(body)


def _id_in(body: bytes) -> str | None:
    """The request id that the body names; None when it names none."""
    # nested deeply enough, JSON exhausts the stack
    try:
        named = json.loads(body)["request_id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return named if isinstance(named, str) else None


def _refusal(error: Exception) -> tuple[int, str]:
    return next(answer for kind, answer in _REFUSALS.items() if isinstance(error, kind))
