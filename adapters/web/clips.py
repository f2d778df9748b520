"""``GET /clips/{job_id}.mp4``: a stored clip for a signed link, with ranges, so that players can
seek."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from generation.delivery.clip_links import CLIPS_PATH, ClipLinks, LinkStatus
from generation.domain.job import Artifact, Job, JobId
from generation.ports import ArtifactStore
from generation.protocol.errors import ArtifactError, ArtifactMissing, DatabaseUnusable, StoreError
from generation.text.dialect import PLAIN
from generation.text.errors import MISSING

_HEADERS: Final = {
    "Cache-Control": "private, max-age=3600",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_UNKNOWN: Final = "There is no clip at this address."
_EXPIRED: Final = "This link has expired. Ask for the clip again with /flipbook show."
_GONE: Final = PLAIN.gettext(MISSING)
_OUT_OF_ORDER: Final = "Clips cannot be read here until whoever runs this bot has looked at it."
_BUSY: Final = "The clip cannot be read at the moment. Please try again in a minute."


def clip_route(
    links: ClipLinks, job_of: Callable[[JobId], Awaitable[Job | None]], artifacts: ArtifactStore
) -> Route:
    """The route. 404 for a link with a wrong signature, 410 for one that has expired or whose clip
    is gone, 503 while the clip cannot be read."""
    endpoint = _ClipEndpoint(links, job_of, artifacts)
    return Route(f"{CLIPS_PATH}/{{job_id}}.mp4", endpoint, methods=["GET"])


class _ClipEndpoint:
    """An ASGI application, because the clip is checked out for as long as it is being sent."""

    def __init__(
        self,
        links: ClipLinks,
        job_of: Callable[[JobId], Awaitable[Job | None]],
        artifacts: ArtifactStore,
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
            await clip_response(self._artifacts, found, _HEADERS)(scope, receive, send)
        except ArtifactMissing:
            await _text(410, _GONE)(scope, receive, send)
        except DatabaseUnusable:
            await _text(503, _OUT_OF_ORDER)(scope, receive, send)
        except (ArtifactError, StoreError):
            await _text(503, _BUSY)(scope, receive, send)

    async def _found(self, request: Request) -> Artifact | Response:
        """The clip of the link, or the answer when there is none."""
        job_id, query = JobId(request.path_params["job_id"]), request.query_params
        match self._links.check(job_id, query.get("until", ""), query.get("signature", "")):
            # the same answer as for a job that never existed: it says nothing about other clips
            case LinkStatus.FORGED:
                return _text(404, _UNKNOWN)
            case LinkStatus.EXPIRED:
                return _text(410, _EXPIRED)
            case LinkStatus.VALID:
                job = await self._job_of(job_id)
                return _shown(job) or _text(410, _GONE)


def clip_response(
    artifacts: ArtifactStore, artifact: Artifact, headers: Mapping[str, str] | None = None
) -> ASGIApp:
    """Sends a stored clip, with ranges. Raises ArtifactError before the first byte."""

    async def send_clip(scope: Scope, receive: Receive, send: Send) -> None:
        # until the last byte is sent: the clip is not deleted under a player
        async with artifacts.checkout(artifact) as path:
            answer = FileResponse(
                path,
                media_type="video/mp4",
                filename=f"flipbook-{artifact.key}",
                # shown in the page; a browser would only save an attachment
                content_disposition_type="inline",
                headers=headers,
            )
            await answer(scope, receive, send)

    return send_clip


def _shown(job: Job | None) -> Artifact | None:
    """The clip, unless it was deleted or is hidden."""
    is_shown = job is not None and job.deleted_at is None and job.hidden_at is None
    return job.artifact if job is not None and is_shown else None


def _text(status: int, text: str) -> Response:
    return PlainTextResponse(text, status, headers={"X-Robots-Tag": "noindex"})
