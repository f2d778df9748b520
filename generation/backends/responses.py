"""One answer of a queue backend, read leniently: a wrong value must not lose the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from generation.ports import WorkerHealth
from generation.protocol.json_size import exceeds, is_small, parse_json
from generation.protocol.wire import HealthBody

M = TypeVar("M", bound=BaseModel)

LONGEST_WAIT: Final = 3600.0
"""Seconds: a longer ``Retry-After`` counts as this."""

LINES_READ: Final = 500
"""The last ones of each answer: a log may be endless."""
_MOST_VALUES: Final = 8000
_MOST_HOLDERS: Final = 50_000
_DEEPEST: Final = 32
"""More than the values, and the levels, of an answer with that many lines."""
_ROUNDS: Final = 4
"""Dropping a wrong value can make the one around it wrong; answers nest no deeper than this."""


@dataclass(frozen=True, slots=True)
class BackendResponse:
    """A whole answer: status code, headers by lower-case name, and body (whose size the transport
    has bounded)."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        """Whether the status code is a 2xx."""
        return 200 <= self.status < 300

    @property
    def is_json_object(self) -> bool:
        """False for the pages of proxies and tunnels, which are not the backend's."""
        return isinstance(_json(self.body), dict)

    def read_as(self, model: type[M]) -> M | None:
        """The body as that model; None when it does not fit."""
        return read_leniently(model, self.body)

    def retry_after(self, now: datetime) -> float | None:
        """Seconds to wait before the next request, at most :data:`LONGEST_WAIT`; None when the
        backend does not say."""
        # RFC 9110 allows seconds or a date
        value = self.headers.get("retry-after", "").strip()
        seconds = (
            _seconds(value) if value.replace(".", "", 1).isdecimal() else _seconds_until(value, now)
        )
        return None if seconds is None else min(max(seconds, 0.0), LONGEST_WAIT)


def worker_health(body: HealthBody) -> WorkerHealth:
    """A worker's health page as the core's value."""
    memory = body.memory
    return WorkerHealth(
        status=body.status,
        engine=body.engine[:100],
        why=body.engine_reason,
        device=body.gpu,
        version=body.version,
        places=body.places,
        active=body.active,
        waiting=body.queue_length,
        memory_total=None if memory is None else memory.total,
        memory_free=None if memory is None else memory.free,
        models=body.models,
        compiling=body.compiling,
    )


def read_leniently(model: type[M], body: bytes | str) -> M | None:
    """Read JSON as a model without the optional values that have the wrong type; None when a
    required one is wrong."""
    value = _json(body)
    if not is_small(body, values=LINES_READ, depth=_DEEPEST):
        value = _bounded(value)
    for _ in range(_ROUNDS):
        try:
            return model.model_validate(value)
        except ValidationError as error:
            dropped = [
                _drop(value, complaint["loc"])
                for complaint in error.errors(
                    include_url=False, include_context=False, include_input=False
                )
            ]
            # nothing left to drop: what is wrong is required, or the body is not an object at all
            if not any(dropped):
                return None
    return None


def _bounded(value: Any) -> Any:
    """An answer's object without what nobody reads: of each list the last entries, and no lists or
    objects at all where they hold too much. Each value can be a complaint, which takes time."""
    if not isinstance(value, dict):
        return value
    cut = {
        name: inner[-LINES_READ:] if isinstance(inner, list) else inner
        for name, inner in value.items()
    }
    if not exceeds(cut, values=_MOST_VALUES, depth=_DEEPEST):
        return cut
    return {name: inner for name, inner in cut.items() if not isinstance(inner, dict | list)}


def _json(body: bytes | str) -> Any:
    try:
        return parse_json(body, holders=_MOST_HOLDERS, allow_inf_nan=True)
    except ValueError:
        return None


def _drop(value: Any, loc: tuple[int | str, ...]) -> bool:
    """Remove the innermost named value that a complaint is about; False when there is none."""
    holder: dict[str, Any] | None = None
    name = ""
    # a loc may end in names of types that pydantic adds, which are not in the value
    for part in loc:
        if isinstance(value, dict) and part in value:
            holder, name, value = value, str(part), value[part]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            break
    if holder is None:
        return False
    del holder[name]
    return True


def _seconds(value: str) -> float | None:
    # more digits than any real wait has
    return float(value) if len(value) <= 12 else LONGEST_WAIT


def _seconds_until(value: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    # without a time zone the moment is unknown, and cannot be subtracted
    return (moment - now).total_seconds() if moment.tzinfo else None
