"""Who changed what, in every server."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from adapters.web.dashboard.queries import number_in, server_in
from adapters.web.dashboard.rendering import Templates
from adapters.web.dashboard.sources import Sources
from generation.rules.audit import AuditEntry
from generation.text.audit import audit_words

_A_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One change, in words."""

    entry: AuditEntry
    words: str


class AuditPage:
    """Fifty changes a page."""

    def __init__(self, sources: Sources, templates: Templates) -> None:
        self._sources = sources
        self._templates = templates

    def routes(self) -> list[BaseRoute]:
        """The page."""
        return [Route("/audit", self._page)]

    async def _page(self, request: Request) -> Response:
        store, server = self._sources.store, server_in(request)
        found = await store.audit_log(
            server=server, before=number_in(request, "before"), limit=_A_PAGE + 1
        )
        rows = [AuditRow(entry, self._words(entry)) for _, entry in found[:_A_PAGE]]
        return self._templates.page(
            request,
            "audit",
            rows=rows,
            older=found[_A_PAGE - 1][0] if len(found) > _A_PAGE else None,
            server=str(server or ""),
            servers=self._templates.server_options(await self._sources.servers.latest()),
            server_called=self._templates.naming.server(server) if server else "",
        )

    def _words(self, entry: AuditEntry) -> str:
        words = audit_words(entry, self._templates.naming.words(entry.server))
        # without the time, which has a column of its own
        return words.rpartition(" · ")[0]
