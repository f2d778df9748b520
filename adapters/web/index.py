"""``GET /``: one plain line for people who look where the service is."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from adapters.web.dashboard.guard import ROOT


def index_route(version: str, *, has_dashboard: bool = False) -> Route:
    """The name, the version, and where health and the dashboard are."""
    line = f"Flipbook {version}. Health is at /healthz and /readyz, metrics are at /metrics."
    if has_dashboard:
        line += f" The dashboard is at {ROOT}; `flipbook dashboard` lets you in."

    async def endpoint(_request: Request) -> PlainTextResponse:
        return PlainTextResponse(f"{line}\n")

    return Route("/", endpoint, methods=["GET"])
