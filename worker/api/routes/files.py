"""Finished clips over HTTP, with ranges and ETags, and previews of others. No key is needed: the
names are random."""

from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from generation.protocol.wire import PREVIEWS_PATH
from worker.api.app_parts import AppParts
from worker.api.responses import api_error
from worker.render.previews import PREVIEW_TYPE
from worker.scheduling.views import VIDEO_TYPE

_MONTH: Final = 30 * 24 * 3600


def file_routes(parts: AppParts) -> list[Route]:
    """``GET /files/{name}`` and ``GET /files/looks/{name}``."""

    async def clip(http: Request) -> Response:
        name = http.path_params["name"]
        path = parts.storage.find(name)
        if path is None:
            raise api_error(404, "File not found")
        # a clip never changes, so its name serves as its ETag
        headers = {
            "etag": f'"{name}"',
            "cache-control": f"private, max-age={_MONTH}, immutable",
            "x-content-type-options": "nosniff",
        }
        if _has_current(http, headers["etag"]):
            return Response(status_code=304, headers=headers)
        return FileResponse(path, media_type=VIDEO_TYPE, headers=headers)

    async def preview(http: Request) -> Response:
        # each preview replaces the one before, and all are gone once the clip is finished
        found = parts.registry.preview(http.path_params["name"])
        if found is None:
            raise api_error(404, "File not found")
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return Response(found.picture, media_type=PREVIEW_TYPE, headers=headers)

    return [
        Route(f"{PREVIEWS_PATH}{{name}}", preview, methods=["GET", "HEAD"]),
        Route("/files/{name}", clip, methods=["GET", "HEAD"]),
    ]


def _has_current(http: Request, etag: str) -> bool:
    # weak and strong tags are compared alike, as If-None-Match requires
    held = [
        tag.strip().removeprefix("W/") for tag in http.headers.get("if-none-match", "").split(",")
    ]
    return etag in held or "*" in held
