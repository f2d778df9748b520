"""``GET /``: one plain line for people who look where the service is."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def index_route(version: str) -> Route:
    """The name, the version, and where health is."""
    line = f"Flipbook {version}. Health is at /healthz and /readyz, metrics are at /metrics.\n"

    async def endpoint(_request: Request) -> PlainTextResponse:
        return PlainTextResponse(line)

    return Route("/", endpoint, methods=["GET"])
