"""Draw the pictures of the operator's pages, from a real bot with clips of the preview engine.

Run as ``python scripts/render_dashboard.py [FOLDER]``; needs what ``render_pictures.py`` needs.
"""

import asyncio
import io
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Page

from adapters.web.dashboard.rendering import PAGES
from bot.chats import Chats
from bot.composition import App, Role, open_app
from bot.dashboard import dashboard_of, login_link
from bot.health import Health
from bot.settings import load_settings
from bot.web import open_listener, web_app, web_server
from pictures.browser import NoChromium, chromium
from pictures.operator_health import examined, with_a_worker
from pictures.operator_scene import GUILD, furnish

FOLDER: Final = Path(__file__).resolve().parents[1] / "docs" / "images" / "dashboard"
NAMES: Final = (*(page.key for page in PAGES), "job", "server")
"""Of the pages, and of their pictures."""
_SIZE: Final = (1280, 860)
_QUALITY: Final = 72
_POSTERS: Final = 2500
"""Milliseconds until pictures of clips are there."""

_AT_HOME: Final = """scratch => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode;
        text.textContent = text.textContent.replaceAll(scratch + "/data", "/var/lib/flipbook");
    }
}"""
"""The folder as on an operator's machine, in place of this program's own."""


async def render(folder: Path) -> None:
    """Write every picture into a folder."""
    settings = load_settings(
        data_dir=Path("data"), worker_url="http://192.0.2.7:8188", fal_key="of:nobody"
    )
    async with open_app(settings, Role("pictures"), arrange=with_a_worker) as app:
        scene = await furnish(app)
        paths = {"queue": "", "job": f"jobs/{scene.newest}", "server": f"servers/{GUILD}"}
        async with served(app) as port, looking(app, port) as page:
            for name in NAMES:
                path = paths.get(name, name)
                await page.goto(f"http://127.0.0.1:{port}/dashboard/{path}")
                if name == "health":
                    await page.get_by_role("button", name="Look now").click()
                    await page.get_by_text("It means:").first.wait_for()
                await page.wait_for_timeout(_POSTERS)
                await page.evaluate(_AT_HOME, str(Path.cwd()))
                file = folder / f"{name}.webp"
                file.write_bytes(small(await page.screenshot()))
                print(f"{file.name} {file.stat().st_size:,} bytes")


def small(png: bytes) -> bytes:
    """The picture in few bytes."""
    file = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(file, "WEBP", quality=_QUALITY, method=6)
    return file.getvalue()


@asynccontextmanager
async def served(app: App) -> AsyncIterator[int]:
    """The pages on a port of their own."""
    dashboard = dashboard_of(app, Health(app, Chats({})), examine=examined)
    if dashboard is None:
        raise RuntimeError("the dashboard is switched off")
    with closing(open_listener("127.0.0.1", 0)) as listener:
        server = web_server(web_app([], [dashboard.mount()], host="127.0.0.1", public_url=None))
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            await dashboard.close()
            server.should_exit = True
            await serving


@asynccontextmanager
async def looking(app: App, port: int) -> AsyncIterator[Page]:
    """A browser that has opened the link from the terminal."""
    async with chromium() as browser:
        width, height = _SIZE
        page = await browser.new_page(viewport={"width": width, "height": height})
        await page.goto(await login_link(app.ports.store, app.clock, port=port))
        await page.get_by_role("button", name="Log in").click()
        await page.wait_for_url("**/dashboard/")
        yield page


def main() -> None:
    """Draw them."""
    folder = (Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        try:
            asyncio.run(render(folder))
        except NoChromium:
            sys.exit("There is no chromium here: apt-get install chromium fonts-dejavu-core")


if __name__ == "__main__":
    main()
