"""All pages of the dashboard behind their guard."""

from collections.abc import Callable
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from adapters.web.dashboard.entrance import Entrance, LinkEntrance
from adapters.web.dashboard.guard import ROOT, Guard
from adapters.web.dashboard.login_pages import LoginPages, cookie_name
from adapters.web.dashboard.naming import Naming
from adapters.web.dashboard.pages.audit import AuditPage
from adapters.web.dashboard.pages.gallery import GalleryPage
from adapters.web.dashboard.pages.health import HealthPage
from adapters.web.dashboard.pages.job import JobPage
from adapters.web.dashboard.pages.queue import QueuePage
from adapters.web.dashboard.pages.reports import ReportsPage
from adapters.web.dashboard.pages.servers import ServersPage
from adapters.web.dashboard.pages.settings import SettingsPage
from adapters.web.dashboard.pages.spend import SpendPage
from adapters.web.dashboard.pages.troubles import TroublesPage
from adapters.web.dashboard.rendering import FOLDER, Templates
from adapters.web.dashboard.sources import Sources
from generation.protocol.errors import ArtifactMissing, FlipbookError
from generation.text.errors import sentence


class Page(Protocol):
    """One page with all that belongs to it."""

    def routes(self) -> list[BaseRoute]:
        """Below the dashboard's root."""


class Dashboard:
    """``is_ours`` says of a host name whether the pages are served under it."""

    def __init__(
        self, sources: Sources, entrance: Entrance, *, is_ours: Callable[[str], bool]
    ) -> None:
        self._entrance = entrance
        self._is_ours = is_ours
        self._looks = (sources.doctor, sources.kept)
        self._templates = Templates(
            Naming(sources.service.names), {"troubles": lambda: sources.troubles.count}
        )
        self._queue = QueuePage(sources, self._templates)
        others = (
            GalleryPage,
            JobPage,
            ServersPage,
            SpendPage,
            HealthPage,
            ReportsPage,
            AuditPage,
            SettingsPage,
            TroublesPage,
        )
        self._pages: list[Page] = [
            self._queue,
            *(page(sources, self._templates) for page in others),
        ]

    def routes(self) -> list[BaseRoute]:
        """Every page and act, for people who are let in; paths are below ``/dashboard``."""
        return [route for page in self._pages for route in page.routes()]

    def mount(self) -> Mount:
        """Everything below ``/dashboard``."""
        static = Mount("/static", StaticFiles(directory=FOLDER / "static"))
        routes: list[BaseRoute] = [static, *self.routes()]
        behind_proxy = True
        if isinstance(self._entrance, LinkEntrance):
            routes += LoginPages(self._entrance, self._templates, self._queue.live.end).routes()
            behind_proxy = False
        guard = Guard(
            # an app of its own: its errors are answered inside the guard, with the guard's headers
            Starlette(routes=routes, exception_handlers={FlipbookError: _failed, 404: _not_found}),
            self._entrance,
            is_ours=self._is_ours,
            behind_proxy=behind_proxy,
            cookie=cookie_name,
        )
        return Mount(ROOT, app=guard)

    async def close(self) -> None:
        """End what would keep the process from ending."""
        for look in self._looks:
            look.close()
        await self._queue.live.close()


async def _failed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, FlipbookError)  # noqa: S101 - registered for that class
    return PlainTextResponse(
        str(sentence(error)), 404 if isinstance(error, ArtifactMissing) else 503
    )


async def _not_found(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("There is no such page in the dashboard.", 404)
