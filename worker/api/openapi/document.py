"""The OpenAPI document of the worker: every path that a program may use, with every answer that it
may get."""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel

from generation import __version__
from generation.protocol.inputs.steps import of_videos
from generation.protocol.request import Endpoint
from generation.protocol.wire import (
    ENGINE_HEADER,
    CancelAnswer,
    ErrorBody,
    Output,
    QueueStatus,
    SubmitAnswer,
)
from worker.api.openapi.files import file_paths, proxy_path, upload_paths
from worker.api.openapi.parts import Json, errors, json_of, ref, responses, schemas
from worker.api.schemas import INPUTS
from worker.api.video_schemas import VIDEO_INPUTS

_APP: Final = Endpoint.STANDARD.app_id
_SUBMISSIONS: Final[Mapping[str, tuple[str, type[BaseModel]]]] = {
    **{endpoint.value: (endpoint.label, INPUTS[endpoint]) for endpoint in Endpoint},
    **{
        of_videos(endpoint): (f"{endpoint.label}_from_video", VIDEO_INPUTS[endpoint])
        for endpoint in Endpoint
    },
}
"""By path: the name of what is submitted there, and its input."""
_ID: Final[Json] = {
    "name": "request_id", "in": "path", "required": True,
    "schema": {"type": "string", "format": "uuid"},
}  # fmt: skip
_LOGS: Final[Json] = {
    "name": "logs", "in": "query",
    "schema": {"type": "string", "enum": ["1", "true", "0", "false"]},
    "description": "Whether to include the render's log lines.",
}  # fmt: skip
_SUBMIT_PARAMETERS: Final[list[Json]] = [
    {
        "name": "fal_webhook",
        "in": "query",
        "schema": {"type": "string", "format": "uri", "maxLength": 2048},
    },
    {
        "name": "fal_max_queue_length",
        "in": "query",
        "schema": {"type": "integer", "minimum": 0, "maximum": 999999999},
    },
    {"name": "X-Fal-Request-Timeout", "in": "header", "schema": {"type": "number", "minimum": 0.1}},
    {
        "name": "X-Fal-Queue-Priority",
        "in": "header",
        "schema": {"type": "string", "enum": ["normal", "low"]},
    },
    {
        "name": "X-Fal-No-Retry",
        "in": "header",
        "schema": {"type": "string", "enum": ["1", "true", "yes"]},
    },
    {
        "name": "Idempotency-Key",
        "in": "header",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    },
]


def document() -> Json:
    """The document, as JSON values."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Flipbook worker",
            "version": __version__,
            "description": "AnimateDiff text-to-video behind fal's queue protocol.",
        },
        "paths": {
            **{f"/{path}": {"post": _submit(*about)} for path, about in _SUBMISSIONS.items()},
            **{f"/run/{path}": {"post": _run(*about)} for path, about in _SUBMISSIONS.items()},
            **_request_paths(),
            **_other_paths(),
            **file_paths(),
            **upload_paths(),
            **proxy_path(),
        },
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "key": {
                    "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "Key id:secret, as fal's clients send it.",
                }
            },
        },
        # the empty entry: a worker on loopback may need no key
        "security": [{"key": []}, {}],
    }  # fmt: skip


def _submit(name: str, given: type[BaseModel]) -> Json:
    answers = {
        200: json_of("In the queue, safe on disk", SubmitAnswer),
        **errors(400, 401, 403, 408, 409),
    }
    return {
        **_submission("Submit a request", name, given),
        "operationId": f"submit_{name}",
        "responses": responses({**answers, **errors(413, 422, 429, 503)}),
    }


def _run(name: str, given: type[BaseModel]) -> Json:
    answers = {
        200: _clip(),
        **errors(400, 401, 403, 408, 409, 413, 422, 429, 503),
        499: json_of("It was cancelled", ErrorBody),
        500: json_of("The render failed", ErrorBody),
        504: json_of("It could not start in time", ErrorBody),
    }
    return {
        **_submission("Submit a request and wait for its result", name, given),
        "operationId": f"run_{name}",
        "responses": responses(answers),
    }


def _submission(summary: str, name: str, given: type[BaseModel]) -> Json:
    schema = ref(given)
    return {
        "summary": f"{summary} ({name.replace('_', ' ')})",
        "parameters": _SUBMIT_PARAMETERS,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
    }


def _request_paths() -> Json:
    base = f"/{_APP}/requests/{{request_id}}"
    ended = {
        499: json_of("It was cancelled", ErrorBody),
        500: json_of("The render failed", ErrorBody),
    }
    result: dict[int, Json] = {200: _clip(), **errors(400, 401, 403, 404, 422, 503), **ended}
    result[504] = json_of("It could not start in time", ErrorBody)
    status = {
        200: json_of("It has ended", QueueStatus),
        202: json_of("It has not ended", QueueStatus),
    }
    # the protocol answers with CancelAnswer even where there is nothing to cancel
    cancel = {code: json_of("What becomes of it", CancelAnswer) for code in (202, 400, 404)}
    stream = {
        200: {
            "description": "Each change as an event, until the end",
            "content": {"text/event-stream": {}},
        }
    }
    unknown = {
        **errors(401, 403, 503),
        404: json_of("Not there, or somebody else's", CancelAnswer),
    }
    return {
        base: {"get": _request_operation("result", "The result", result)},
        f"{base}/status": {
            "get": _request_operation("status", "Where it stands", {**status, **unknown}, _LOGS)
        },
        f"{base}/status/stream": {
            "get": _request_operation("stream", "Every change", {**stream, **unknown}, _LOGS)
        },
        f"{base}/cancel": {
            "put": _request_operation("cancel", "Cancel it", {**errors(401, 403, 503), **cancel})
        },
    }


def _request_operation(
    operation: str, summary: str, answers: Mapping[int, Json], *parameters: Json
) -> Json:
    return {
        "operationId": operation,
        "summary": summary,
        "parameters": [_ID, *parameters],
        "responses": responses(answers),
    }


def _other_paths() -> Json:
    plain: Json = {"content": {"application/json": {"schema": {"type": "object"}}}}
    healthy: Json = {"description": "How it is", **plain}
    keys: Json = {"description": "The keys that sign webhooks", **plain}
    unready: Json = {"description": "It does not render now", **plain}
    return {
        "/health": {
            "get": {
                "operationId": "health",
                "security": [{}],
                "responses": responses({200: healthy}),
            }
        },
        "/ready": {
            "get": {
                "operationId": "ready",
                "security": [{}],
                "responses": responses({200: healthy, 503: unready}),
            }
        },
        "/.well-known/jwks.json": {
            "get": {
                "operationId": "jwks",
                "security": [{}],
                "responses": responses({200: keys}),
            }
        },
    }


def _clip() -> Json:
    made_by = {"description": "The engine that made it", "schema": {"type": "string"}}
    return {**json_of("The clip", Output), "headers": {ENGINE_HEADER: made_by}}
