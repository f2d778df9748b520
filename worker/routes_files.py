"""Finished clips over HTTP, with ranges and ETags, and looks at others. The URL is the key: nobody can guess it."""

from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from generation.wire import LOOKS_PATH
from worker.answers import refuse
from worker.looks import LOOK
from worker.parts import Parts
from worker.views import VIDEO

_MONTH: Final = 30 * 24 * 3600


def file_routes(parts: Parts) -> list[Route]:
    """``GET /files/{name}`` and ``GET /files/looks/{name}``."""

    async def clip(http: Request) -> Response:
        """A clip never changes, so its name is its ETag."""
        name = http.path_params["name"]
        path = parts.storage.find(name)
        if path is None:
            raise refuse(404, "File not found")
        headers = {
            "etag": f'"{name}"',
            "cache-control": f"private, max-age={_MONTH}, immutable",
            "x-content-type-options": "nosniff",
        }
        if _has_it_already(http, headers["etag"]):
            return Response(status_code=304, headers=headers)
        return FileResponse(path, media_type=VIDEO, headers=headers)

    async def look(http: Request) -> Response:
        """Each look replaces the one before, and is gone when the clip is there."""
        found = parts.book.look(http.path_params["name"])
        if found is None:
            raise refuse(404, "File not found")
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return Response(found.picture, media_type=LOOK, headers=headers)

    return [
        Route(f"{LOOKS_PATH}{{name}}", look, methods=["GET", "HEAD"]),
        Route("/files/{name}", clip, methods=["GET", "HEAD"]),
    ]


def _has_it_already(http: Request, etag: str) -> bool:
    held = [tag.strip().removeprefix("W/") for tag in http.headers.get("if-none-match", "").split(",")]
    return etag in held or "*" in held
