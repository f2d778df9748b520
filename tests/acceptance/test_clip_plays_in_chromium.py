"""A clip, as made and as shrunk, plays to its end in a real browser and shows the colours that went in."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
import uvicorn
from playwright.async_api import Browser
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from generation.mp4 import Change, encode, fit
from pictures import browser as chromium_browser

pytestmark = pytest.mark.browser

SIDE = 256
# The blue is a dull one: Chromium's own converter knows the weight of blue only as 2.0, not 2.11.
QUARTERS = {"red": (200, 40, 30), "green": (40, 180, 60), "blue": (70, 90, 170), "grey": (128, 128, 128)}
PLAYS_UNASKED = "--autoplay-policy=no-user-gesture-required"
PAGE = '<!doctype html><link rel="icon" href="data:,"><video muted playsinline preload="auto" src="/clip.mp4"></video>'
READY = "() => { const v = document.querySelector('video'); return v.readyState >= 4 || v.error }"
PLAY_TO_THE_END = """async () => {
    const video = document.querySelector('video');
    if (video.error) return {error: video.error.message};
    const readyState = video.readyState;
    const ended = new Promise(resolve => video.addEventListener('ended', resolve, {once: true}));
    await video.play().catch(reason => { if (reason.name !== 'AbortError') throw reason; });  // a short clip is over
    await ended;
    return {
        error: null, readyState, width: video.videoWidth, height: video.videoHeight, duration: video.duration,
        frames: video.getVideoPlaybackQuality().totalVideoFrames, ended: video.ended,
    };
}"""
COLOURS_OF_QUARTERS = """() => {
    const video = document.querySelector('video');
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    const context = canvas.getContext('2d', {colorSpace: 'srgb'});
    context.drawImage(video, 0, 0);
    const quarter = canvas.width / 4;
    const centres = [[1, 1], [3, 1], [1, 3], [3, 3]].map(([x, y]) => [x * quarter, y * quarter]);
    return centres.map(([x, y]) => Array.from(context.getImageData(x, y, 1, 1).data.slice(0, 3)));
}"""


def quarters(count: int) -> np.ndarray:
    """Four colours that stay, and a white bar that moves between them."""
    frames = np.zeros((count, SIDE, SIDE, 3), np.uint8)
    half = SIDE // 2
    areas = [(slice(None, half), slice(None, half)), (slice(None, half), slice(half, None))]
    areas += [(slice(half, None), slice(None, half)), (slice(half, None), slice(half, None))]
    for (rows, columns), colour in zip(areas, QUARTERS.values(), strict=True):
        frames[:, rows, columns] = colour
    for number in range(count):
        frames[number, half - 8 : half + 8, 4 * number : 4 * number + 16] = 255
    return frames


def grainy(count: int) -> np.ndarray:
    """The same with grain, which makes the file larger."""
    grain = np.random.default_rng(5).normal(0, 12, (count, SIDE, SIDE, 3))
    return np.clip(quarters(count) + grain, 0, 255).astype(np.uint8)


@asynccontextmanager
async def served(mp4: bytes) -> AsyncIterator[str]:
    """A page with the clip on it, at the address that is yielded."""
    routes = [
        Route("/", lambda _request: HTMLResponse(PAGE)),
        Route("/clip.mp4", lambda _request: Response(mp4, media_type="video/mp4")),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), lifespan="off", log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        async with asyncio.TaskGroup() as tasks:
            serving = tasks.create_task(server.serve([listening]))
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
            finally:
                server.should_exit = True
                await serving


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium without a window. Without it the test is skipped, except in CI, where it must be there."""
    if shutil.which("chromium") is None and "CI" in os.environ:
        pytest.fail("Chromium is not installed, and in CI it has to be")
    if shutil.which("chromium") is None:
        pytest.skip("Chromium is not installed")
    async with chromium_browser.chromium(PLAYS_UNASKED) as browser:
        yield browser


async def played(mp4: bytes) -> tuple[dict[str, object], list[list[int]]]:
    """Chromium's facts about the clip after it has played to the end, and the last colours of its quarters."""
    async with asyncio.timeout(60), chromium() as browser, served(mp4) as address:
        page = await browser.new_page()
        await page.goto(address)
        await page.wait_for_function(READY)
        return await page.evaluate(PLAY_TO_THE_END), await page.evaluate(COLOURS_OF_QUARTERS)


async def test_a_clip_plays_to_its_end_with_every_frame_and_its_colours():
    facts, colours = await played(encode(quarters(16), 8))

    assert facts == {
        "error": None,
        "readyState": 4,
        "width": SIDE,
        "height": SIDE,
        "duration": 2,
        "frames": 16,
        "ended": True,
    }
    assert np.abs(np.array(colours) - list(QUARTERS.values())).max() <= 6


async def test_a_clip_made_to_fit_plays_to_its_end():
    large = encode(grainy(16), 16)
    fitted = fit(large, len(large) // 40)

    facts, colours = await played(fitted.data)

    assert fitted.change is Change.BIT_RATE
    assert facts == {
        "error": None,
        "readyState": 4,
        "width": SIDE,
        "height": SIDE,
        "duration": 1,
        "frames": 16,
        "ended": True,
    }
    assert np.abs(np.array(colours) - list(QUARTERS.values())).max() <= 24  # the grain


async def test_a_single_frame_plays():
    facts, _colours = await played(encode(quarters(1), 8))

    assert (facts["error"], facts["frames"], facts["ended"]) == (None, 1, True)
