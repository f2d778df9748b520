"""How every body of the queue protocol is read and written."""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict


def without(body: dict[str, Any], *optional: str) -> dict[str, Any]:
    """Drop the keys that fal leaves out rather than sending null."""
    return {key: value for key, value in body.items() if value is not None or key not in optional}


def text(value: Any) -> Any:
    """An error's text: where a backend sends other JSON, that JSON as text."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def empty_for_null(value: Any) -> Any:
    """Some of fal's answers have null where an empty object is meant."""
    return {} if value is None else value


class Wire(BaseModel):
    """A body: unknown keys are ignored, values cannot be changed, errors never quote the input."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    def to_bytes(self) -> bytes:
        """The body as it is sent (compact JSON, UTF-8)."""
        return self.model_dump_json().encode()
