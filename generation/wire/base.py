"""How every body of the queue protocol is read and written."""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict


def without(body: dict[str, Any], *optional: str) -> dict[str, Any]:
    """Drop the keys that fal leaves out rather than sending null."""
    return {key: value for key, value in body.items() if value is not None or key not in optional}


def text(value: Any) -> Any:
    """A stranger's error may be any JSON; keep it readable."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def empty_for_null(value: Any) -> Any:
    """Some of fal's answers say null where they mean an empty object."""
    return {} if value is None else value


class Wire(BaseModel):
    """A body: unknown keys are passed over, what was read cannot be changed, errors never quote the input."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    def to_bytes(self) -> bytes:
        """The body as it goes over the wire (compact JSON, UTF-8)."""
        return self.model_dump_json().encode()
