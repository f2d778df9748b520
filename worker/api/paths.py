"""Reads the paths of the queue protocol: with the app's or the endpoint's id, with ``/response``,
with a trailing slash."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from generation.protocol.inputs.steps import of_videos
from generation.protocol.request import Endpoint
from worker.api.responses import api_error

_SHOWN: Final = 200


class Operation(Enum):
    """What a caller may ask for, each with its HTTP method."""

    SUBMIT = "submit", "POST"
    STATUS = "status", "GET"
    STREAM = "stream", "GET"
    RESULT = "result", "GET"
    CANCEL = "cancel", "PUT"

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.value[1]


_TAILS: Final = {
    (): Operation.RESULT,
    ("response",): Operation.RESULT,
    ("status",): Operation.STATUS,
    ("status", "stream"): Operation.STREAM,
    ("cancel",): Operation.CANCEL,
}
_ENDPOINTS: Final = {tuple(endpoint.split("/")): endpoint for endpoint in Endpoint}
_OF_VIDEOS: Final = {tuple(of_videos(endpoint).split("/")): endpoint for endpoint in Endpoint}
_APPS: Final = {tuple(endpoint.app_id.split("/")) for endpoint in Endpoint}


@dataclass(frozen=True, slots=True)
class SubmitPath:
    """The path of a submission to that endpoint; with ``of_videos`` to the one for clips that start
    from a video."""

    endpoint: Endpoint
    of_videos: bool = False
    operation: Operation = Operation.SUBMIT


@dataclass(frozen=True, slots=True)
class RequestPath:
    """The path of an operation on a request."""

    request_id: str
    operation: Operation


def parse_path(path: str) -> SubmitPath | RequestPath:
    """Parse a path below the queue's base. Raises a 404 in fal's words for any other path."""
    parts = tuple(path.removeprefix("/").removesuffix("/").split("/"))
    if endpoint := _ENDPOINTS.get(parts):
        return SubmitPath(endpoint)
    if endpoint := _OF_VIDEOS.get(parts):
        return SubmitPath(endpoint, of_videos=True)
    # an app's id has two parts, an endpoint's more: `requests` tells where the request id begins
    if "requests" in parts:
        at = parts.index("requests")
        app, request_id, tail = parts[:at], parts[at + 1 : at + 2], parts[at + 2 :]
        if (
            (app in _APPS or app in _ENDPOINTS or app in _OF_VIDEOS)
            and all(request_id)
            and request_id
            and tail in _TAILS
        ):
            return RequestPath(request_id[0], _TAILS[tail])
    raise _not_found(parts)


def _not_found(parts: tuple[str, ...]) -> Exception:
    if parts[:2] in _APPS:
        # a path can be as long as a head may be; the answer repeats only its beginning
        rest = "/".join(parts[2:])[:_SHOWN]
        return api_error(404, f"Path /{rest} not found", headers={"x-fal-billable-units": "0"})
    name = parts[1] if len(parts) > 1 else parts[0]
    return api_error(404, f'Application "{name[:_SHOWN]}" not found')
