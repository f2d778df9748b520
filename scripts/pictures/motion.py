"""Puts pictures of one size after each other into an animated WebP, with the words on them."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Browser

from pictures.browser import screenshot
from pictures.page import tidy
from pictures.scenes import Moment

MOST_BYTES: Final = 1_500_000
NAME: Final = "clip-in-a-channel.webp"
_QUALITY: Final = 82
_WHITE: Final = (255, 255, 255)


async def draw(browser: Browser, moments: Sequence[Moment], path: Path) -> None:
    """Photograph every page and write the picture. Raises ValueError when it is too large, and
    AssertionError where Chromium shows other words than the page holds."""
    seen: dict[str, Image.Image] = {}
    shown: list[tuple[Image.Image, int]] = []
    for moment in moments:
        for html in moment.pages(True):
            if html not in seen:
                png, words = await screenshot(browser, html)
                if tidy(words) != moment.words:
                    raise AssertionError(f"{path.name} shows other words:\n{tidy(words)}")
                seen[html] = Image.open(io.BytesIO(png)).convert("RGB")
            shown.append((seen[html], moment.milliseconds))
    _write(shown, all_words(moments), path)


def all_words(moments: Sequence[Moment]) -> str:
    """The words of every moment, each once, in order."""
    return "\n\n".join(dict.fromkeys(moment.words for moment in moments))


def words_in_motion(path: Path) -> str:
    """The words that are stored in a written picture."""
    with Image.open(path) as picture:
        stored = picture.info.get("xmp", b"")
    return stored.decode() if isinstance(stored, bytes) else ""


def _write(shown: list[tuple[Image.Image, int]], words: str, path: Path) -> None:
    width = max(picture.width for picture, _ in shown)
    height = max(picture.height for picture, _ in shown)
    first, *others = (_padded(picture, width, height) for picture, _ in shown)
    file = io.BytesIO()
    first.save(
        file,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=[milliseconds for _, milliseconds in shown],
        loop=0,
        quality=_QUALITY,
        method=6,
        xmp=words.encode(),
    )
    if file.tell() > MOST_BYTES:
        raise ValueError(f"{path.name} would take {file.tell():,} bytes")
    path.write_bytes(file.getvalue())


def _padded(picture: Image.Image, width: int, height: int) -> Image.Image:
    whole = Image.new("RGB", (width, height), _WHITE)
    whole.paste(picture, (0, 0))
    return whole
