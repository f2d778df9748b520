"""How the bot is, part by part."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.dashboard.rendering import Templates
from adapters.web.dashboard.sources import Sources


class HealthPage:
    """Shows what ``/healthz`` and ``/readyz`` say."""

    def __init__(self, sources: Sources, templates: Templates) -> None:
        self._sources = sources
        self._templates = templates

    def routes(self) -> list[BaseRoute]:
        """The page."""
        return [Route("/health", self._page)]

    async def _page(self, request: Request) -> Response:
        health = self._sources.health
        return self._templates.page(
            request, "health", report=await health.report(), reason=await health.why_not_ready()
        )
