"""How the worker is: for people, for the bot, and for whatever restarts containers."""

from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from worker.parts import Parts


def health_routes(parts: Parts) -> list[Route]:
    """``GET /health`` says how the worker is, ``GET /ready`` whether it renders (200) or not yet, or no more (503)."""

    async def health(_: Request) -> Response:
        return JSONResponse(
            {
                "status": _state(parts),
                "engine": parts.engine.name,
                "engine_reason": parts.engine.reason,
                "gpu": parts.device(),
                "version": version("flipbook"),
                "queue_length": len(parts.book.line),
                "active": len(parts.book.active),
            }
        )

    async def ready(_: Request) -> Response:
        state = _state(parts)
        return JSONResponse({"status": state}, 200 if state == "ready" else 503)

    return [Route("/health", health, methods=["GET"]), Route("/ready", ready, methods=["GET"])]


def _state(parts: Parts) -> str:
    if parts.closing.is_set():
        return "closing"
    return "ready" if parts.loop.loaded.is_set() else "loading"
