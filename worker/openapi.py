"""The OpenAPI document of the worker: every path that a program may use, with every answer that it may get."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from generation.request import Endpoint
from generation.wire import ENGINE_HEADER, CancelAnswer, ErrorBody, Output, QueueStatus, SubmitAnswer
from worker.looks import LOOK
from worker.schemas import INPUTS

Json = dict[str, Any]

_APP: Final = Endpoint.STANDARD.app_id
_MODELS: Final[tuple[type[BaseModel], ...]] = (
    SubmitAnswer,
    QueueStatus,
    Output,
    CancelAnswer,
    ErrorBody,
    *INPUTS.values(),
)
_NAMES: Final = {model: str(model.model_config.get("title") or model.__name__) for model in _MODELS}
_ID: Final[Json] = {
    "name": "request_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"},
}  # fmt: skip
_LOGS: Final[Json] = {
    "name": "logs", "in": "query", "schema": {"type": "string", "enum": ["1", "true", "0", "false"]},
    "description": "Whether to tell what the render said.",
}  # fmt: skip
_SUBMIT_PARAMETERS: Final[list[Json]] = [
    {"name": "fal_webhook", "in": "query", "schema": {"type": "string", "format": "uri", "maxLength": 2048}},
    {"name": "fal_max_queue_length", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": 999999999}},
    {"name": "X-Fal-Request-Timeout", "in": "header", "schema": {"type": "number", "minimum": 0.1}},
    {"name": "X-Fal-Queue-Priority", "in": "header", "schema": {"type": "string", "enum": ["normal", "low"]}},
    {"name": "X-Fal-No-Retry", "in": "header", "schema": {"type": "string", "enum": ["1", "true", "yes"]}},
    {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "minLength": 1, "maxLength": 255}},
]
_REFUSALS: Final = {
    400: "A header or query that cannot be meant",
    401: "No key, or a wrong one",
    403: "Not from here without a key",
    404: "Not there, or somebody else's",
    405: "Another method is meant",
    408: "The body took too long",
    409: "The idempotency key was used for something else",
    413: "The body is too long",
    422: "No JSON object",
    429: "Too many requests are waiting",
    503: "The disk is full, or the worker is stopping",
}


def document() -> Json:
    """The document, as JSON values."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Flipbook worker",
            "version": version("flipbook"),
            "description": "AnimateDiff text-to-video behind fal's queue protocol.",
        },
        "paths": {
            **{f"/{endpoint.value}": {"post": _submit(endpoint)} for endpoint in Endpoint},
            **{f"/run/{endpoint.value}": {"post": _run(endpoint)} for endpoint in Endpoint},
            **_request_paths(),
            **_other_paths(),
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "key": {
                    "type": "apiKey", "in": "header", "name": "Authorization",
                    "description": "Key id:secret, as fal's clients send it.",
                }
            },
        },
        "security": [{"key": []}, {}],
    }  # fmt: skip


def _submit(endpoint: Endpoint) -> Json:
    answers = {200: _json("In the queue, safe on disk", SubmitAnswer), **_refused(400, 401, 403, 408, 409)}
    return {
        **_posting(endpoint, "Submit a request"),
        "operationId": f"submit_{endpoint.label}",
        "responses": _responses({**answers, **_refused(413, 422, 429, 503)}),
    }


def _run(endpoint: Endpoint) -> Json:
    answers = {
        200: _clip(),
        **_refused(400, 401, 403, 408, 409, 413, 422, 429, 503),
        499: _json("It was cancelled", ErrorBody),
        500: _json("The render failed", ErrorBody),
        504: _json("It could not start in time", ErrorBody),
    }
    return {
        **_posting(endpoint, "Submit a request and wait for its result"),
        "operationId": f"run_{endpoint.label}",
        "responses": _responses(answers),
    }


def _posting(endpoint: Endpoint, summary: str) -> Json:
    schema = _ref(INPUTS[endpoint])
    return {
        "summary": f"{summary} ({endpoint.label})",
        "parameters": _SUBMIT_PARAMETERS,
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
    }


def _request_paths() -> Json:
    base = f"/{_APP}/requests/{{request_id}}"
    ended = {499: _json("It was cancelled", ErrorBody), 500: _json("The render failed", ErrorBody)}
    result: dict[int, Json] = {200: _clip(), **_refused(400, 401, 403, 404, 422, 503), **ended}
    status = {200: _json("It has ended", QueueStatus), 202: _json("It has not ended", QueueStatus)}
    cancel = {code: _json("What becomes of it", CancelAnswer) for code in (202, 400, 404)}
    stream = {200: {"description": "Each change as an event, until the end", "content": {"text/event-stream": {}}}}
    refused = {**_refused(401, 403, 503), 404: _json("Not there, or somebody else's", CancelAnswer)}
    return {
        base: {"get": _asking("result", "The result", {**result, 504: _json("It could not start in time", ErrorBody)})},
        f"{base}/status": {"get": _asking("status", "Where it stands", {**status, **refused}, _LOGS)},
        f"{base}/status/stream": {"get": _asking("stream", "Every change", {**stream, **refused}, _LOGS)},
        f"{base}/cancel": {"put": _asking("cancel", "Cancel it", {**_refused(401, 403, 503), **cancel})},
    }


def _asking(operation: str, summary: str, answers: Mapping[int, Json], *parameters: Json) -> Json:
    return {
        "operationId": operation,
        "summary": summary,
        "parameters": [_ID, *parameters],
        "responses": _responses(answers),
    }


def _other_paths() -> Json:
    plain: Json = {"content": {"application/json": {"schema": {"type": "object"}}}}
    healthy: Json = {"description": "How it is", **plain}
    keys: Json = {"description": "The keys that sign webhooks", **plain}
    unready: Json = {"description": "It does not render now", **plain}
    return {
        "/health": {"get": {"operationId": "health", "security": [{}], "responses": _responses({200: healthy})}},
        "/ready": {
            "get": {"operationId": "ready", "security": [{}], "responses": _responses({200: healthy, 503: unready})}
        },
        "/.well-known/jwks.json": {
            "get": {
                "operationId": "jwks",
                "security": [{}],
                "responses": _responses({200: keys}),
            }
        },
        "/files/{name}": {"get": _file()},
        "/files/looks/{name}": {"get": _look()},
    }


def _file() -> Json:
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    video = {"content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}}}
    answers: dict[int, Json] = {
        200: {"description": "The clip", **video},
        206: {"description": "The range of it that was asked for", **video},
        304: {"description": "The caller has it already"},
        416: {"description": "It has no such range"},
        **_refused(404),
    }
    return {"operationId": "file", "security": [{}], "parameters": [name], "responses": _responses(answers)}


def _clip() -> Json:
    made_by = {"description": "The engine that made it", "schema": {"type": "string"}}
    return {**_json("The clip", Output), "headers": {ENGINE_HEADER: made_by}}


def _look() -> Json:
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    picture = {"content": {LOOK: {"schema": {"type": "string", "format": "binary"}}}}
    answers: dict[int, Json] = {200: {"description": "A clip while it appears", **picture}, **_refused(404)}
    return {"operationId": "look", "security": [{}], "parameters": [name], "responses": _responses(answers)}


def _refused(*codes: int) -> dict[int, Json]:
    return {code: _json(_REFUSALS[code], ErrorBody) for code in codes}


def _json(description: str, model: type[Any]) -> Json:
    return {"description": description, "content": {"application/json": {"schema": _ref(model)}}}


def _responses(answers: Mapping[int, Json]) -> Json:
    return {str(code): answer for code, answer in sorted(answers.items())}


def _ref(model: type[Any]) -> Json:
    return {"$ref": f"#/components/schemas/{_NAMES[model]}"}


def _schemas() -> Json:
    """Every model under its title, with all that it refers to."""
    modes: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "validation") for model in _MODELS]
    _, found = models_json_schema(modes, ref_template="#/components/schemas/{model}")
    titles = {model.__name__: name for model, name in _NAMES.items()}
    return {titles.get(name, name): schema for name, schema in found["$defs"].items()}
