"""The settings in force: each with where it came from, secrets masked."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.dashboard.rendering import Templates
from adapters.web.dashboard.sources import Sources


class SettingsPage:
    """Shows; they are changed where they are written down."""

    def __init__(self, sources: Sources, templates: Templates) -> None:
        self._settings = sources.settings
        self._templates = templates

    def routes(self) -> list[BaseRoute]:
        """The page."""
        return [Route("/settings", self._page)]

    async def _page(self, request: Request) -> Response:
        return self._templates.page(request, "settings", settings=self._settings())
