"""What was spent, added up by whatever is asked, with the numbers of `flipbook spend`."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.commands.spend.report import print_spending
from bot.composition import App
from generation.domain.refs import Platform, UserRef
from generation.rules.money.spending import SpendBy, SpendQuery
from integration.adapters.web.dashboard.conftest import Browser
from integration.adapters.web.dashboard.scene import GUILD, furnish


@pytest.mark.parametrize("by", [*SpendBy])
async def test_the_csv_is_that_of_the_command(browser: Browser, app: App, tmp_path: Path, by: SpendBy) -> None:
    await furnish(app, tmp_path)
    await browser.log_in()
    answer = await browser.get(f"/dashboard/spend.csv?by={by}&days=7")
    last = app.clock.now().date()
    query, lines = SpendQuery((by,), last - timedelta(days=6), last), list[str]()
    await print_spending(app.settings, query, "csv", lines.append)
    assert len(lines) > 1
    assert answer.text.splitlines() == lines
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="flipbook-spend-by-{by}-')
    page = (await browser.get(f"/dashboard/spend?by={by}&days=7")).text
    assert page.count("<progress") == len(lines) - 1


async def test_names_stand_in_the_tables(browser: Browser, app: App, tmp_path: Path) -> None:
    await furnish(app, tmp_path)
    app.service.names.note(GUILD, "<i>Paper</i>")
    app.service.names.note(UserRef(Platform.DISCORD, "7002"), "<i>Ada</i>")
    await browser.log_in()
    assert ">&lt;i&gt;Paper&lt;/i&gt;</a>" in (await browser.get("/dashboard/spend")).text
    members = (await browser.get("/dashboard/spend?by=member&days=90")).text
    assert 'title="discord:7002">&lt;i&gt;Ada&lt;/i&gt;</td>' in members


@pytest.mark.parametrize("asked", ["by=nothing&days=-1", "by=<script>&days=1000000", "days=%00", "by=&days="])
async def test_what_makes_no_sense_is_the_usual_page(browser: Browser, asked: str) -> None:
    await browser.log_in()
    assert "By server" in (await browser.get(f"/dashboard/spend?{asked}")).text
    assert (await browser.get(f"/dashboard/spend.csv?{asked}")).text.startswith("server,clips,")
