"""A clip in the gallery is sent as players ask for it, as long as it is kept."""

from pathlib import Path

import pytest

from bot.composition import App
from generation.domain.gallery import GalleryQuery
from integration.adapters.web.dashboard.conftest import Browser
from integration.adapters.web.dashboard.scene import furnish


@pytest.fixture
async def address(app: App, browser: Browser, tmp_path: Path) -> str:
    """Of the newest clip."""
    await furnish(app, tmp_path)
    await browser.log_in()
    ((_, job),) = await app.ports.store.gallery(GalleryQuery(), limit=1)
    return f"/dashboard/clips/{job.id}.mp4"


async def test_a_clip_is_sent_whole_and_in_parts(browser: Browser, address: str) -> None:
    whole = await browser.get(address)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "video/mp4")
    part = await browser.get(address, range="bytes=4-7")
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert part.content == whole.content[4:8]


async def test_a_clip_whose_file_is_gone_is_said_to_be(app: App, browser: Browser, address: str) -> None:
    for path in app.settings.folder.glob("clips/*.mp4"):
        path.unlink()
    answer = await browser.get(address)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("name", ["0" * 24, "..%2f..%2fsecret.key", "x", "\u00fc"])
async def test_what_is_no_clip_is_not_found(browser: Browser, address: str, name: str) -> None:
    assert (await browser.get(f"/dashboard/clips/{name}.mp4")).status_code == 404
