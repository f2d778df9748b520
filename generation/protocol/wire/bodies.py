"""The bodies of submit, status, result, cancel and webhooks."""

import re
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Final

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    StringConstraints,
    TypeAdapter,
    model_serializer,
)

from generation.protocol.extensions.capabilities import Capability, capabilities_named
from generation.protocol.wire.base import Wire, empty_for_null, text, without

RequestId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$")]
"""A request id from a backend: short, and harmless inside a path."""


class RequestState(StrEnum):
    """The three states on the wire: a failed or cancelled request is ``COMPLETED`` with an
    error."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"


class LogEntry(Wire):
    """One line of a request's log. ``timestamp`` is ISO 8601 in UTC without an offset, as fal
    writes it."""

    message: str = ""
    level: str = "INFO"
    source: str = "USER"
    timestamp: str = ""
    labels: Annotated[Mapping[str, JsonValue], BeforeValidator(empty_for_null)] = Field(
        default_factory=dict
    )


class MetricsBody(Wire):
    """What the backend measured; ``inference_time`` in seconds, left out until it is known."""

    # its name in the worker's OpenAPI document, from which callers generate classes
    model_config = ConfigDict(title="Metrics")

    inference_time: float | None = None

    @model_serializer(mode="wrap")
    def _without_none(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without(dump(self), "inference_time")


AnyMetrics = Annotated[MetricsBody, BeforeValidator(empty_for_null)]


class SubmitAnswer(Wire):
    """The answer to a submit. Written with all three URLs: fal's Python client demands them."""

    status: RequestState = RequestState.IN_QUEUE
    request_id: RequestId
    response_url: str = ""
    status_url: str = ""
    cancel_url: str = ""
    logs: tuple[LogEntry, ...] | None = None
    metrics: AnyMetrics = MetricsBody()
    queue_position: int | None = None


class QueueStatus(Wire):
    """A status body, polled or streamed. ``logs`` is None unless asked for; the key is always
    written.

    The fields after ``error_type`` are ours, not fal's: ``look_url`` is where the worker serves the
    newest preview frame, ``eta_seconds`` in how many seconds it expects the clip.
    """

    status: RequestState
    request_id: str = ""
    response_url: str = ""
    status_url: str = ""
    cancel_url: str = ""
    queue_position: int | None = None
    logs: tuple[LogEntry, ...] | None = None
    metrics: AnyMetrics = MetricsBody()
    error: Annotated[str | None, BeforeValidator(text)] = None
    error_type: Annotated[str | None, BeforeValidator(text)] = None
    look_url: Annotated[str | None, BeforeValidator(text)] = None
    eta_seconds: float | None = None

    @model_serializer(mode="wrap")
    def _without_none(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without(
            dump(self), "queue_position", "error", "error_type", "look_url", "eta_seconds"
        )

    @property
    def failed(self) -> bool:
        """True once the request has ended with anything but a result."""
        return self.status is RequestState.COMPLETED and (
            self.error is not None or self.error_type is not None
        )


class File(Wire):
    """A file of a result; ``file_size`` in bytes. Its URL needs no key and must get none."""

    url: str
    content_type: str | None = None
    file_name: str | None = None
    file_size: int | None = None


class Output(Wire):
    """What both endpoints return. fal's own example has no seed; our worker always sends it."""

    video: File
    seed: int | None = None


class CancelStatus(StrEnum):
    """What became of a cancellation."""

    OK = "OK"
    CANCELLATION_REQUESTED = "CANCELLATION_REQUESTED"
    ALREADY_COMPLETED = "ALREADY_COMPLETED"
    NOT_FOUND = "NOT_FOUND"

    @property
    def http_status(self) -> int:
        """The status code of the answer."""
        return _CANCEL_HTTP[self]


_CANCEL_HTTP: Final = {
    CancelStatus.OK: HTTPStatus.OK,
    CancelStatus.CANCELLATION_REQUESTED: HTTPStatus.ACCEPTED,
    CancelStatus.ALREADY_COMPLETED: HTTPStatus.BAD_REQUEST,
    CancelStatus.NOT_FOUND: HTTPStatus.NOT_FOUND,
}


class CancelAnswer(Wire):
    """The answer to a cancel; with ``NOT_FOUND`` also to a status of an unknown request."""

    status: CancelStatus


class WebhookStatus(StrEnum):
    """How the request of a webhook ended."""

    OK = "OK"
    ERROR = "ERROR"


class WebhookBody(Wire):
    """What is posted to a ``fal_webhook`` URL. ``payload`` is the output, the error's body, or null
    with ``payload_error``."""

    request_id: str
    gateway_request_id: str = ""
    status: WebhookStatus
    error: Annotated[str | None, BeforeValidator(text)] = None
    payload: JsonValue = None
    payload_error: Annotated[str | None, BeforeValidator(text)] = None

    @model_serializer(mode="wrap")
    def _without_none(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return without(dump(self), "error", "payload_error")


_MOST_PLACES: Final = 10_000
_MOST_TOLD: Final = 300
"""Characters of a text that people read."""


def _places(given: object) -> int | None:
    """A number of clips that an engine may render at once; None for anything else."""
    return _number(given) or None


def _number(given: object) -> int:
    """A small number from an answer; 0 for anything else."""
    if not isinstance(given, int) or isinstance(given, bool):
        return 0
    return given if 0 <= given <= _MOST_PLACES else 0


_Told = Annotated[
    str, BeforeValidator(lambda given: given[:_MOST_TOLD] if isinstance(given, str) else given)
]
_Amount = Annotated[int, Field(ge=0, le=2**60)]


class MemoryBody(Wire):
    """Bytes of the device that a worker renders on."""

    total: _Amount
    free: _Amount


class HealthBody(Wire):
    """Our worker's health page, as far as the queue client reads it; a worker of another version
    tells more, or less. ``compiling``: how many shapes of clips are still to be compiled, and run
    more slowly until then."""

    engine: str = ""
    capabilities: Annotated[frozenset[Capability], BeforeValidator(capabilities_named)] = (
        frozenset()
    )
    places: Annotated[int | None, BeforeValidator(_places)] = None
    compiling: Annotated[int, BeforeValidator(_number)] = 0
    status: _Told = ""
    engine_reason: _Told = ""
    gpu: _Told | None = None
    version: _Told = ""
    queue_length: _Amount | None = None
    active: _Amount | None = None
    memory: MemoryBody | None = None
    models: Annotated[tuple[_Told, ...], Field(max_length=100)] = ()


_ENGINE: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")


def engine_named(name: str) -> str | None:
    """An engine's name from an answer; None for one that no engine of ours could have."""
    return name if _ENGINE.fullmatch(name) else None


_INPUT: Final = TypeAdapter(dict[str, JsonValue])


def input_to_bytes(values: Mapping[str, JsonValue]) -> bytes:
    """A model input as a submit sends it: the JSON object itself, not wrapped."""
    return _INPUT.dump_json(dict(values))
