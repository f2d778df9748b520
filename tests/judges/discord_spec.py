"""Judge of Discord's REST traffic: every request and answer against the official OpenAPI description (3.1, v10)."""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator, validators
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from judges.complaints import explain
from judges.schemas import Schema

FILE = "discord-openapi-v10.json"
ROOT = "urn:discord"


@dataclass(frozen=True)
class Operation:
    """One documented operation: its path pattern and its part of the description."""

    pattern: str
    method: str
    spec: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.spec["operationId"])

    @property
    def pointer(self) -> str:
        """JSON pointer to the operation, escaped for use in a `$ref`."""
        return f"/paths/{_escape(self.pattern)}/{self.method}"


class Described:
    """A description, and the schemas in it that were asked for."""

    def __init__(self, document: dict[str, Any]) -> None:
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(ROOT, resource)
        self._quick = jsonschema_rs.Registry([(ROOT, document)])
        self._schemas: dict[str, Schema] = {}

    def part(self, pointer: str) -> dict[str, Any]:
        """What stands there."""
        found: dict[str, Any] = self._registry.resolver().lookup(f"{ROOT}#{pointer}").contents
        return found

    def explain(self, pointer: str, instance: object) -> list[str]:
        """What the schema that stands there has against the instance."""
        if pointer not in self._schemas:
            slow = _Validator({"$ref": f"{ROOT}#{pointer}"}, registry=self._registry)
            self._schemas[pointer] = Schema(slow, self._quick)
        return explain(self._schemas[pointer].errors(instance))


class DiscordSpec:
    """`request` and `response` return a list of complaints; an empty list is a pass."""

    def __init__(self, path: Path) -> None:
        document = json.loads(path.read_text(encoding="utf-8"))
        self._requests = Described(_closed(document))
        self._responses = Described(_unions_inclusive(document))
        patterns = sorted(document["paths"].items(), key=lambda item: item[0].count("{"))  # '@me' wins over {param}
        self._routes = [(_regex(pattern), pattern, item) for pattern, item in patterns]

    def request(self, method: str, path: str, content_type: str, body: object) -> list[str]:
        """Judge a request. `path` comes without /api/v10 and query; `body` is decoded (multipart: the payload_json)."""
        operation = self._find(method, path)
        if operation is None:
            return [f"no such operation {method} {path}"]
        wanted = operation.spec.get("requestBody")
        if not wanted:
            return [] if body in (None, {}) else [f"{operation.name}: takes no body, got {body!r:.80}"]
        if content_type not in wanted["content"]:
            return [f"{operation.name}: content type {content_type} not in {list(wanted['content'])}"]
        pointer = f"{operation.pointer}/requestBody/content/{_escape(content_type)}/schema"
        if "allOf" in wanted["content"][content_type]["schema"]:
            pointer += "/allOf/0"  # [1] describes only files[n]
        return [f"{operation.name} request {text}" for text in self._requests.explain(pointer, body)]

    def response(self, method: str, path: str, status: int, body: object) -> list[str]:
        """Judge an answer; `body` is the decoded JSON, None when there is none."""
        operation = self._find(method, path)
        if operation is None:
            return []
        documented = operation.spec["responses"]
        key = str(status) if str(status) in documented else f"{status // 100}XX"
        if key not in documented:
            return [f"{operation.name}: status {status} not documented ({list(documented)})"]
        pointer = f"{operation.pointer}/responses/{key}"
        if reference := documented[key].get("$ref"):
            pointer = reference.removeprefix("#")
        if "application/json" not in self._responses.part(pointer).get("content", {}):
            return [] if body is None else [f"{operation.name}: {status} has no body, got {body!r:.80}"]
        pointer += f"/content/{_escape('application/json')}/schema"
        return [f"{operation.name} response {text}" for text in self._responses.explain(pointer, body)]

    def _find(self, method: str, path: str) -> Operation | None:
        wanted = method.lower()
        for regex, pattern, item in self._routes:
            if wanted in item and regex.fullmatch(path):
                return Operation(pattern, wanted, item[wanted])
        return None


@cache
def discord_spec(folder: Path) -> DiscordSpec:
    """The judge for a folder of descriptions, loaded once per process."""
    return DiscordSpec(folder / FILE)


def _closed(document: dict[str, Any]) -> dict[str, Any]:
    """The description with every component object closed, so that misspelt request fields are caught (this
    strictness is ours), and with the tolerances that correct clients need."""
    document = _unions_inclusive(copy.deepcopy(document))
    schemas = document["components"]["schemas"]
    for schema in _objects(schemas):
        schema.setdefault("additionalProperties", False)
    # Tolerance 2: `nsfw` on commands is documented, but absent from the generated description.
    for name in ("ApplicationCommandUpdateRequest", "ApplicationCommandCreateRequest"):
        schemas[name]["properties"]["nsfw"] = {"type": ["boolean", "null"]}
    # Tolerance 3: discord.py sends `tts` beside content, also on edits, where the description has none.
    for schema in _objects(schemas):
        if {"content", "attachments"} <= schema["properties"].keys():
            schema["properties"].setdefault("tts", {"type": ["boolean", "null"]})
    # Tolerance 4: attachments[].id is a snowflake there; clients send the integer n of files[n].
    schemas["SnowflakeType"] = {
        "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^(0|[1-9][0-9]*)$"}]
    }
    # Tolerance 5: discord.py hands an attachment that an edit keeps back whole, as it got it, and adds `spoiler`.
    echoed = {**schemas["MessageAttachmentResponse"]["properties"], "spoiler": {"type": "boolean"}}
    for name, schema in echoed.items():
        schemas["MessageAttachmentRequest"]["properties"].setdefault(name, schema)
    return document


def _objects(schemas: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (schema for schema in schemas.values() if schema.get("type") == "object" and "properties" in schema)


def _unions_inclusive(node: Any) -> Any:
    # Tolerance 1: integers may arrive as strings, so the exclusive oneOf would match twice.
    if isinstance(node, dict):
        return {
            ("anyOf" if key == "oneOf" and "anyOf" not in node else key): _unions_inclusive(value)
            for key, value in node.items()
        }
    return [_unions_inclusive(value) for value in node] if isinstance(node, list) else node


def _lenient_integers() -> Any:
    """The description says that integer fields also take strings that parse as integers."""
    plain = Draft202012Validator.TYPE_CHECKER

    def is_integer(_checker: object, value: object) -> bool:
        numeric = isinstance(value, str) and re.fullmatch(r"-?\d+", value) is not None
        return numeric or plain.is_type(value, "integer")

    return plain.redefine("integer", is_integer)


_Validator = validators.extend(Draft202012Validator, type_checker=_lenient_integers())  # type: ignore[no-untyped-call]


def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^}]+\\\}", "([^/]+)", re.escape(pattern)))


def _escape(part: str) -> str:
    pairs = (("~", "~0"), ("/", "~1"), ("%", "%25"), ("{", "%7B"), ("}", "%7D"), ("[", "%5B"), ("]", "%5D"))
    for plain, escaped in pairs:
        part = part.replace(plain, escaped)
    return part
