"""The worker's health: for people, for the bot, and for what restarts containers."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from generation import __version__
from worker.api.app_parts import AppParts


def health_routes(parts: AppParts) -> list[Route]:
    """``GET /health`` describes the worker; ``GET /ready`` is a 200 while it takes requests and
    renders, and a 503 before, after, and while its disk is full."""

    async def health(_: Request) -> Response:
        condition = parts.condition()
        return JSONResponse(
            {
                "status": _state(parts),
                "engine": parts.engine.name,
                "engine_reason": parts.engine.reason,
                "gpu": parts.device(),
                "version": __version__,
                "places": parts.places(),
                "capabilities": sorted(parts.capabilities),
                "compiling": parts.compiling(),
                "queue_length": len(parts.registry.queue),
                "active": len(parts.registry.active),
                "memory": None if condition.memory is None else asdict(condition.memory),
                "models": condition.models,
            }
        )

    async def ready(_: Request) -> Response:
        state = _state(parts)
        # a 503 keeps load balancers away; the process itself may be healthy
        return JSONResponse({"status": state}, 200 if state == "ready" else 503)

    return [Route("/health", health, methods=["GET"]), Route("/ready", ready, methods=["GET"])]


def _state(parts: AppParts) -> str:
    if parts.closing.is_set():
        return "closing"
    if not parts.render_loop.loaded.is_set():
        return "loading"
    return "ready" if parts.has_room else "disk full"
