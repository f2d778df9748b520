"""``GET /clips/{job_id}.mp4``: a kept clip for whoever comes with a signed link, with ranges, so that players seek."""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from generation.clip_links import CLIPS_PATH, ClipLinks, Opening
from generation.errors import ArtifactError, ArtifactMissing, StoreError
from generation.job import Artifact, Job, JobId
from generation.ports import ArtifactStore

_HEADERS: Final = {
    "Cache-Control": "private, max-age=3600",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_UNKNOWN: Final = "There is no clip at this address."
_EXPIRED: Final = "This link has expired. Ask for the clip again with /flipbook show."
_GONE: Final = "This clip is no longer kept. Re-roll it with the same seed to make it again."
_BUSY: Final = "The clip cannot be read at the moment. Please try again in a minute."


def clip_route(links: ClipLinks, job_of: Callable[[JobId], Awaitable[Job | None]], artifacts: ArtifactStore) -> Route:
    """The route. 404 for a link that is not ours, 410 for one whose time is over or whose clip is gone, 503 while the
    clip cannot be read."""
    return Route(f"{CLIPS_PATH}/{{job_id}}.mp4", _Clips(links, job_of, artifacts), methods=["GET"])


class _Clips:
    """An ASGI application, because the clip is checked out for as long as it is being sent."""

    def __init__(
        self, links: ClipLinks, job_of: Callable[[JobId], Awaitable[Job | None]], artifacts: ArtifactStore
    ) -> None:
        self._links = links
        self._job_of = job_of
        self._artifacts = artifacts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            found = await self._found(request)
            if isinstance(found, Response):
                await found(scope, receive, send)
                return
            async with self._artifacts.checkout(found) as path:
                answer = FileResponse(path, media_type="video/mp4", filename=f"flipbook-{found.key}", headers=_HEADERS)
                answer.headers["Content-Disposition"] = f'inline; filename="flipbook-{found.key}"'
                await answer(scope, receive, send)
        except ArtifactMissing:
            await _words(410, _GONE)(scope, receive, send)
        except (ArtifactError, StoreError):
            await _words(503, _BUSY)(scope, receive, send)

    async def _found(self, request: Request) -> Artifact | Response:
        """The clip that the link opens, or what to say instead."""
        job_id, query = JobId(request.path_params["job_id"]), request.query_params
        match self._links.opening(job_id, query.get("until", ""), query.get("signature", "")):
            case Opening.FORGED:
                return _words(404, _UNKNOWN)
            case Opening.EXPIRED:
                return _words(410, _EXPIRED)
            case Opening.GOOD:
                job = await self._job_of(job_id)
                return job.artifact if job is not None and job.artifact is not None else _words(410, _GONE)


def _words(status: int, text: str) -> Response:
    return PlainTextResponse(text, status, headers={"X-Robots-Tag": "noindex"})
