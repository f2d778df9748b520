"""Building blocks of the OpenAPI document: schemas by name, answers by status code, and the
errors."""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from generation.protocol.wire import (
    CancelAnswer,
    ErrorBody,
    MetricsBody,
    Output,
    QueueStatus,
    SubmitAnswer,
)
from worker.api.schemas import INPUTS
from worker.api.video_schemas import VIDEO_INPUTS

Json = dict[str, Any]

_MODELS: Final[tuple[type[BaseModel], ...]] = (
    SubmitAnswer,
    QueueStatus,
    Output,
    CancelAnswer,
    ErrorBody,
    MetricsBody,
    *INPUTS.values(),
    *VIDEO_INPUTS.values(),
)
_NAMES: Final = {model: str(model.model_config.get("title") or model.__name__) for model in _MODELS}
_ERRORS: Final = {
    400: "A header or query that is not valid, or a body that broke off",
    401: "No key, or a wrong one",
    403: "Not from here without a key",
    404: "Not there, or somebody else's",
    405: "Another method is needed",
    408: "The body took too long",
    409: "The idempotency key was used for something else, or somebody else writes there just now",
    413: "The body, or what this key has uploaded, is too much",
    422: "Not the JSON object that is expected",
    429: "Too many requests are waiting",
    503: "The disk is full, or the worker is stopping",
}


def errors(*codes: int) -> dict[int, Json]:
    """These error answers, each with the protocol's error body."""
    return {code: json_of(_ERRORS[code], ErrorBody) for code in codes}


def json_of(description: str, model: type[BaseModel]) -> Json:
    """An answer whose body is that model of the protocol."""
    return {"description": description, "content": {"application/json": {"schema": ref(model)}}}


def object_of(description: str, **properties: Json) -> Json:
    """An answer whose body is a JSON object with exactly these properties."""
    schema = {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def responses(answers: Mapping[int, Json]) -> Json:
    """Answers in the order of their status codes."""
    return {str(code): answer for code, answer in sorted(answers.items())}


def ref(model: type[BaseModel]) -> Json:
    """A reference to one of :func:`schemas`."""
    return {"$ref": _ref(model)}


def schemas() -> Json:
    """Every model under its title, with all models that it refers to."""
    modes: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (model, "validation") for model in _MODELS
    ]
    # one call for all models: it keeps the names of nested schemas consistent
    _, found = models_json_schema(modes, ref_template="#/components/schemas/{model}")
    # pydantic names a schema for its class; fal's documents use the title, and so do references
    text = json.dumps(found["$defs"])
    for model in _MODELS:
        text = text.replace(f'"#/components/schemas/{model.__name__}"', json.dumps(_ref(model)))
    titles = {model.__name__: name for model, name in _NAMES.items()}
    return {titles.get(name, name): schema for name, schema in json.loads(text).items()}


def _ref(model: type[BaseModel]) -> str:
    return f"#/components/schemas/{_NAMES[model]}"
