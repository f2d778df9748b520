"""Every way in which a request can end without a clip, with the body that its caller reads.

A result never ends in 502 or 503, although fal has such error types: both of fal's clients would
retry it for half a minute, and it can no longer change. A 504 is only sent with the header that
keeps them from retrying.
"""

import json
from typing import Any, Final

from pydantic import JsonValue, ValidationError
from pydantic_core import ErrorDetails

from generation.protocol.wire import (
    CLIENT_CLOSED_REQUEST,
    TIMEOUT_TYPE_HEADER,
    DetailItem,
    ErrorBody,
    ErrorType,
    ModelErrorType,
    detail_url,
)
from worker.engine import (
    DeviceLost,
    EngineError,
    EngineRefusal,
    NonFiniteLatents,
    OutOfMemory,
    UnsafeClip,
)
from worker.records import RequestFailure

MAX_ITEMS: Final = 20  # errors of one input
MAX_ECHO: Final = 200
"""How much of a wrong value is sent back, in characters of JSON."""
_SIZE_KINDS: Final = frozenset({"preset", "custom"})


def invalid_input(error: ValidationError) -> tuple[DetailItem, ...]:
    """What makes an input not valid for the endpoint: one item for each wrong field."""
    # schemas bound how many there are; the answer is bounded too
    return tuple(_item(found) for found in error.errors()[:MAX_ITEMS])


def unprocessable(*items: DetailItem) -> RequestFailure:
    """The model refused the input (422)."""
    return RequestFailure(
        422, ErrorBody(detail=items), "Invalid status code: 422", ErrorType.BAD_REQUEST
    )


def cancelled() -> RequestFailure:
    """The caller cancelled it."""
    return _infrastructure(
        ErrorType.CLIENT_CANCELLED, "Request was cancelled", CLIENT_CLOSED_REQUEST
    )


def started_too_late() -> RequestFailure:
    """The caller's deadline for the start has passed."""
    return _infrastructure(
        ErrorType.REQUEST_TIMEOUT, "Request timed out before it could start", 504
    )


def disconnected() -> RequestFailure:
    """The worker died while rendering it, as often as a request may be tried."""
    return _infrastructure(
        ErrorType.RUNNER_DISCONNECTED, "The worker stopped while it was rendering this request", 500
    )


def unreadable() -> RequestFailure:
    """Its stored input, from another version with wider bounds, is not valid in this one."""
    return _infrastructure(
        ErrorType.INTERNAL_ERROR, "The stored input cannot be read by this version", 500
    )


def disk_full() -> RequestFailure:
    """The clip was rendered, but there is no room to store it."""
    return _infrastructure(
        ErrorType.INTERNAL_ERROR, "The worker's disk is full; the clip could not be kept", 500
    )


def of_engine(error: Exception) -> RequestFailure:
    """The failure that an engine's error is to the caller."""
    match error:
        case EngineRefusal():
            return unprocessable(_model_error(_kind_of(error), str(error)))
        case OutOfMemory():
            return _infrastructure(
                ErrorType.RUNNER_SCHEDULING_FAILURE, f"Out of memory: {error}", 500
            )
        case NonFiniteLatents():
            item = _model_error(ModelErrorType.NO_MEDIA_GENERATED, str(error))
            return unprocessable(item)
        # to the caller a lost device is a lost worker
        case DeviceLost():
            return disconnected()
        case EngineError():
            return _infrastructure(ErrorType.RUNNER_SERVER_ERROR, str(error), 500)
        case _:
            return _infrastructure(ErrorType.RUNNER_SERVER_ERROR, "Internal Server Error", 500)


def headers_of(failure: RequestFailure) -> dict[str, str]:
    """Headers that the result has because of its failure."""
    # fal bills nothing for input that the model refused
    if failure.http_status == 422:
        return {"x-fal-billable-units": "0"}
    headers = {"x-fal-error-type": failure.error_type}
    # tells fal's clients that the caller set this timeout, so they do not retry
    if failure.http_status == 504:
        headers[TIMEOUT_TYPE_HEADER] = "user"
    return headers


def detail_item(
    loc: tuple[str | int, ...], msg: str, error_type: str, **more: JsonValue
) -> DetailItem:
    """One error of an input; ``more`` may hold ``ctx`` and ``input``."""
    return DetailItem.model_validate(
        {"loc": loc, "msg": msg, "type": error_type, "url": detail_url(error_type), **more}
    )


def _infrastructure(kind: ErrorType, sentence: str, http_status: int) -> RequestFailure:
    return RequestFailure(http_status, ErrorBody(detail=sentence, error_type=kind), sentence, kind)


def _kind_of(error: EngineRefusal) -> ModelErrorType:
    # of a withheld clip as fal says it of an input; what it names tells them apart
    if isinstance(error, UnsafeClip):
        return ModelErrorType.CONTENT_POLICY_VIOLATION
    return ModelErrorType.FEATURE_NOT_SUPPORTED


def _model_error(kind: ModelErrorType, sentence: str) -> DetailItem:
    return detail_item(("body",), sentence, kind)


def _item(found: ErrorDetails) -> DetailItem:
    # the tags of the size's union are ours and mean nothing to a caller
    loc = ("body", *(part for part in found["loc"] if part not in _SIZE_KINDS))
    more: dict[str, JsonValue] = {}
    if context := _plain(found.get("ctx")):
        more["ctx"] = context
    echo = _plain(found["input"])
    # a prompt of ten thousand characters is not sent back
    if len(json.dumps(echo)) <= MAX_ECHO:
        more["input"] = echo
    return detail_item(loc, found["msg"], found["type"], **more)


def _plain(value: Any) -> JsonValue:
    """The value as strict JSON: exceptions as their text, infinities and very large numbers as
    strings."""
    match value:
        case None | bool() | str():
            return value
        case int() | float():
            # NaN and infinity fail this comparison, so they become text as well
            return value if abs(value) < 2**63 else str(value)
        case dict():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            return str(value)
