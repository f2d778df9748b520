"""Whatever strangers write is text on every page; and nobody sees a page, or acts on one, who was not let in."""

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.routing import Route

from adapters.web.dashboard.app import Dashboard
from adapters.web.dashboard.rendering import PAGES
from bot.chats import Chats
from bot.commands.doctor.explained import Explained
from bot.composition import App
from bot.dashboard import dashboard_of
from bot.health import Health
from doubles.generation.backend import ScriptedBackend
from factories import a_delivery, a_request
from generation.diagnostics import Grade
from generation.domain.job import JobId
from generation.domain.refs import ChannelRef, Platform, UserRef
from generation.domain.report import Report, ReportReason
from generation.domain.style import PromptStyle
from generation.ports import WorkerHealth
from generation.protocol.errors import BackendUnavailable
from integration.adapters.web.dashboard.conftest import Browser
from integration.adapters.web.dashboard.scene import EVERY_PAGE, GUILD, WORKSPACE, furnish
from integration.adapters.web.dashboard.test_attacks import token_of

HOSTILE = "\"'><img src=x onerror=alert(1)><script>alert(2)</script><a href=javascript:alert(3)>{{ 7*7 }}</a>"


class Markup(HTMLParser):
    """What a browser would obey."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[dict[str, str | None]] = []
        self.wrong: list[tuple[str, str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "script":
            self.scripts.append(dict(attrs))
        if tag in {"img", "iframe", "object", "embed", "style", "base"}:
            self.wrong.append((tag, "", None))
        for name, value in attrs:
            if name.startswith("on") or name == "style" or (value or "").startswith("javascript:"):
                self.wrong.append((tag, name, value))


async def hostile(app: App, folder: Path) -> None:
    """Everything that somebody else can write is hostile."""
    await furnish(app, folder)
    by = UserRef(Platform.TERMINAL, HOSTILE)
    for named in (GUILD, WORKSPACE, *(ChannelRef(server, "5001") for server in (GUILD, WORKSPACE))):
        app.service.names.note(named, HOSTILE)
    for number in range(7001, 7005):
        for platform in (Platform.DISCORD, Platform.SLACK):
            app.service.names.note(UserRef(platform, str(number)), HOSTILE)
    clip = await app.ports.store.job(JobId(f"{1:024x}"))
    assert clip is not None
    request = a_request(prompt=HOSTILE, negative_prompt=HOSTILE)
    style = PromptStyle(name="ink", prefix=HOSTILE, suffix=HOSTILE)
    for name in ("e0", "f0"):
        made = replace(clip, id=JobId(name * 12), origin=name, request=request, style=style, parent=clip.id)
        async with app.ports.store.transaction() as tx:
            await tx.add_job(replace(made, engine=HOSTILE, waiting_for=HOSTILE), a_delivery(made), None)
            await tx.add_report(Report(made.id, clip.channel.server, by, ReportReason.OTHER, HOSTILE, clip.created_at))
    await app.service.pause(GUILD, HOSTILE, by=by)
    app.observer.trouble(HOSTILE, BackendUnavailable("worker", HOSTILE), job_id=clip.id)


async def test_what_strangers_write_is_text_on_every_page(
    browser: Browser,
    app: App,
    backends: dict[str, ScriptedBackend],
    doctor: list[list[Explained]],
    tmp_path: Path,
) -> None:
    await hostile(app, tmp_path)
    backends["worker"].tells = WorkerHealth(*[HOSTILE] * 5, models=(HOSTILE,))
    doctor.append([Explained(Grade.BAD, HOSTILE, HOSTILE, HOSTILE, HOSTILE)])
    await browser.log_in()
    await browser.post("/dashboard/health/look", {}, **{"x-flipbook-form": await token_of(browser)})
    shown = set()
    for path in (*EVERY_PAGE, f"jobs/{'e0' * 12}", f"gallery?words={HOSTILE}&member={HOSTILE}&from={HOSTILE}"):
        text = (await browser.get(f"/dashboard/{path}")).text
        found = Markup(text)
        assert (path, found.wrong) == (path, [])
        assert [set(script) for script in found.scripts] == ([] if path == "queue/now" else [{"src", "defer"}])
        if "alert(1)" in text:
            shown.add(path)
    # the test would prove nothing where nothing hostile is shown
    assert set(EVERY_PAGE) - shown <= {"settings"}


def test_every_page_of_the_list_is_tried() -> None:
    tried = {path.partition("/")[0] or "queue" for path in EVERY_PAGE}
    assert {page.key for page in PAGES} <= tried


async def test_nobody_sees_a_page_or_acts_who_was_not_let_in(browser: Browser, app: App) -> None:
    dashboard = dashboard_of(app, Health(app, Chats({})))
    assert isinstance(dashboard, Dashboard)
    routes = [route for route in dashboard.routes() if isinstance(route, Route)]
    assert len(routes) > 25
    for route in routes:
        path = f"/dashboard{route.path}".replace("{job_id}", "0" * 24).replace("{server}", str(GUILD))
        for method in route.methods or ():
            answer = await browser.http.request(
                method, path, headers={"accept": "text/html", "origin": "http://127.0.0.1:8080"}
            )
            is_page = method in {"GET", "HEAD"}
            assert (path, answer.status_code) == (path, 303 if is_page else 401)
            assert (answer.headers.get("location"), answer.text) == (
                ("/dashboard/login", "") if is_page else (None, "Log in again.")
            )


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_other_methods_do_nothing(browser: Browser, method: str) -> None:
    await browser.log_in()
    answer = await browser.http.request(method, "/dashboard/logout", headers={"origin": "http://127.0.0.1:8080"})
    assert answer.status_code == 405
    assert (await browser.http.get("/dashboard/logout")).status_code == 405
    assert (await browser.get("/dashboard/")).status_code == 200
