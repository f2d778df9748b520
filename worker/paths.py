"""What a path of the queue protocol asks for: short, full-id, ``/response`` and trailing-slash forms alike."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from generation.request import Endpoint
from worker.answers import refuse

_SHOWN: Final = 200


class Operation(Enum):
    """What may be asked for, each with the HTTP method that asks."""

    SUBMIT = "submit", "POST"
    STATUS = "status", "GET"
    STREAM = "stream", "GET"
    RESULT = "result", "GET"
    CANCEL = "cancel", "PUT"

    @property
    def method(self) -> str:
        """The one method."""
        return self.value[1]


_TAILS: Final = {
    (): Operation.RESULT,
    ("response",): Operation.RESULT,
    ("status",): Operation.STATUS,
    ("status", "stream"): Operation.STREAM,
    ("cancel",): Operation.CANCEL,
}
_ENDPOINTS: Final = {tuple(endpoint.split("/")): endpoint for endpoint in Endpoint}
_APPS: Final = {tuple(endpoint.app_id.split("/")) for endpoint in Endpoint}


@dataclass(frozen=True, slots=True)
class Submission:
    """A request is posted to that endpoint."""

    endpoint: Endpoint
    operation: Operation = Operation.SUBMIT


@dataclass(frozen=True, slots=True)
class About:
    """Something is asked of a request."""

    request_id: str
    operation: Operation


def parse_path(path: str) -> Submission | About:
    """Read a path below the queue's base. Raises a 404 in fal's words when there is nothing."""
    parts = tuple(path.removeprefix("/").removesuffix("/").split("/"))
    if endpoint := _ENDPOINTS.get(parts):
        return Submission(endpoint)
    if "requests" in parts:
        at = parts.index("requests")
        app, request_id, tail = parts[:at], parts[at + 1 : at + 2], parts[at + 2 :]
        if (app in _APPS or app in _ENDPOINTS) and all(request_id) and request_id and tail in _TAILS:
            return About(request_id[0], _TAILS[tail])
    raise _not_found(parts)


def _not_found(parts: tuple[str, ...]) -> Exception:
    if parts[:2] in _APPS:
        rest = "/".join(parts[2:])[:_SHOWN]
        return refuse(404, f"Path /{rest} not found", headers={"x-fal-billable-units": "0"})
    name = parts[1] if len(parts) > 1 else parts[0]
    return refuse(404, f'Application "{name[:_SHOWN]}" not found')
