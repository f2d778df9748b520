"""An operator walks through every page in Chromium: both themes, a desk and a phone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect

from adapters.web.dashboard.live import MOST_VIEWERS
from bot.chats import Chats
from bot.composition import App
from bot.dashboard import dashboard_of, login_link
from bot.health import Health
from bot.web import open_listener, web_app, web_server
from generation.domain.job import JobId
from integration.adapters.web.dashboard.scene import GUILD, furnish
from pictures.browser import chromium

pytestmark = pytest.mark.browser

PAGES = (
    "",
    "gallery",
    f"jobs/{1:024x}",
    "servers",
    f"servers/{GUILD}",
    "spend",
    "health",
    "reports",
    "audit",
    "settings",
    "troubles",
)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@asynccontextmanager
async def served(app: App) -> AsyncIterator[int]:
    """The dashboard on a port of its own."""
    dashboard = dashboard_of(app, Health(app, Chats({})))
    assert dashboard is not None
    with closing(open_listener("127.0.0.1", 0)) as listener:
        server = web_server(web_app([], [dashboard.mount()], host="127.0.0.1", public_url=None))
        serving = asyncio.create_task(server.serve([listener]))
        yield listener.getsockname()[1]
        await dashboard.close()
        server.should_exit = True
        await serving


@dataclass
class Operator:
    """A browser that is logged in, and whatever it complained of."""

    context: BrowserContext
    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        await self.page.goto(f"{self.base}/{path}")
        await self.page.wait_for_load_state("domcontentloaded")


@pytest.fixture
async def chrome() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@asynccontextmanager
async def operator(chrome: Browser, app: App, port: int, **options: object) -> AsyncIterator[Operator]:
    """Logged in by a link, as from the terminal."""
    context = await chrome.new_context(**options)  # type: ignore[arg-type]
    page = await context.new_page()
    acting = Operator(context, page, f"http://127.0.0.1:{port}/dashboard")
    page.on("console", lambda m: acting.complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: acting.complaints.append(str(error)))
    await page.goto(await login_link(app.ports.store, app.clock, port=port))
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url("**/dashboard/")
    yield acting
    await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_every_page_can_be_read_by_everybody(
    app: App, tmp_path: Path, chrome: Browser, width: int, scheme: str
) -> None:
    await furnish(app, tmp_path)
    options = {"viewport": {"width": width, "height": 850}, "color_scheme": scheme}
    async with served(app) as port:
        async with operator(chrome, app, port, **options) as acting:
            for path in PAGES:
                await acting.open(path)
                over = await acting.page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert (path, over <= 0) == (path, True)
            assert acting.complaints == []
        # axe brings a script of its own, which the pages' policy would refuse
        async with operator(chrome, app, port, bypass_csp=True, **options) as acting:
            for path in PAGES:
                await acting.open(path)
                found = await Axe().run(acting.page, options=RULES)
                serious = [
                    (path, rule["id"], rule["nodes"][0]["html"][:200])
                    for rule in found.response["violations"]
                    if rule["impact"] in {"serious", "critical"}
                ]
                assert serious == []


async def test_the_queue_is_live_and_a_clip_is_cancelled_in_it(app: App, tmp_path: Path, chrome: Browser) -> None:
    await furnish(app, tmp_path)
    async with served(app) as port, operator(chrome, app, port) as acting:
        page = acting.page
        await page.get_by_text("live", exact=True).wait_for()
        rows = page.locator("tr[id^=job-]")
        await expect(rows).to_have_count(7)
        assert await page.get_by_text("<script>alert").count() >= 1
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await rows.last.get_by_role("button", name="Cancel").click()
        await page.get_by_text("Cancelled.", exact=False).wait_for()
        await expect(rows).to_have_count(6)
        assert acting.complaints == []


async def test_a_rule_is_changed_in_its_form_and_the_ceiling_is_told(app: App, tmp_path: Path, chrome: Browser) -> None:
    await furnish(app, tmp_path)
    async with served(app) as port, operator(chrome, app, port) as acting:
        await acting.open(f"servers/{GUILD}")
        row = acting.page.locator("tr", has_text="Clips per member per day").first
        await row.get_by_label("clips per member per day", exact=True).fill("40")
        await row.get_by_role("button", name="Set").first.click()
        await acting.page.get_by_text("ceiling holds").wait_for()
        assert (await app.service.rules_of(GUILD)).limits.user_clips_per_day == 40
        assert (await app.service.limits_of(GUILD)).user_clips_per_day == 20
        (latest, *_) = await app.service.audit_of(GUILD)
        assert latest.by.id == "operator"


async def test_a_clip_is_deleted_from_the_gallery_and_a_report_decided(
    app: App, tmp_path: Path, chrome: Browser
) -> None:
    await furnish(app, tmp_path)
    async with served(app) as port, operator(chrome, app, port) as acting:
        page = acting.page
        page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
        await acting.open("gallery")
        card = page.locator(".clip").nth(5)
        job_id = JobId((await card.get_attribute("id") or "").removeprefix("clip-"))
        await card.get_by_role("button", name="Delete").click()
        await expect(page.locator(f"#clip-{job_id}")).to_have_count(0)
        job = await app.ports.store.job(job_id)
        assert job is not None
        assert job.deleted_at is not None
        await acting.open("reports")
        await expect(page.locator(".clip")).to_have_count(2)
        await page.locator(".clip").first.get_by_role("button", name="Dismiss").click()
        await expect(page.locator(".clip")).to_have_count(1)
        assert len(await app.ports.store.open_reports(limit=9)) == 1
        assert acting.complaints == []


async def test_without_script_pages_and_forms_work_all_the_same(app: App, tmp_path: Path, chrome: Browser) -> None:
    await furnish(app, tmp_path)
    async with served(app) as port, operator(chrome, app, port, java_script_enabled=False) as acting:
        await acting.open("gallery")
        await acting.page.get_by_label("Words").fill("koi")
        await acting.page.get_by_role("button", name="Show").click()
        await expect(acting.page.locator(".clip")).to_have_count(5)
        await acting.page.locator(".clip").first.get_by_role("button", name="Delete").click()
        await acting.page.get_by_text("Deleted here", exact=False).wait_for()
        await acting.page.get_by_role("link", name="Back").click()
        await expect(acting.page.locator(".clip")).to_have_count(24)


async def test_a_twenty_first_viewer_asks_every_few_seconds(app: App, tmp_path: Path, chrome: Browser) -> None:
    await furnish(app, tmp_path)
    async with served(app) as port, operator(chrome, app, port) as acting, AsyncExitStack() as watching:
        await acting.page.goto("about:blank")
        cookies = "; ".join(f"{each['name']}={each['value']}" for each in await acting.context.cookies())
        viewer = await watching.enter_async_context(
            httpx.AsyncClient(base_url=acting.base, headers={"cookie": cookies})
        )
        streams = []
        for _ in range(MOST_VIEWERS):
            response = await watching.enter_async_context(viewer.stream("GET", "queue/events"))
            streams.append(response.aiter_raw())  # held: one that is dropped ends its stream
            assert (await anext(streams[-1])).startswith(b"retry:")
        await acting.open("")
        await acting.page.get_by_text("every 5 seconds").wait_for()
