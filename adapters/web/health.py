"""Health and readiness pages, for load balancers, container engines and people."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from generation.protocol.errors import DatabaseUnusable, StoreError


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What ``/healthz`` shows: the version, each part's state in a word, and whether all of them
    work."""

    version: str
    alive: bool
    parts: Mapping[str, str] = field(default_factory=dict)


class HealthPages:
    """``/healthz``: 200 while every loop runs, else 503. ``/readyz``: 200 while jobs can be taken,
    else 503."""

    def __init__(
        self, report: Callable[[], HealthReport], ping: Callable[[], Awaitable[None]]
    ) -> None:
        """``ping`` raises StoreError while the database cannot be read."""
        self._report = report
        self._ping = ping

    def routes(self) -> list[Route]:
        """Both pages."""
        return [
            Route("/healthz", self._healthz, methods=["GET"]),
            Route("/readyz", self._readyz, methods=["GET"]),
        ]

    async def _healthz(self, _request: Request) -> JSONResponse:
        report = self._report()
        body = {
            "status": "ok" if report.alive else "failing",
            "version": report.version,
            "parts": dict(report.parts),
        }
        return JSONResponse(body, status_code=200 if report.alive else 503)

    async def _readyz(self, _request: Request) -> JSONResponse:
        # not in /healthz: a restart does not help against a database that is away
        reason = await self._reason_not_ready()
        if reason is not None:
            return JSONResponse({"ready": False, "reason": reason}, status_code=503)
        return JSONResponse({"ready": True})

    async def _reason_not_ready(self) -> str | None:
        if not self._report().alive:
            return "a part of the service has stopped"
        try:
            await self._ping()
        except DatabaseUnusable:
            return "the database cannot be used; the log and `flipbook doctor` say why"
        except StoreError:
            return "the database cannot be read"
        return None
