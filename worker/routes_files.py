"""Finished clips over HTTP, with ranges and ETags. The URL is the key: nobody else can guess it."""

from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from worker.answers import refuse
from worker.parts import Parts
from worker.views import VIDEO

_MONTH: Final = 30 * 24 * 3600


def file_routes(parts: Parts) -> list[Route]:
    """``GET /files/{name}``."""

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

    return [Route("/files/{name}", clip, methods=["GET", "HEAD"])]


def _has_it_already(http: Request, etag: str) -> bool:
    held = [tag.strip().removeprefix("W/") for tag in http.headers.get("if-none-match", "").split(",")]
    return etag in held or "*" in held
