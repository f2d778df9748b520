"""From an HTTP submission to a request: bounded body, strict JSON, headers and query read once."""

import asyncio
import hashlib
import json
import math
import secrets
import uuid
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue, ValidationError
from pydantic_core import from_json
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest

from generation.request import MAX_SEED, Endpoint
from generation.wire import (
    IDEMPOTENCY_HEADER,
    MAX_QUEUE_LENGTH_QUERY,
    NO_RETRY_HEADER,
    PRIORITY_HEADER,
    TIMEOUT_HEADER,
    WEBHOOK_QUERY,
    ErrorType,
)
from worker import failures
from worker.answers import Refusal, refuse, refuse_body
from worker.records import Idempotency, Request, Wishes
from worker.schemas import read_input

MAX_BODY: Final = 2**20
BODY_SECONDS: Final = 30.0
"""How long a body may take to arrive."""
MAX_DEPTH: Final = 32
MAX_WAIT_SECONDS: Final = 7 * 24 * 3600.0
_MIN_WAIT_SECONDS: Final = 0.1
_MAX_KEY: Final = 255
_MAX_URL: Final = 2048
_YES: Final = frozenset({"1", "true", "yes"})


async def read_object(http: HttpRequest) -> dict[str, JsonValue]:
    """The body as a JSON object. Raises 413 when it is too long, 408 when it is too slow, 422 when it is no object."""
    body = await read_body(http, MAX_BODY)
    if not body:
        raise refuse_body(failures.detail_item(("body",), "Field required", "missing", input=None))
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        context: JsonValue = {"error": str(error)}
        raise refuse_body(
            failures.detail_item(("body",), "JSON decode error", "json_invalid", ctx=context, input={})
        ) from None
    if not isinstance(value, dict) or _is_deep(value):
        message = f"Input should be an object, at most {MAX_DEPTH} levels deep"
        raise refuse_body(failures.detail_item(("body",), message, "model_attributes_type"))
    return value


async def read_body(http: HttpRequest, limit: int, *, seconds: float = BODY_SECONDS) -> bytes:
    """The body, if it holds at most ``limit`` bytes and arrives in time."""
    if _announced_length(http) > limit:
        raise _too_long(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in http.stream():
                body += chunk
                if len(body) > limit:
                    raise _too_long(limit)
    except TimeoutError:
        raise refuse(408, "The body took too long to arrive", headers={"connection": "close"}) from None
    except ClientDisconnect:
        raise refuse(400, "The body broke off") from None
    return bytes(body)


def new_request(
    endpoint: Endpoint, values: dict[str, JsonValue], *, owner: str, wishes: Wishes, now: datetime
) -> Request:
    """A request to keep. An input that is not valid is accepted as fal accepts it, and has failed already."""
    request_id = str(uuid.uuid4())
    try:
        wish = read_input(endpoint, values, secrets.randbelow(MAX_SEED + 1))
    except ValidationError as error:
        failed = Request(request_id, owner, endpoint, None, now, wishes)
        return failed.finished(failures.invalid_input(error), now)
    return Request(request_id, owner, endpoint, wish, now, wishes)


def read_wishes(http: HttpRequest, now: datetime) -> Wishes:
    """What the caller wants beside the input. Raises a 400 for a header or query that cannot be meant."""
    seconds = _start_seconds(http.headers.get(TIMEOUT_HEADER))
    return Wishes(
        low_priority=http.headers.get(PRIORITY_HEADER, "").lower() == "low",
        start_by=None if seconds is None else now + timedelta(seconds=seconds),
        may_run_again=http.headers.get(NO_RETRY_HEADER, "").lower() not in _YES,
        webhook=_webhook(http.query_params.get(WEBHOOK_QUERY)),
    )


def read_max_ahead(http: HttpRequest) -> int | None:
    """The longest line that the caller wants to join."""
    given = http.query_params.get(MAX_QUEUE_LENGTH_QUERY)
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) <= 9):
        raise _bad(f"{MAX_QUEUE_LENGTH_QUERY} must be a whole number, 0 or more")
    return int(given)


def read_idempotency(http: HttpRequest, endpoint: Endpoint, values: dict[str, JsonValue]) -> Idempotency | None:
    """The caller's own name for this submission, with a digest of what is submitted under it."""
    key = http.headers.get(IDEMPOTENCY_HEADER)
    if key is None:
        return None
    if not (0 < len(key) <= _MAX_KEY and key.isprintable()):
        raise _bad(f"Idempotency-Key must have 1 to {_MAX_KEY} printable characters")
    submitted = json.dumps([endpoint.value, values], sort_keys=True)
    return Idempotency(key, hashlib.sha256(submitted.encode()).hexdigest())


def _start_seconds(given: str | None) -> float | None:
    if given is None:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    if not seconds >= _MIN_WAIT_SECONDS:
        raise _bad(f"X-Fal-Request-Timeout must be a number of seconds, {_MIN_WAIT_SECONDS} or more")
    return min(seconds, MAX_WAIT_SECONDS)


def _webhook(url: str | None) -> str | None:
    if url is not None and not (url.startswith(("http://", "https://")) and len(url) <= _MAX_URL and url.isprintable()):
        raise _bad(f"{WEBHOOK_QUERY} must be an http or https URL of at most {_MAX_URL} characters")
    return url


def _is_deep(value: JsonValue) -> bool:
    level: list[JsonValue] = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _announced_length(http: HttpRequest) -> int:
    given = http.headers.get("content-length", "0")
    return int(given) if given.isdigit() else 0


def _too_long(limit: int) -> Refusal:
    return refuse(413, f"The body may hold at most {limit} bytes", headers={"connection": "close"})


def _bad(sentence: str) -> Refusal:
    return refuse(400, sentence, error_type=ErrorType.BAD_REQUEST)
