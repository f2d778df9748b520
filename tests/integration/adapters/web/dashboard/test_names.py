"""Names as the chats tell them: on every page in place of ids, and nowhere as anything but text."""

from pathlib import Path

import pytest

from bot.composition import App
from generation.domain.refs import ChannelRef, Platform, UserRef
from integration.adapters.web.dashboard.conftest import Browser
from integration.adapters.web.dashboard.scene import GUILD, WORKSPACE, furnish

HOSTILE = "\"><script>alert('name')</script>{{ 7*7 }}"
PAGES = (
    "",
    "gallery",
    f"jobs/{1:024x}",
    "servers",
    f"servers/{GUILD}",
    "spend",
    "reports",
    "audit",
    "troubles",
    "queue/now",
)


async def test_a_hostile_name_is_text_on_every_page(browser: Browser, app: App, tmp_path: Path) -> None:
    await furnish(app, tmp_path)
    names = app.service.names
    for named in (GUILD, WORKSPACE, ChannelRef(GUILD, "5001"), ChannelRef(WORKSPACE, "5001")):
        names.note(named, HOSTILE)
    for number in range(7001, 7005):
        names.note(UserRef(Platform.DISCORD, str(number)), HOSTILE)
        names.note(UserRef(Platform.SLACK, str(number)), HOSTILE)
    await browser.log_in()
    for path in PAGES:
        page = (await browser.get(f"/dashboard/{path}")).text
        assert (path, page.count("<script>"), "7*7 }}" in page or path == "troubles") == (path, 0, True)
        assert "alert(&#39;name&#39;)" in page or path == "troubles"


async def test_names_stand_where_ids_stood(browser: Browser, app: App, tmp_path: Path) -> None:
    await furnish(app, tmp_path)
    await browser.log_in()
    before = (await browser.get("/dashboard/gallery")).text
    assert f">{GUILD}</option>" in before
    app.service.names.note(GUILD, "Paper Town")
    app.service.names.note(UserRef(Platform.DISCORD, "7002"), "Ada")
    page = (await browser.get("/dashboard/gallery")).text
    assert f'<option value="{GUILD}">Paper Town</option>' in page
    assert 'title="discord:7002"' in page
    assert ">Ada</a>" in page
    assert "Ada (7001)" not in page
    audit = (await browser.get("/dashboard/audit")).text
    assert "Member 7001" in audit
    app.service.names.note(UserRef(Platform.DISCORD, "7001"), "Bo")
    assert "Bo (7001)" in (await browser.get("/dashboard/audit")).text


@pytest.mark.parametrize("name", ["Paper Town", HOSTILE])
async def test_a_server_page_still_says_the_id(browser: Browser, app: App, name: str) -> None:
    await app.service.change_rules(GUILD, {"max_frames": 24}, by=UserRef(Platform.TERMINAL, "operator"))
    app.service.names.note(GUILD, name)
    await browser.log_in()
    assert f">{GUILD}<" in (await browser.get(f"/dashboard/servers/{GUILD}")).text
    assert f'href="/dashboard/servers/{GUILD}"' in (await browser.get("/dashboard/servers")).text
