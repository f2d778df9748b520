"""Headers, query parameters and URLs of the queue protocol; URLs from base, endpoint and request
id."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from generation.protocol.request import Endpoint

REQUEST_ID_HEADER: Final = "x-fal-request-id"
ERROR_TYPE_HEADER: Final = "x-fal-error-type"
TIMEOUT_HEADER: Final = "x-fal-request-timeout"
"""Seconds until which a request must have *started*."""
TIMEOUT_TYPE_HEADER: Final = "x-fal-request-timeout-type"
"""``user`` on a 504: the caller's own deadline passed, so another try is no use."""
PRIORITY_HEADER: Final = "x-fal-queue-priority"
NO_RETRY_HEADER: Final = "x-fal-no-retry"
RETRYABLE_HEADER: Final = "x-fal-retryable"
NEEDS_RETRY_HEADER: Final = "x-fal-needs-retry"
"""The name that newer pages of fal have for :data:`RETRYABLE_HEADER`."""
BILLABLE_UNITS_HEADER: Final = "x-fal-billable-units"
IDEMPOTENCY_HEADER: Final = "idempotency-key"
"""Ours, not fal's: only our worker reads it."""

SHARE_HEADER: Final = "x-flipbook-share"
"""Ours, not fal's: ``<server>/<member>``, between whom a caller's requests are shared out."""

ENGINE_HEADER: Final = "x-flipbook-engine"
"""Ours, not fal's: the engine that made a result: ``preview``, ``animatediff`` or
``animatediff-cpu``."""

HEALTH_PATH: Final = "/health"
"""The worker's health page."""
QUEUE_PATH: Final = "/queue"
"""The prefix under which the worker serves the queue too."""

WEBHOOK_QUERY: Final = "fal_webhook"
MAX_QUEUE_LENGTH_QUERY: Final = "fal_max_queue_length"

FILES_PATH: Final = "/files/"
"""Where the worker serves finished clips, below its own address."""
PREVIEWS_PATH: Final = "/files/looks/"
"""Where the worker serves preview frames."""


@dataclass(frozen=True, slots=True)
class RequestUrls:
    """The URLs of one request."""

    response: str
    status: str
    stream: str
    cancel: str


def submit_url(base: str, endpoint: Endpoint, *, webhook: str | None = None) -> str:
    """Where a request to that endpoint is posted; ``webhook`` is called once it has ended."""
    query = f"?{urlencode({WEBHOOK_QUERY: webhook})}" if webhook else ""
    return f"{base.rstrip('/')}/{endpoint.value}{query}"


def request_urls(base: str, endpoint: Endpoint, request_id: str) -> RequestUrls:
    """The short form, under owner and alias only: what fal returns and what its clients build."""
    return _urls_under(f"{base.rstrip('/')}/{endpoint.app_id}", request_id)


def full_request_urls(base: str, endpoint: Endpoint, request_id: str) -> RequestUrls:
    """The long form with the whole endpoint id, which some of fal's pages show."""
    return _urls_under(f"{base.rstrip('/')}/{endpoint.value}", request_id)


def _urls_under(app: str, request_id: str) -> RequestUrls:
    request = f"{app}/requests/{request_id}"
    return RequestUrls(
        request, f"{request}/status", f"{request}/status/stream", f"{request}/cancel"
    )
