"""Every way in which a request can end without a clip, as its caller gets to read it.

A result never ends in 502 or 503, although fal has such error types: both of its clients would ask again for
half a minute what cannot change any more. A 504 is only ever sent together with the header that stops them.
"""

import json
from typing import Any, Final

from pydantic import JsonValue, ValidationError
from pydantic_core import ErrorDetails

from generation.wire import (
    CLIENT_CLOSED_REQUEST,
    TIMEOUT_TYPE_HEADER,
    DetailItem,
    ErrorBody,
    ErrorType,
    ModelErrorType,
    detail_url,
)
from worker.engine import DeviceLost, EngineError, EngineRefusal, NonFiniteLatents, OutOfMemory
from worker.records import Failure

MAX_ITEMS: Final = 20
MAX_ECHO: Final = 200
"""How much of a wrong value is sent back, in characters of JSON."""
_SIZE_KINDS: Final = frozenset({"preset", "custom"})


def invalid_input(error: ValidationError) -> Failure:
    """The input is not what the endpoint takes (422); names each field."""
    items = tuple(_item(found) for found in error.errors()[:MAX_ITEMS])
    return unprocessable(*items)


def unprocessable(*items: DetailItem) -> Failure:
    """The model refused the input (422)."""
    return Failure(422, ErrorBody(detail=items), "Invalid status code: 422", ErrorType.BAD_REQUEST)


def cancelled() -> Failure:
    """Its caller wanted it no more."""
    return _infrastructure(ErrorType.CLIENT_CANCELLED, "Request was cancelled", CLIENT_CLOSED_REQUEST)


def started_too_late() -> Failure:
    """The caller's own deadline for the start has passed."""
    return _infrastructure(ErrorType.REQUEST_TIMEOUT, "Request timed out before it could start", 504)


def disconnected() -> Failure:
    """The worker died under it more often than it may."""
    return _infrastructure(ErrorType.RUNNER_DISCONNECTED, "The worker stopped while it was rendering this request", 500)


def unreadable() -> Failure:
    """It was accepted by another version, whose bounds were wider."""
    return _infrastructure(ErrorType.INTERNAL_ERROR, "The stored input cannot be read by this version", 500)


def disk_full() -> Failure:
    """The clip was made, but there is no room to keep it."""
    return _infrastructure(ErrorType.INTERNAL_ERROR, "The worker's disk is full; the clip could not be kept", 500)


def of_engine(error: Exception) -> Failure:
    """What an engine's error means to the caller."""
    match error:
        case EngineRefusal():
            return unprocessable(_refusal(str(error)))
        case OutOfMemory():
            return _infrastructure(ErrorType.RUNNER_SCHEDULING_FAILURE, f"Out of memory: {error}", 500)
        case NonFiniteLatents():
            item = _model_error(ModelErrorType.NO_MEDIA_GENERATED, str(error))
            return unprocessable(item)
        case DeviceLost():
            return disconnected()
        case EngineError():
            return _infrastructure(ErrorType.RUNNER_SERVER_ERROR, str(error), 500)
        case _:
            return _infrastructure(ErrorType.RUNNER_SERVER_ERROR, "Internal Server Error", 500)


def headers_of(failure: Failure) -> dict[str, str]:
    """What the result carries beside its body."""
    if failure.http_status == 422:
        return {"x-fal-billable-units": "0"}
    headers = {"x-fal-error-type": failure.error_type}
    if failure.http_status == 504:
        headers[TIMEOUT_TYPE_HEADER] = "user"
    return headers


def detail_item(loc: tuple[str | int, ...], msg: str, error_type: str, **more: JsonValue) -> DetailItem:
    """One thing wrong with an input; ``more`` may hold ``ctx`` and ``input``."""
    return DetailItem.model_validate(
        {"loc": loc, "msg": msg, "type": error_type, "url": detail_url(error_type), **more}
    )


def _infrastructure(kind: ErrorType, sentence: str, http_status: int) -> Failure:
    return Failure(http_status, ErrorBody(detail=sentence, error_type=kind), sentence, kind)


def _refusal(sentence: str) -> DetailItem:
    return _model_error(ModelErrorType.FEATURE_NOT_SUPPORTED, sentence)


def _model_error(kind: ModelErrorType, sentence: str) -> DetailItem:
    return detail_item(("body",), sentence, kind)


def _item(found: ErrorDetails) -> DetailItem:
    loc = ("body", *(part for part in found["loc"] if part not in _SIZE_KINDS))
    more: dict[str, JsonValue] = {}
    if context := _plain(found.get("ctx")):
        more["ctx"] = context
    echo = _plain(found["input"])
    if len(json.dumps(echo)) <= MAX_ECHO:
        more["input"] = echo
    return detail_item(loc, found["msg"], found["type"], **more)


def _plain(value: Any) -> JsonValue:
    """As strict JSON: exceptions as their text, infinities as theirs, nothing longer than it may be."""
    match value:
        case None | bool() | str():
            return value
        case int() | float():
            return value if abs(value) < 2**63 else str(value)
        case dict():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            return str(value)
