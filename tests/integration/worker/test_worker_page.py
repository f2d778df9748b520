"""The worker's page for people: a prompt becomes a clip before one's eyes."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from doubles.engine import SteppedEngine
from generation.wire import RequestState
from workers import KEY, Worker, listening, open_worker


@pytest.mark.parametrize(
    ("path", "media_type"), [("/", "text/html"), ("/page.js", "text/javascript"), ("/page.css", "text/css")]
)
async def test_the_page_and_its_parts_are_served_under_a_strict_policy(
    tmp_path: Path, path: str, media_type: str
) -> None:
    async with open_worker(tmp_path, rendering=False, key=KEY) as worker:
        answer = await worker.http.get(path, headers={"authorization": ""})
        assert (answer.status_code, answer.headers["content-type"]) == (200, f"{media_type}; charset=utf-8")
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--autoplay-policy=no-user-gesture-required"]
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        yield opened
        await opened.close()


@pytest.mark.browser
async def test_a_prompt_is_tried_watched_and_played(tmp_path: Path, browser: Browser) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine, key=KEY) as worker, listening(worker) as url:
        page = await browser.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{url}/")
        await page.get_by_text("preview engine, 0 rendering, 0 waiting.").wait_for()
        await page.get_by_label("Prompt").fill("<b>a red fox</b>")
        await page.get_by_label("Motion").select_option("zoom-in")
        await page.get_by_label("Seed").fill("7")
        await page.get_by_label("Key").fill(KEY)
        await page.get_by_role("button", name="Make a clip").click()
        engine.allow(5)
        await page.get_by_text("Step 5 of 25").wait_for()
        engine.run_free()
        await page.get_by_text("Seed 7", exact=True).wait_for()
        played = await page.evaluate(
            """async () => {
                const clip = document.querySelector('video');
                if (clip.readyState < 3) await new Promise((ready) => clip.addEventListener('canplay', ready));
                return [clip.error, clip.videoWidth, Math.round(clip.duration)];
            }"""
        )
        assert (played, complaints) == ([None, 32, 2], [])


@pytest.mark.browser
async def test_a_refusal_is_shown_and_a_clip_can_be_cancelled(tmp_path: Path, browser: Browser) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine, key=KEY) as worker, listening(worker) as url:
        page = await browser.new_page()
        await page.goto(f"{url}/")
        await page.get_by_role("button", name="Make a clip").click()
        await page.get_by_text("Invalid Key Authorization header format.").wait_for()
        await page.get_by_label("Key").fill(KEY)
        await page.get_by_role("button", name="Make a clip").click()
        engine.allow(1)
        await page.get_by_text("Step 1 of 25").wait_for()
        await page.get_by_role("button", name="Cancel").click()
        await page.evaluate("() => 0")
        await _cancel_has_arrived(worker)
        engine.allow(1)
        await page.get_by_text("Request was cancelled").wait_for()


async def _cancel_has_arrived(worker: Worker) -> None:
    (live,) = worker.parts.book.open_requests
    while live.request.state is RequestState.IN_PROGRESS and not live.request.cancel_requested:
        await live.newer_than(live.version)
