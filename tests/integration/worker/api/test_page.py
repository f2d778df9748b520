"""The worker's page for people: a prompt becomes a clip before one's eyes."""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, async_playwright

import worker.api as api_package
from doubles.worker.engine import SteppedEngine
from generation.protocol.request import DEFAULTS, Endpoint, Motion, VideoSizePreset, bounds_of
from generation.protocol.wire import RequestState
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
        await page.get_by_text("0 rendering, 0 waiting").wait_for()
        facts = [await page.locator(f"#{name}").inner_text() for name in ("state", "engine", "device", "reason")]
        assert facts == ["ready", "preview", "no GPU", "Why this engine: a test."]
        await page.get_by_label("Prompt").fill("<b>a red fox</b>")
        await page.get_by_label("Motion").select_option("zoom-in")
        await page.get_by_label("Seed").fill("7")
        await page.get_by_label("Frames").fill("8")
        await page.get_by_label("Key", exact=True).fill(KEY)
        await page.get_by_role("button", name="Make a clip").click()
        engine.allow(5)
        await page.get_by_text("Step 5 of 25", exact=False).wait_for()
        engine.run_free()
        await page.get_by_text("Seed 7", exact=True).wait_for()
        played = await page.evaluate(
            """async () => {
                const clip = document.querySelector('video');
                if (clip.readyState < 3) await new Promise((ready) => clip.addEventListener('canplay', ready));
                return [clip.error, clip.videoWidth, Math.round(clip.duration)];
            }"""
        )
        assert (played, complaints) == ([None, 32, 1], [])
        await page.get_by_label("Seed").fill("")
        await page.get_by_role("button", name="Use this seed").click()
        assert await page.get_by_label("Seed").input_value() == "7"
        assert (await page.get_by_role("link", name="Download").get_attribute("download") or "").endswith(".mp4")


WRITTEN = "h1, h2, dt, dd, label, .quiet, .pill, .bad, td, th, button:enabled, a, pre"
CONTRASTS = """(selector) => {
    const parse = (colour) => colour.match(/[0-9.]+/g).map(Number);
    const light = (rgb) => {
        const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const [r, g, b, alpha = 1] = parse(getComputedStyle(at).backgroundColor);
            if (alpha) return [r, g, b];
        }
        return [255, 255, 255];
    };
    return [...document.querySelectorAll(selector)].filter((e) => e.innerText).map((element) => {
        const [a, b] = [light(parse(getComputedStyle(element).color).slice(0, 3)), light(behind(element))];
        return [element.outerHTML.slice(0, 60), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
    });
}"""


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_the_page_can_be_read_in_light_and_dark_on_narrow_and_wide_screens(
    tmp_path: Path, browser: Browser, scheme: Literal["light", "dark"], width: int
) -> None:
    async with open_worker(tmp_path, rendering=False, key=KEY) as worker, listening(worker) as url:
        page = await browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
        await page.goto(f"{url}/")
        await page.get_by_role("button", name="Make a clip").click()
        await page.get_by_text("Invalid Key Authorization header format.").wait_for()
        contrasts = await page.evaluate(CONTRASTS, WRITTEN)
        assert [(what, ratio) for what, ratio in contrasts if ratio < 4.5] == []
        assert len(contrasts) > 30
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        sides = [await page.locator(name).bounding_box() for name in ("form", "#watch")]
        assert all(sides)
        beside = sides[0]["y"] == sides[1]["y"]
        assert beside == (width > 1000)


def test_the_pages_endpoints_and_choices_are_those_of_the_schemas() -> None:
    html = (Path(api_package.__file__).parent / "page" / "index.html").read_text()
    rows = re.findall(r"<td><code>(.*?)</code></td><td>(.*?)</td><td>(.*?)</td>", html)
    assert rows == [
        (endpoint.value, str(DEFAULTS[endpoint].num_inference_steps), f"{DEFAULTS[endpoint].guidance_scale:g}")
        for endpoint in Endpoint
    ]
    options = set(re.findall(r'<option(?: value="(.*?)")?>(.*?)</option>', html))
    chosen = {value or text for value, text in options}
    assert {*Endpoint, *VideoSizePreset, *Motion} == chosen - {"none"}
    bounds = {
        name: tuple(map(int, found))
        for name, *found in re.findall(r'name="(\w+)" type="number" min="(\d+)" max="(\d+)"', html)
    }
    assert bounds == {"frames": bounds_of("num_frames"), "seed": bounds_of("seed")}


@pytest.mark.browser
async def test_a_refusal_is_shown_and_a_clip_can_be_cancelled(tmp_path: Path, browser: Browser) -> None:
    engine = SteppedEngine(gated=True)
    async with open_worker(tmp_path, engine, key=KEY) as worker, listening(worker) as url:
        page = await browser.new_page()
        await page.goto(f"{url}/")
        await page.get_by_role("button", name="Make a clip").click()
        await page.get_by_text("Invalid Key Authorization header format.").wait_for()
        await page.get_by_label("Key", exact=True).fill(KEY)
        await page.get_by_role("button", name="Make a clip").click()
        engine.allow(1)
        await page.get_by_text("Step 1 of 25").wait_for()
        await page.get_by_role("button", name="Cancel").click()
        await page.evaluate("() => 0")
        await _cancel_has_arrived(worker)
        engine.allow(1)
        await page.get_by_text("Request was cancelled").wait_for()


async def _cancel_has_arrived(worker: Worker) -> None:
    (live,) = worker.parts.registry.open_requests
    while live.request.state is RequestState.IN_PROGRESS and not live.request.cancel_requested:
        await live.changed_since(live.version)
