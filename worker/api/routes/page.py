"""A small page for people: the worker's health, and a form to try a prompt and watch its clip
render."""

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from worker.api.openapi.document import document

_FOLDER: Final = Path(__file__).parents[1] / "page"
_FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}
_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


def page_routes() -> list[Route]:
    """``GET /`` with its script and style, and ``GET /openapi.json``."""
    return [*(_route(path, name, kind) for path, (name, kind) in _FILES.items()), _openapi_route()]


def _route(path: str, name: str, media_type: str) -> Route:
    # read once: the files do not change while the worker runs
    content = (_FOLDER / name).read_bytes()

    async def page(_: Request) -> Response:
        return Response(content, headers=_HEADERS, media_type=media_type)

    return Route(path, page, methods=["GET", "HEAD"])


def _openapi_route() -> Route:
    # made once: it depends on the code only
    described = document()

    async def openapi(_: Request) -> Response:
        return JSONResponse(described)

    return Route("/openapi.json", openapi, methods=["GET", "HEAD"])
