"""Whether the service lives and whether it is ready, for load balancers, container engines and people."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from generation.errors import StoreError


@dataclass(frozen=True, slots=True)
class Health:
    """What ``/healthz`` tells: the version, each part's state in a word, and whether all of them do their work."""

    version: str
    alive: bool
    parts: Mapping[str, str] = field(default_factory=dict)


def health_routes(health: Callable[[], Health], ping: Callable[[], Awaitable[None]]) -> list[Route]:
    """``/healthz``: 200 while every loop runs, else 503. ``/readyz``: 200 when work can be taken, else 503."""

    async def healthz(_request: Request) -> JSONResponse:
        state = health()
        body = {"status": "ok" if state.alive else "failing", "version": state.version, "parts": dict(state.parts)}
        return JSONResponse(body, status_code=200 if state.alive else 503)

    async def readyz(_request: Request) -> JSONResponse:
        if not health().alive:
            return JSONResponse({"ready": False, "reason": "a part of the service has stopped"}, status_code=503)
        try:
            await ping()
        except StoreError:
            return JSONResponse({"ready": False, "reason": "the database cannot be read"}, status_code=503)
        return JSONResponse({"ready": True})

    return [Route("/healthz", healthz, methods=["GET"]), Route("/readyz", readyz, methods=["GET"])]
