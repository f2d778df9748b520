"""Who is let in to the dashboard, and what does not let anybody in."""

import httpx
import pytest

from adapters.web.dashboard.entrance import LinkEntrance, ProxyEntrance
from adapters.web.dashboard.guard import HEADERS
from bot.composition import App
from doubles.clock import AutoClock
from generation.domain.login import CODE_LIFE, SESSION_LIFE
from integration.adapters.web.dashboard.conftest import HOST, LOGIN, Browser


async def token_of(browser: Browser) -> str:
    page = (await browser.get("/dashboard/")).text
    return page.split('data-form-token="')[1].split('"')[0]


async def test_a_page_leads_to_the_login_and_anything_else_is_refused(browser: Browser) -> None:
    page = await browser.get("/dashboard/")
    assert (page.status_code, page.headers["location"]) == (303, LOGIN)
    assert (await browser.get("/dashboard/queue/events", accept="text/event-stream")).status_code == 401
    assert (await browser.post("/dashboard/jobs/" + "0" * 24 + "/cancel", {})).status_code == 401


async def test_a_link_logs_in_once_and_only_by_its_button(browser: Browser) -> None:
    code = await browser.new_code()
    for _ in range(3):  # a chat that shows a preview of the link opens it too
        assert "Open the dashboard in this browser?" in (await browser.get(f"{LOGIN}?code={code}")).text
    answer = await browser.post(LOGIN, {"code": code})
    cookie = answer.headers["set-cookie"]
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/dashboard" in cookie
    assert (await browser.get("/dashboard/")).status_code == 200
    again = await browser.post(LOGIN, {"code": code})
    assert (again.status_code, "set-cookie" in again.headers) == (403, False)


@pytest.mark.parametrize("code", ["", "x" * 24, "x" * 100_000, "\x00", "ü" * 20])
async def test_a_forged_code_opens_nothing(browser: Browser, code: str) -> None:
    answer = await browser.post(LOGIN, {"code": code})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("session", ["", "x" * 32, "x" * 5000, "\"'; DROP TABLE logins"])
async def test_a_forged_session_opens_nothing(browser: Browser, session: str) -> None:
    browser.http.headers["cookie"] = f"flipbook-8080={session}"
    assert (await browser.get("/dashboard/")).status_code == 303


async def test_codes_and_sessions_end(app: App) -> None:
    clock = AutoClock()
    entrance = LinkEntrance(app.ports.store, clock)
    code = await entrance.new_code("Ada")
    clock.advance(CODE_LIFE.total_seconds())
    assert await entrance.redeem(code) is None
    session = await entrance.redeem(await entrance.new_code("Ada"))
    assert session is not None
    clock.advance(SESSION_LIFE.total_seconds() - 1)
    assert (await entrance.visitor({}, session)) is not None
    clock.advance(1)
    assert await entrance.visitor({}, session) is None


async def test_the_secret_is_not_in_the_database(app: App) -> None:
    entrance = LinkEntrance(app.ports.store, app.clock)
    code = await entrance.new_code("Ada")
    session = await entrance.redeem(await entrance.new_code("Ada"))
    assert session is not None
    stored = b"".join(path.read_bytes() for path in app.settings.folder.glob("flipbook.db*"))
    assert code.encode() not in stored
    assert session.encode() not in stored


async def test_logging_out_ends_the_session_for_good(browser: Browser) -> None:
    await browser.log_in()
    kept = browser.http.cookies["flipbook-8080"]
    assert (await browser.post("/dashboard/logout", {})).headers["location"] == LOGIN
    browser.http.cookies.set("flipbook-8080", kept, domain="127.0.0.1", path="/dashboard")
    assert (await browser.get("/dashboard/")).status_code == 303


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "localhost@evil.example"])
async def test_a_name_that_was_rebound_to_this_machine_is_refused(browser: Browser, host: str) -> None:
    await browser.log_in()
    assert (await browser.get("/dashboard/", host=host)).status_code == 421
    assert (await browser.get(LOGIN, host=host)).status_code == 421


@pytest.mark.parametrize("name", ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "via"])
async def test_a_proxy_that_nobody_told_us_of_is_refused(browser: Browser, name: str) -> None:
    """Its requests come from this machine, under its name: they would all look like the operator's."""
    await browser.log_in()
    answer = await browser.get("/dashboard/", **{name: "203.0.113.7"})
    assert answer.status_code == 421
    assert "FLIPBOOK_DASHBOARD=proxy" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": f"http://{HOST}.evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_a_form_of_another_site_does_nothing(browser: Browser, headers: dict[str, str]) -> None:
    await browser.log_in()
    token = await token_of(browser)
    answer = await browser.http.post(
        "/dashboard/jobs/" + "0" * 24 + "/cancel", data={"form_token": token}, headers=headers
    )
    assert answer.status_code == 403
    assert "Only this dashboard's own pages" in answer.text


@pytest.mark.parametrize("token", ["", "x", "ü"])
async def test_a_form_without_its_sessions_token_does_nothing(browser: Browser, token: str) -> None:
    await browser.log_in()
    answer = await browser.post("/dashboard/jobs/" + "0" * 24 + "/cancel", {"form_token": token})
    assert answer.status_code == 403
    assert "This page is too old" in answer.text


async def test_a_token_of_another_session_does_nothing(browser: Browser) -> None:
    await browser.log_in()
    other = await token_of(browser)
    await browser.log_in()
    answer = await browser.post("/dashboard/jobs/" + "0" * 24 + "/cancel", {"form_token": other})
    assert answer.status_code == 403


async def test_a_form_is_bounded(browser: Browser) -> None:
    await browser.log_in()
    token = await token_of(browser)
    path = "/dashboard/jobs/" + "0" * 24 + "/cancel"
    assert (await browser.post(path, {"form_token": token, "x": "y" * 70_000})).status_code == 413
    many = {"form_token": token, **{f"f{number}": "" for number in range(200)}}
    assert (await browser.post(path, many)).status_code == 413


async def test_with_its_token_an_act_is_done_and_a_refusal_is_a_sentence(browser: Browser) -> None:
    await browser.log_in()
    token = await token_of(browser)
    path = "/dashboard/jobs/" + "0" * 24 + "/cancel"
    by_page = await browser.post(path, {"form_token": token, "back": "//evil.example"})
    assert by_page.status_code == 409
    assert "evil.example" not in by_page.text
    by_script = await browser.post(path, {}, **{"x-flipbook-form": token})
    assert by_script.status_code == 409
    assert by_script.json()["said"] == "There is no such clip here."


async def test_every_answer_has_the_headers_that_keep_pages_to_themselves(browser: Browser) -> None:
    answers: list[httpx.Response] = [await browser.get("/dashboard/"), await browser.get(LOGIN)]
    await browser.log_in()
    paths = ("/dashboard/", "/dashboard/health", "/dashboard/static/dashboard.js", "/dashboard/nothing")
    answers += [await browser.get(path) for path in paths]
    answers.append(await browser.get("/dashboard/", host="evil.example"))
    for answer in answers:
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


async def test_pages_hold_no_inline_script_or_style(browser: Browser) -> None:
    await browser.log_in()
    for path in ("/dashboard/", "/dashboard/health"):
        page = (await browser.get(path)).text
        assert "<style" not in page
        assert " style=" not in page
        assert " on" not in {part[:3] for part in page.split('"')}
        assert page.count("<script") == page.count("<script src=") == 1


async def test_the_proxy_says_who_it_is_and_only_the_proxy(app: App) -> None:
    entrance = ProxyEntrance(lambda: "s3cret")
    ada = {"x-forwarded-user": "ada@example.org", "x-flipbook-proxy-secret": "s3cret"}
    visitor = await entrance.visitor(ada, None)
    assert visitor is not None
    assert (visitor.name, visitor.can_log_out) == ("ada@example.org", False)
    other = await entrance.visitor(ada | {"x-forwarded-user": "bob"}, None)
    assert other is not None
    assert other.form_token != visitor.form_token
    for forged in (
        {"x-forwarded-user": "ada"},
        ada | {"x-flipbook-proxy-secret": ""},
        ada | {"x-flipbook-proxy-secret": "s3cres"},
        ada | {"x-forwarded-user": " "},
        ada | {"x-forwarded-user": "a\nb"},
        ada | {"x-forwarded-user": "a" * 101},
    ):
        assert await entrance.visitor(forged, None) is None
