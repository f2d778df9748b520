"""What went wrong while the work went on."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.dashboard.acts import Form, act_route
from adapters.web.dashboard.entrance import Visitor
from adapters.web.dashboard.rendering import Templates
from adapters.web.dashboard.sources import Sources


class TroublesPage:
    """Lists the troubles of this process, and forgets those that were seen."""

    def __init__(self, sources: Sources, templates: Templates) -> None:
        self._book = sources.troubles
        self._templates = templates

    def routes(self) -> list[BaseRoute]:
        """The page, and what can be done there."""
        return [
            Route("/troubles", self._page),
            act_route("/troubles/clear", self._clear, self._templates),
        ]

    async def _page(self, request: Request) -> Response:
        return self._templates.page(request, "troubles", troubles=self._book.latest)

    async def _clear(self, _request: Request, _form: Form, _visitor: Visitor) -> str:
        count = self._book.clear()
        return "Marked as seen." if count else "There was nothing to mark."
