"""Schemas that are asked often: what fits is passed by a quick validator, what does not is judged by jsonschema itself.

A whole bot in a test sends and gets some dozen payloads, and jsonschema looks at each for a tenth of a second.
"""

from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from typing import Any

import jsonschema_rs
from jsonschema import Draft7Validator, ValidationError

_QUICK: dict[str, type[jsonschema_rs.Draft7Validator | jsonschema_rs.Draft202012Validator]] = {
    "http://json-schema.org/draft-07/schema#": jsonschema_rs.Draft7Validator,
    "https://json-schema.org/draft/2020-12/schema": jsonschema_rs.Draft202012Validator,
}
"""The quick validators by the draft's name."""


class Schema:
    """One schema. ``slow`` is jsonschema's validator, which may tolerate more than the schema says, never less;
    ``resources`` are the documents that the schema refers to."""

    def __init__(self, slow: Any, resources: jsonschema_rs.Registry | None = None) -> None:
        self._slow = slow
        self._resources = resources

    def errors(self, instance: object) -> Iterable[ValidationError]:
        """What jsonschema has against the instance."""
        # a value that is not plain JSON, an enumeration's for example, cannot be looked at quickly
        with suppress(ValueError):
            if self._quick.is_valid(instance):
                return ()
        found: Iterable[ValidationError] = self._slow.iter_errors(instance)
        return found

    @cached_property
    def _quick(self) -> Any:
        kind = _QUICK[self._slow.META_SCHEMA["$schema"]]
        return kind(self._slow.schema, registry=self._resources, validate_formats=False, offline=True)


def draft7(schema: dict[str, Any]) -> Schema:
    """A schema that refers to nothing outside."""
    return Schema(Draft7Validator(schema))
