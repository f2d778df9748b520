"""The clips that are kept, newest first: play, find."""

import asyncio
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from adapters.web.clips import clip_response
from adapters.web.dashboard.guard import ROOT
from adapters.web.dashboard.queries import (
    beginning_of,
    day_in,
    end_of,
    number_in,
    server_in,
    text_in,
)
from adapters.web.dashboard.rendering import Templates
from adapters.web.dashboard.sources import Sources, as_operators_see
from generation.domain.gallery import GalleryQuery
from generation.domain.job import Job, JobId
from generation.mp4.poster import poster
from generation.protocol.errors import ArtifactError, CorruptVideo
from generation.text.clips import settings_words
from generation.text.dialect import plain_for

_A_PAGE: Final = 24
_NO_CLIP: Final = "There is no clip at this address."
_FILTERS: Final = ("server", "member", "from", "to", "words", "hidden")
_HIDDEN: Final = {"only": True, "without": False}
"""What the filter chooses; anything else: hidden clips among the others."""
_POSTERS_AT_ONCE: Final = 2
"""Decoding a frame takes a processor; the bot has more to do."""


@dataclass(frozen=True, slots=True)
class ClipCard:
    """A clip, in words."""

    job: Job
    settings: str


class GalleryPage:
    """Twenty-four clips a page."""

    def __init__(self, sources: Sources, templates: Templates) -> None:
        self._sources = sources
        self._templates = templates
        self._posters = asyncio.Semaphore(_POSTERS_AT_ONCE)

    def routes(self) -> list[BaseRoute]:
        """The page, and the clips themselves."""
        return [
            Route("/gallery", self._page),
            Route("/clips/{job_id}.mp4", self._clip),
            Route("/clips/{job_id}.jpg", self._poster),
        ]

    async def _page(self, request: Request) -> Response:
        store, server = self._sources.store, server_in(request)
        query = GalleryQuery(
            before=number_in(request, "before"),
            server=server,
            member=text_in(request, "member"),
            since=beginning_of(day_in(request, "from")),
            until=end_of(day_in(request, "to")),
            words=text_in(request, "words"),
            hidden=_HIDDEN.get(text_in(request, "hidden")),
        )
        found = await store.gallery(query, limit=_A_PAGE + 1)
        asked = {name: text_in(request, name) for name in _FILTERS}
        older = found[_A_PAGE - 1][0] if len(found) > _A_PAGE else None
        # nothing more among those that were looked at: the next page looks at others
        looks_on = None if older else await store.searched_until(query)
        return self._templates.page(
            request,
            "gallery",
            cards=[_card(job) for _, job in found[:_A_PAGE]],
            asked=asked,
            servers=self._templates.server_options(await self._sources.servers.latest()),
            server_called=self._templates.naming.server(server) if server else "",
            older=_address(asked, older or looks_on),
            looks_on=looks_on is not None,
        )

    async def _shown(self, request: Request) -> Job | None:
        job = await self._sources.store.job(JobId(request.path_params["job_id"]))
        return None if job is None else as_operators_see(job)

    async def _clip(self, request: Request) -> ASGIApp:
        job = await self._shown(request)
        if job is None or job.artifact is None or job.deleted_at is not None:
            return PlainTextResponse(_NO_CLIP, 404)
        return clip_response(self._sources.artifacts, job.artifact)

    async def _poster(self, request: Request) -> Response:
        job = await self._shown(request)
        if job is None or job.artifact is None or job.deleted_at is not None:
            return PlainTextResponse(_NO_CLIP, 404)
        # kept by the browser, but asked for at each look: the clip may be deleted by then, or the
        # visitor logged out
        headers = {"cache-control": "private, no-cache", "etag": f'"{job.id}"'}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        try:
            async with self._posters, self._sources.artifacts.checkout(job.artifact) as path:
                picture = await asyncio.to_thread(lambda: poster(path.read_bytes()))
        except (ArtifactError, CorruptVideo):
            return PlainTextResponse("The clip cannot be read.", 404)
        return Response(picture, media_type="image/jpeg", headers=headers)


def _address(asked: dict[str, str], before: int | None) -> str | None:
    if before is None:
        return None
    given = {name: value for name, value in asked.items() if value}
    return f"{ROOT}/gallery?{urlencode({**given, 'before': before})}"


def _card(job: Job) -> ClipCard:
    return ClipCard(job, settings_words(job.request, plain_for(job.channel.server.platform)))
