"""Signed links: one link opens one clip until it expires, and cannot be forged or extended."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from adapters.web.clips import clip_route
from core import Core, a_clip_links, a_core
from doubles.clock import AutoClock
from generation.delivery.clip_links import ClipLinks, LinkStatus
from generation.domain.job import Job, JobId
from generation.ports import ClipLink
from generation.protocol.errors import DatabaseDamaged, StoreBusy, StoreError

JOB = JobId("a" * 24)


def parts(link: ClipLink) -> tuple[str, str]:
    """The deadline and the signature in a link's query."""
    query = httpx.QueryParams(urlsplit(link.url).query)
    return query["until"], query["signature"]


def test_a_link_names_its_clip_and_lives_for_a_week() -> None:
    clock = AutoClock()
    link = a_clip_links(clock).to(JOB)
    assert link.url.startswith(f"https://clips.example/clips/{JOB}.mp4?until=")
    assert link.until == clock.now() + timedelta(days=7)


def test_a_link_works_until_its_last_second() -> None:
    clock = AutoClock()
    links = a_clip_links(clock)
    until, signature = parts(links.to(JOB))
    clock.advance(7 * 86_400 - 1)
    assert links.check(JOB, until, signature) is LinkStatus.VALID
    clock.advance(1)
    assert links.check(JOB, until, signature) is LinkStatus.EXPIRED


def test_a_link_is_for_one_clip_one_deadline_and_one_secret() -> None:
    clock = AutoClock()
    links = a_clip_links(clock)
    until, signature = parts(links.to(JOB))
    assert links.check(JobId("b" * 24), until, signature) is LinkStatus.FORGED
    assert links.check(JOB, str(int(until) + 1), signature) is LinkStatus.FORGED
    assert links.check(JOB, until, signature[:-1] + ("0" if signature[-1] != "0" else "1")) is LinkStatus.FORGED
    assert ClipLinks("https://clips.example", "another", clock).check(JOB, until, signature) is LinkStatus.FORGED


@given(job_id=st.text(), until=st.text() | st.integers().map(str), signature=st.text())
def test_no_made_up_link_is_accepted(job_id: str, until: str, signature: str) -> None:
    assert a_clip_links(AutoClock()).check(JobId(job_id), until, signature) is LinkStatus.FORGED


# The route ----------------------------------------------------------------------------------------


@dataclass
class ClipServer:
    """The route in front of a core with one finished clip."""

    core: Core
    job: Job
    links: ClipLinks
    clock: AutoClock
    web: httpx.AsyncClient

    async def get(self, url: str | None = None, **headers: str) -> httpx.Response:
        return await self.web.get(url or self.links.to(self.job.id).url, headers=headers)

    @property
    def clip(self) -> bytes:
        return (self.core.folder / "clips" / f"{self.job.id}.mp4").read_bytes()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ClipServer]:
    async with a_server(tmp_path) as running:
        yield running


@asynccontextmanager
async def a_server(folder: Path, *, is_finished: bool = True) -> AsyncIterator[ClipServer]:
    clock = AutoClock()
    links = a_clip_links(clock)
    async with a_core(folder) as core:
        job = await core.submit()
        job = await core.run(job) if is_finished else job
        app = Starlette(routes=[clip_route(links, core.store.job, core.artifacts)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://clips.example") as web:
            yield ClipServer(core, job, links, clock, web)


async def test_the_link_plays_the_clip(server: ClipServer) -> None:
    answer = await server.get()
    assert (answer.status_code, answer.content) == (200, server.clip)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-disposition"] == f'inline; filename="flipbook-{server.job.id}.mp4"'
    assert (answer.headers["x-robots-tag"], answer.headers["cache-control"]) == ("noindex", "private, max-age=3600")


async def test_players_may_seek(server: ClipServer) -> None:
    answer = await server.get(Range="bytes=10-19")
    assert (answer.status_code, answer.content) == (206, server.clip[10:20])
    assert answer.headers["content-range"] == f"bytes 10-19/{len(server.clip)}"


async def test_a_forged_link_says_only_that_there_is_no_clip(server: ClipServer) -> None:
    url = server.links.to(server.job.id).url
    for forged in (url[:-1] + "x", url.partition("?")[0], url.replace(server.job.id, "b" * 24), url + "&until=1"):
        answer = await server.get(forged)
        assert (answer.status_code, answer.text) == (404, "There is no clip at this address.")


async def test_an_expired_link_says_how_to_get_the_clip(server: ClipServer) -> None:
    url = server.links.to(server.job.id).url
    server.clock.advance(8 * 86_400)
    answer = await server.get(url)
    assert answer.status_code == 410
    assert answer.text == "This link has expired. Ask for the clip again with /flipbook show."


async def test_a_link_to_a_deleted_clip_says_how_to_make_it_again(server: ClipServer) -> None:
    assert server.job.artifact is not None
    await server.core.artifacts.delete(server.job.artifact)
    answer = await server.get()
    assert (answer.status_code, answer.text) == (
        410,
        "The clip is no longer kept. The same prompt, settings and seed make it again.",
    )


async def test_a_job_without_a_clip_has_none_to_show(tmp_path: Path) -> None:
    async with a_server(tmp_path, is_finished=False) as server:
        assert (await server.get()).status_code == 410


@pytest.mark.parametrize(("error", "hope"), [(StoreBusy("locked"), True), (DatabaseDamaged("/srv/kept.db"), False)])
async def test_while_the_database_is_away_the_answer_is_503_and_true(tmp_path: Path, error: StoreError, hope) -> None:
    async def job_of(_job_id: JobId) -> Job | None:
        raise error

    links = a_clip_links(AutoClock())
    async with a_core(tmp_path) as core:
        app = Starlette(routes=[clip_route(links, job_of, core.artifacts)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://clips.example") as web:
            answer = await web.get(links.to(JOB).url)
    assert (answer.status_code, "try again" in answer.text, "kept.db" in answer.text) == (503, hope, False)
