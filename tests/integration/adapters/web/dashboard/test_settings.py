"""The settings in force: each with where it came from, and no secret."""

import pytest

from integration.adapters.web.dashboard.conftest import Browser

SECRET = "s3cret-of-nobody"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the bot of the test reads it."""
    monkeypatch.setenv("FAL_KEY", f"id:{SECRET}")
    monkeypatch.setenv("FLIPBOOK_DAILY_BUDGET", "12.5")
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{SECRET}@proxy.example:3128")


async def test_settings_are_masked_and_tell_where_they_came_from(browser: Browser) -> None:
    await browser.log_in()
    page = (await browser.get("/dashboard/settings")).text
    assert SECRET not in page
    rows = {row.split("</td>")[0].rpartition(">")[2]: row for row in page.split("<tr>")[2:]}
    assert "********" in rows["FAL_KEY"]
    for name, source in (
        ("FAL_KEY", "<strong>environment</strong>"),
        ("FLIPBOOK_DAILY_BUDGET", "<strong>environment</strong>"),
        ("FLIPBOOK_MONTHLY_BUDGET", '<span class="quiet">default</span>'),
    ):
        assert source in rows[name]
    assert "12.5" in rows["FLIPBOOK_DAILY_BUDGET"]
