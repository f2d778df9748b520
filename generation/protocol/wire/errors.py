"""Errors of the queue protocol: error types, their status codes, and the two shapes of a body."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import (
    BeforeValidator,
    FailFast,
    JsonValue,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from generation.protocol.json_size import read_json
from generation.protocol.wire.base import Wire, text, without

STILL_IN_PROGRESS: Final = "Request is still in progress"
"""The detail of the 400 for a result that was asked for too early."""

CLIENT_CLOSED_REQUEST: Final = 499
"""nginx's status for a client that closed the connection; fal's for cancelled requests."""


_MAX_VALUES: Final = 1000
_MAX_DEPTH: Final = 32
"""What an error's body may hold; one that holds more is read as text."""


class ErrorType(StrEnum):
    """``error_type`` of request and infrastructure errors, each with the HTTP status of the
    result."""

    REQUEST_TIMEOUT = "request_timeout"
    STARTUP_TIMEOUT = "startup_timeout"
    RUNNER_SCHEDULING_FAILURE = "runner_scheduling_failure"
    RUNNER_CONNECTION_TIMEOUT = "runner_connection_timeout"
    RUNNER_DISCONNECTED = "runner_disconnected"
    RUNNER_CONNECTION_REFUSED = "runner_connection_refused"
    RUNNER_CONNECTION_ERROR = "runner_connection_error"
    RUNNER_INCOMPLETE_RESPONSE = "runner_incomplete_response"
    RUNNER_SERVER_ERROR = "runner_server_error"
    CLIENT_DISCONNECTED = "client_disconnected"
    CLIENT_CANCELLED = "client_cancelled"
    BAD_REQUEST = "bad_request"
    INTERNAL_ERROR = "internal_error"

    @property
    def http_status(self) -> int:
        """The status code of the result of a request that ended so."""
        return _ERROR_HTTP[self]


_ERROR_HTTP: Final = {
    ErrorType.REQUEST_TIMEOUT: 504,
    ErrorType.STARTUP_TIMEOUT: 504,
    ErrorType.RUNNER_SCHEDULING_FAILURE: 503,
    ErrorType.RUNNER_CONNECTION_TIMEOUT: 503,
    ErrorType.RUNNER_DISCONNECTED: 503,
    ErrorType.RUNNER_CONNECTION_REFUSED: 503,
    ErrorType.RUNNER_CONNECTION_ERROR: 503,
    ErrorType.RUNNER_INCOMPLETE_RESPONSE: 502,
    ErrorType.RUNNER_SERVER_ERROR: 500,
    ErrorType.CLIENT_DISCONNECTED: CLIENT_CLOSED_REQUEST,
    ErrorType.CLIENT_CANCELLED: CLIENT_CLOSED_REQUEST,
    ErrorType.BAD_REQUEST: 400,
    ErrorType.INTERNAL_ERROR: 500,
}


class ModelErrorType(StrEnum):
    """``type`` of a detail item that means more than "this field is wrong"; all other types are
    422."""

    INTERNAL_SERVER_ERROR = "internal_server_error"
    GENERATION_TIMEOUT = "generation_timeout"
    DOWNSTREAM_SERVICE_ERROR = "downstream_service_error"
    DOWNSTREAM_SERVICE_UNAVAILABLE = "downstream_service_unavailable"
    CONTENT_POLICY_VIOLATION = "content_policy_violation"
    FEATURE_NOT_SUPPORTED = "feature_not_supported"
    NO_MEDIA_GENERATED = "no_media_generated"

    @property
    def http_status(self) -> int:
        """The status code of a result whose detail is of this type."""
        return _MODEL_ERROR_HTTP.get(self, 422)


_MODEL_ERROR_HTTP: Final = {
    ModelErrorType.INTERNAL_SERVER_ERROR: 500,
    ModelErrorType.GENERATION_TIMEOUT: 504,
    ModelErrorType.DOWNSTREAM_SERVICE_ERROR: 400,
    ModelErrorType.DOWNSTREAM_SERVICE_UNAVAILABLE: 500,
}


class DetailItem(Wire):
    """One thing wrong with an input, in pydantic's shape. Only ``type`` is stable, not ``msg``."""

    loc: Annotated[tuple[str | int, ...], FailFast()] = ()
    msg: str = ""
    type: str = ""
    url: str | None = None
    ctx: Mapping[str, JsonValue] | None = None
    input: JsonValue = None

    @model_serializer(mode="wrap")
    def _without_unset(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        body = without(dump(self), "url", "ctx")
        # null may be the input itself, so only an input that was never set is left out
        if "input" not in self.model_fields_set:
            body.pop("input", None)
        return body


def detail_url(error_type: str) -> str:
    """The page on which fal explains a detail item of that type."""
    return f"https://docs.fal.ai/errors/#{error_type}"


class ErrorBody(Wire):
    """The body of a refusal or failure: a sentence, or a list of what is wrong with the input."""

    detail: str | tuple[DetailItem, ...] = ""
    error_type: Annotated[str | None, BeforeValidator(text)] = None

    @model_serializer(mode="wrap")
    def _without_none(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without(dump(self), "error_type")

    @classmethod
    def from_any(cls, body: bytes) -> Self:
        """Read any bytes as an error body; never raises. What is no such body becomes the detail,
        cut to 500 characters."""
        try:
            return cls.model_validate(read_json(body, values=_MAX_VALUES, depth=_MAX_DEPTH))
        except ValueError:  # pydantic's ValidationError is one
            # cut before it is decoded: the body may be a page of any length
            return cls(detail=body[:2000].decode(errors="replace")[:500])

    @property
    def items(self) -> tuple[DetailItem, ...]:
        """What is wrong with the input, field by field; empty where the detail is a sentence."""
        return () if isinstance(self.detail, str) else self.detail

    @property
    def sentence(self) -> str:
        """The detail as one line."""
        if isinstance(self.detail, str):
            return self.detail
        return "; ".join(f"{'.'.join(map(str, item.loc))}: {item.msg}" for item in self.detail)
