"""Takes a picture of a page with Debian's Chromium, and writes it as a small PNG with its words."""

import io
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.async_api import Browser, async_playwright

from pictures.page import WIDTH

MOST_BYTES: Final = 100_000
WORDS: Final = "Description"
"""The PNG keyword for a description of the picture."""
_COLOURS: Final = 256
_METHOD: Final = Image.Quantize.MAXCOVERAGE
"""Keeps the colours of small areas, such as emoji."""
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class NoChromium(Exception):
    """There is no program ``chromium`` on this machine."""


@asynccontextmanager
async def chromium(*flags: str) -> AsyncIterator[Browser]:
    """Debian's Chromium without a window, with more flags if need be. Raises NoChromium."""
    path = shutil.which("chromium")
    if path is None:
        raise NoChromium
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, headless=True, args=[*_FLAGS, *flags]
        )
        try:
            yield browser
        finally:
            await browser.close()


async def screenshot(browser: Browser, html: str) -> tuple[bytes, str]:
    """The picture as PNG, and the words that Chromium shows in it."""
    page = await browser.new_page(viewport={"width": WIDTH, "height": 400}, device_scale_factor=1.5)
    try:
        await page.set_content(html)
        picture = page.locator("#picture")
        return await picture.screenshot(), await picture.inner_text()
    finally:
        await page.close()


def write(png: bytes, words: str, path: Path, *, has_frame: bool) -> None:
    """Write the picture with 256 colours, dithered where it has a frame of a clip, and its words.

    Raises ValueError when it is too large for a page of documentation.
    """
    full = Image.open(io.BytesIO(png)).convert("RGB")
    few = full.quantize(_COLOURS, _METHOD)
    if has_frame:
        few = full.quantize(palette=few, dither=Image.Dither.FLOYDSTEINBERG)
    info = PngInfo()
    info.add_itxt(WORDS, words)
    file = io.BytesIO()
    few.save(file, "PNG", optimize=True, pnginfo=info)
    if file.tell() > MOST_BYTES:
        raise ValueError(f"{path.name} would take {file.tell():,} bytes")
    path.write_bytes(file.getvalue())


def words_in(path: Path) -> str:
    """The words that are stored in a written picture."""
    with Image.open(path) as picture:
        picture.load()
        return str(getattr(picture, "text", {}).get(WORDS, ""))
