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
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest

from generation.protocol.errors import UnreadableFile
from generation.protocol.fairness import lanes_of_share
from generation.protocol.inputs.file import MAX_FILE_BYTES
from generation.protocol.inputs.steps import of_videos
from generation.protocol.inputs.trouble import FileTrouble
from generation.protocol.json_size import JsonTooLarge, read_json
from generation.protocol.request import MAX_SEED, Endpoint
from generation.protocol.wire import (
    IDEMPOTENCY_HEADER,
    MAX_QUEUE_LENGTH_QUERY,
    NO_RETRY_HEADER,
    PRIORITY_HEADER,
    SHARE_HEADER,
    TIMEOUT_HEADER,
    WEBHOOK_QUERY,
    ErrorType,
)
from worker.api.paths import SubmitPath
from worker.api.responses import ApiError, api_error, body_error
from worker.api.schemas import CommonInput, TakenFile, check_whole
from worker.api.video_schemas import parse_input
from worker.records import Idempotency, Request, RequestOptions
from worker.scheduling import failures

SMALL_BODY: Final = 2**20  # bytes
MAX_BODY: Final = 24 * 2**20
"""Bytes of a body with a file inside, as a data URI; larger files are uploaded."""
BODY_SECONDS: Final = 30.0
"""How long a body may take to arrive."""
MAX_DEPTH: Final = 32  # levels of JSON
MAX_VALUES: Final = 10_000
"""How many values a body may hold, those of fields that the endpoint does not know included."""
MAX_WAIT_SECONDS: Final = 7 * 24 * 3600.0
_MIN_WAIT_SECONDS: Final = 0.1
_MAX_KEY: Final = 255  # characters
_MAX_URL: Final = 2048  # characters
_FILE_ERRORS: Final = {
    FileTrouble.NOT_A_LINK: (
        "file_download_error",
        "Input should be a public http or https URL, a data URI, or the URL of an upload",
    ),
    FileTrouble.UNREACHABLE: ("file_download_error", "The file could not be downloaded"),
    FileTrouble.TOO_LARGE: ("file_too_large", "The file is too large"),
    FileTrouble.TOO_MANY_PIXELS: ("{}_too_large", "The file has too many pixels"),
    FileTrouble.TOO_MUCH: ("{}_load_error", "The file takes too much time or memory to read"),
    FileTrouble.TOO_SHORT: ("{}_duration_too_short", "The video should have at least two frames"),
    FileTrouble.NO_PICTURE: (
        "unsupported_{}_format",
        "Input should be a picture: PNG, JPEG or WebP",
    ),
    FileTrouble.NO_VIDEO: (
        "unsupported_{}_format",
        "Input should be a video: MP4, MOV, WebM or GIF",
    ),
    FileTrouble.DAMAGED: ("{}_load_error", "The file is damaged"),
}
"""fal's error type for each trouble with a file, and what it means."""
_TRUE: Final = frozenset({"1", "true", "yes"})


async def read_object(http: HttpRequest, large: asyncio.Semaphore) -> dict[str, JsonValue]:
    """The body as a JSON object; large ones are received while they hold ``large``. Raises 413 for
    one that is too long, 408 for one that is too slow, 422 for one that is not a JSON object.

    A body whose length is not announced is a small one.
    """
    if _content_length(http) > SMALL_BODY:
        async with large:
            body = await read_body(http, MAX_BODY)
    else:
        # one without an announced length is a small one
        body = await read_body(http, SMALL_BODY)
    if not body:
        raise body_error(failures.detail_item(("body",), "Field required", "missing", input=None))
    try:
        value = read_json(body, values=MAX_VALUES, depth=MAX_DEPTH)
    except JsonTooLarge:
        message = f"Input should hold at most {MAX_VALUES} values, {MAX_DEPTH} levels deep"
        raise body_error(
            failures.detail_item(("body",), message, "model_attributes_type")
        ) from None
    except ValueError as error:
        context: JsonValue = {"error": str(error)}
        raise body_error(
            failures.detail_item(
                ("body",), "JSON decode error", "json_invalid", ctx=context, input={}
            )
        ) from None
    if not isinstance(value, dict):
        message = "Input should be an object"
        raise body_error(failures.detail_item(("body",), message, "model_attributes_type"))
    return value


async def read_body(http: HttpRequest, limit: int, *, seconds: float = BODY_SECONDS) -> bytes:
    """The body. Raises 413 when it has more than ``limit`` bytes, 408 when it takes longer than
    ``seconds``."""
    # an announced length is checked at once; a body without one is counted as it arrives
    if _content_length(http) > limit:
        raise _body_too_long(limit)
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in http.stream():
                body += chunk
                if len(body) > limit:
                    raise _body_too_long(limit)
    except TimeoutError:
        raise body_too_slow() from None
    except ClientDisconnect:
        raise body_broke_off() from None
    return bytes(body)


def body_too_slow() -> ApiError:
    """The body did not arrive in time (408); the connection is closed."""
    headers = {"connection": "close"}
    return api_error(408, "The body took too long to arrive", headers=headers)


def body_broke_off() -> ApiError:
    """The caller disconnected in the middle of the body (400)."""
    return api_error(400, "The body broke off")


def new_input(path: SubmitPath, values: dict[str, JsonValue]) -> CommonInput:
    """The input. Raises a 422 that names each wrong field for one that is not valid."""
    try:
        return parse_input(path.endpoint, values, of_videos=path.of_videos)
    except ValidationError as error:
        raise body_error(*failures.invalid_input(error)) from None


def new_request(
    endpoint: Endpoint,
    given: CommonInput,
    file: TakenFile | None,
    *,
    owner: str,
    options: RequestOptions,
    now: datetime,
) -> Request:
    """A new request. Raises a 422 for an input that is not valid as a whole: a refused one is not
    stored."""
    try:
        # the seed is drawn now, so that a second attempt renders the same clip
        generation = given.to_request(endpoint, secrets.randbelow(MAX_SEED + 1), file)
        check_whole(generation)
    except ValidationError as error:
        raise body_error(*failures.invalid_input(error)) from None
    return Request(str(uuid.uuid4()), owner, endpoint, generation, now, options)


def unreadable_file(error: UnreadableFile, *, is_video: bool) -> ApiError:
    """The 422 for a picture or video that a clip cannot start from, in fal's types."""
    kind, sentence = _FILE_ERRORS[error.trouble]
    medium, field = ("video", "video_url") if is_video else ("image", "image_url")
    context: JsonValue = {"max_size": MAX_FILE_BYTES} if kind == "file_too_large" else {}
    item = failures.detail_item(("body", field), sentence, kind.format(medium), ctx=context)
    return body_error(item)


def read_options(http: HttpRequest, now: datetime) -> RequestOptions:
    """What the caller asks for besides the input. Raises a 400 for a header or query with a value
    that is not allowed."""
    seconds = _start_seconds(http.headers.get(TIMEOUT_HEADER))
    return RequestOptions(
        low_priority=http.headers.get(PRIORITY_HEADER, "").lower() == "low",
        start_by=None if seconds is None else now + timedelta(seconds=seconds),
        may_run_again=http.headers.get(NO_RETRY_HEADER, "").lower() not in _TRUE,
        webhook=_webhook(http.query_params.get(WEBHOOK_QUERY)),
        share=lanes_of_share(http.headers.get(SHARE_HEADER)),
    )


def read_max_ahead(http: HttpRequest) -> int | None:
    """How many requests the caller accepts in front of its own; None without a limit."""
    given = http.query_params.get(MAX_QUEUE_LENGTH_QUERY)
    if given is None:
        return None
    # isdigit alone accepts digits of other scripts
    if not (given.isascii() and given.isdigit() and len(given) <= 9):
        raise _bad_value(f"{MAX_QUEUE_LENGTH_QUERY} must be a whole number, 0 or more")
    return int(given)


def read_idempotency(
    http: HttpRequest, path: SubmitPath, values: dict[str, JsonValue]
) -> Idempotency | None:
    """The caller's idempotency key, with a digest of what is submitted under it."""
    key = http.headers.get(IDEMPOTENCY_HEADER)
    if key is None:
        return None
    if not (0 < len(key) <= _MAX_KEY and key.isprintable()):
        raise _bad_value(f"Idempotency-Key must have 1 to {_MAX_KEY} printable characters")
    # sorted: the same values in another order are the same submission
    endpoint = of_videos(path.endpoint) if path.of_videos else path.endpoint.value
    submitted = json.dumps([endpoint, values], sort_keys=True)
    return Idempotency(key, hashlib.sha256(submitted.encode()).hexdigest())


def _start_seconds(given: str | None) -> float | None:
    if given is None:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = math.nan
    # written so that NaN fails too
    if not seconds >= _MIN_WAIT_SECONDS:
        raise _bad_value(
            f"X-Fal-Request-Timeout must be a number of seconds, {_MIN_WAIT_SECONDS} or more"
        )
    # a deadline centuries away would be beyond what a datetime can hold
    return min(seconds, MAX_WAIT_SECONDS)


def _webhook(url: str | None) -> str | None:
    if url is not None and not (
        url.startswith(("http://", "https://")) and len(url) <= _MAX_URL and url.isprintable()
    ):
        raise _bad_value(
            f"{WEBHOOK_QUERY} must be an http or https URL of at most {_MAX_URL} characters"
        )
    return url


def _content_length(http: HttpRequest) -> int:
    given = http.headers.get("content-length", "0")
    # a wrong value is the server's to refuse; the bytes are counted anyway
    return int(given) if given.isdigit() else 0


def _body_too_long(limit: int) -> ApiError:
    return api_error(
        413, f"The body may hold at most {limit} bytes", headers={"connection": "close"}
    )


def _bad_value(sentence: str) -> ApiError:
    return api_error(400, sentence, error_type=ErrorType.BAD_REQUEST)
