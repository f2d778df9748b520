"""Health and readiness pages, for load balancers, container engines and people."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


@dataclass(frozen=True, slots=True)
class HealthReport:
    """What ``/healthz`` shows: the version, and each part's state in one line."""

    version: str
    parts: Mapping[str, str] = field(default_factory=dict)


class HealthPages:
    """``/healthz``: 200 as long as the process answers, with what is wrong with its parts; one that
    a restart would not help stays healthy. ``/readyz``: 200 while a clip could be made, else 503
    with the reason."""

    def __init__(
        self,
        report: Callable[[], Awaitable[HealthReport]],
        why_not_ready: Callable[[], Awaitable[str | None]],
    ) -> None:
        self._report = report
        self._why_not_ready = why_not_ready

    def routes(self) -> list[Route]:
        """Both pages."""
        return [
            Route("/healthz", self._healthz, methods=["GET"]),
            Route("/readyz", self._readyz, methods=["GET"]),
        ]

    async def _healthz(self, _request: Request) -> JSONResponse:
        report = await self._report()
        return JSONResponse(
            {"status": "ok", "version": report.version, "parts": dict(report.parts)}
        )

    async def _readyz(self, _request: Request) -> JSONResponse:
        reason = await self._why_not_ready()
        if reason is not None:
            return JSONResponse({"ready": False, "reason": reason}, status_code=503)
        return JSONResponse({"ready": True})
