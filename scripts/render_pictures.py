"""Draw the documentation's pictures from what the bot sends today.

Run as ``python scripts/render_pictures.py [FOLDER]``.

Needs Debian's packages chromium, fonts-dejavu-core and fonts-noto-color-emoji, and the development
environment.
"""

import asyncio
import sys
from pathlib import Path

from pictures.browser import NoChromium, chromium, screenshot, write
from pictures.motion import NAME, draw
from pictures.page import tidy
from pictures.scenes import moments, scenes

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"


async def render(folder: Path) -> None:
    """Write every picture into a folder."""
    async with chromium() as browser:
        for scene in scenes():
            png, shown = await screenshot(browser, scene.html())
            # the words are stored in the PNG for a test without a browser: they have to be true
            if tidy(shown) != scene.words():
                raise AssertionError(
                    f"{scene.name} shows other words than its page holds:\n{tidy(shown)}"
                )
            path = folder / f"{scene.name}.png"
            write(png, scene.words(), path, has_frame=scene.has_frame)
            print(f"{path.name} {path.stat().st_size:,} bytes")
        await draw(browser, moments(), folder / NAME)
        print(f"{NAME} {(folder / NAME).stat().st_size:,} bytes")


def main() -> None:
    """Draw them."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(render(folder))
    except NoChromium:
        sys.exit(
            "There is no chromium here: apt-get install chromium fonts-dejavu-core "
            "fonts-noto-color-emoji"
        )


if __name__ == "__main__":
    main()
