"""Signed links: whoever has one watches that clip until its time is over; nobody can make or stretch one."""

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
from generation.clip_links import ClipLinks, Opening
from generation.errors import StoreBusy
from generation.job import Job, JobId
from generation.ports import ClipLink

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


def test_a_link_is_good_until_its_last_second() -> None:
    clock = AutoClock()
    links = a_clip_links(clock)
    until, signature = parts(links.to(JOB))
    clock.advance(7 * 86_400 - 1)
    assert links.opening(JOB, until, signature) is Opening.GOOD
    clock.advance(1)
    assert links.opening(JOB, until, signature) is Opening.EXPIRED


def test_a_link_is_for_one_clip_one_deadline_and_one_secret() -> None:
    clock = AutoClock()
    links = a_clip_links(clock)
    until, signature = parts(links.to(JOB))
    assert links.opening(JobId("b" * 24), until, signature) is Opening.FORGED
    assert links.opening(JOB, str(int(until) + 1), signature) is Opening.FORGED
    assert links.opening(JOB, until, signature[:-1] + ("0" if signature[-1] != "0" else "1")) is Opening.FORGED
    assert ClipLinks("https://clips.example", "another", clock).opening(JOB, until, signature) is Opening.FORGED


@given(job_id=st.text(), until=st.text() | st.integers().map(str), signature=st.text())
def test_whatever_strangers_write_is_no_link(job_id: str, until: str, signature: str) -> None:
    assert a_clip_links(AutoClock()).opening(JobId(job_id), until, signature) is Opening.FORGED


# The route ----------------------------------------------------------------------------------------------------------


@dataclass
class Door:
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
        return (self.core.outside.staging.parent / "clips" / f"{self.job.id}.mp4").read_bytes()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with a_door(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def a_door(folder: Path, *, is_finished: bool = True) -> AsyncIterator[Door]:
    clock = AutoClock()
    links = a_clip_links(clock)
    async with a_core(folder) as core:
        job = await core.submit()
        job = await core.carry(job) if is_finished else job
        app = Starlette(routes=[clip_route(links, core.store.job, core.artifacts)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://clips.example") as web:
            yield Door(core, job, links, clock, web)


async def test_the_link_plays_the_clip(door: Door) -> None:
    answer = await door.get()
    assert (answer.status_code, answer.content) == (200, door.clip)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["content-disposition"] == f'inline; filename="flipbook-{door.job.id}.mp4"'
    assert (answer.headers["x-robots-tag"], answer.headers["cache-control"]) == ("noindex", "private, max-age=3600")


async def test_players_may_seek(door: Door) -> None:
    answer = await door.get(Range="bytes=10-19")
    assert (answer.status_code, answer.content) == (206, door.clip[10:20])
    assert answer.headers["content-range"] == f"bytes 10-19/{len(door.clip)}"


async def test_a_forged_link_says_no_more_than_that_there_is_nothing(door: Door) -> None:
    url = door.links.to(door.job.id).url
    for forged in (url[:-1] + "x", url.partition("?")[0], url.replace(door.job.id, "b" * 24), url + "&until=1"):
        answer = await door.get(forged)
        assert (answer.status_code, answer.text) == (404, "There is no clip at this address.")


async def test_an_expired_link_says_how_to_get_the_clip(door: Door) -> None:
    url = door.links.to(door.job.id).url
    door.clock.advance(8 * 86_400)
    answer = await door.get(url)
    assert answer.status_code == 410
    assert answer.text == "This link has expired. Ask for the clip again with /flipbook show."


async def test_a_clip_that_is_gone_is_told(door: Door) -> None:
    assert door.job.artifact is not None
    await door.core.artifacts.delete(door.job.artifact)
    answer = await door.get()
    assert (answer.status_code, answer.text) == (
        410,
        "This clip is no longer kept. Re-roll it with the same seed to make it again.",
    )


async def test_a_job_without_a_clip_has_none_to_show(tmp_path: Path) -> None:
    async with a_door(tmp_path, is_finished=False) as door:
        assert (await door.get()).status_code == 410


async def test_while_the_database_is_busy_somebody_comes_again(tmp_path: Path) -> None:
    async def job_of(_job_id: JobId) -> Job | None:
        raise StoreBusy("locked")

    links = a_clip_links(AutoClock())
    async with a_core(tmp_path) as core:
        app = Starlette(routes=[clip_route(links, job_of, core.artifacts)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://clips.example") as web:
            assert (await web.get(links.to(JOB).url)).status_code == 503
