"""What no page of the dashboard sends: one sentence for it, and what was seen is not shown to others."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.responses import StreamingResponse

from adapters.web.dashboard.live import Live
from bot.composition import App
from doubles.clock import AutoClock
from integration.adapters.web.dashboard.conftest import Browser
from integration.adapters.web.dashboard.scene import GUILD, furnish
from integration.adapters.web.dashboard.test_attacks import token_of

HERE = f"/dashboard/servers/{GUILD}"
CLIP = f"/dashboard/clips/{5:024x}"


@pytest.mark.parametrize(
    ("path", "form", "said"),
    [
        (f"{HERE}/limit", {"name": "nothing", "value": "3"}, "There is no such rule."),
        (f"{HERE}/ceiling", {"value": "3"}, "There is no such rule."),
        (f"{HERE}/rule", {"name": "nothing", "value": "3"}, "There is no such rule."),
        (f"{HERE}/preset", {"preset": "nothing"}, "There is no such preset."),
        (f"/dashboard/reports/{1:024x}/nothing", {}, "There is no such decision."),
        ("/dashboard/servers/nothing/limit", {"name": "max_frames", "value": "3"}, "There is no such server."),
        ("/dashboard/servers/discord:%00/limit", {"name": "max_frames", "value": "3"}, "There is no such server."),
        (f"/dashboard/servers/discord:{'9' * 5000}/pause", {}, "There is no such server."),
    ],
)
async def test_a_forged_form_is_answered_by_a_sentence(
    browser: Browser, path: str, form: dict[str, str], said: str
) -> None:
    await browser.log_in()
    token = await token_of(browser)
    answer = await browser.post(path, form, **{"x-flipbook-form": token})
    assert (answer.status_code, answer.json()["said"]) == (422, said)


@pytest.mark.parametrize("name", ["channels", "denied_channels", "blocked_users", "allowed_roles", "log_channel"])
@pytest.mark.parametrize("value", ["<script>", "#general", "<@&1>"])
async def test_what_is_no_id_is_not_stored(browser: Browser, name: str, value: str) -> None:
    await browser.log_in()
    token = await token_of(browser)
    answer = await browser.post(f"{HERE}/rule", {"name": name, "value": value}, **{"x-flipbook-form": token})
    assert answer.status_code == 409
    assert "must be" in answer.json()["said"]


async def test_a_blocked_word_that_is_too_long_is_named_in_words(browser: Browser) -> None:
    await browser.log_in()
    form = {"name": "blocked_terms", "value": "x" * 101}
    answer = await browser.post(f"{HERE}/rule", form, **{"x-flipbook-form": await token_of(browser)})
    assert answer.json()["said"].startswith(
        "Blocked words must be words of at most 100 characters with commas between them, or none, not 'xxx"
    )


async def test_the_last_day_that_there_is_can_be_asked_for(browser: Browser) -> None:
    await browser.log_in()
    assert (await browser.get("/dashboard/gallery?from=0001-01-01&to=9999-12-31")).status_code == 200


async def test_a_poster_is_asked_for_again_and_not_shown_after_logging_out(
    browser: Browser, app: App, tmp_path: Path
) -> None:
    await furnish(app, tmp_path)
    await browser.log_in()
    poster = await browser.get(f"{CLIP}.jpg")
    assert (poster.status_code, poster.headers["cache-control"]) == (200, "private, no-cache")
    known = {"if-none-match": poster.headers["etag"]}
    assert (await browser.get(f"{CLIP}.jpg", **known)).status_code == 304
    await browser.post(f"/dashboard/jobs/{5:024x}/delete", {}, **{"x-flipbook-form": await token_of(browser)})
    assert (await browser.get(f"{CLIP}.jpg", **known)).status_code == 404
    await browser.post("/dashboard/logout", {})
    assert (await browser.get(f"/dashboard/clips/{6:024x}.jpg", accept="image/*", **known)).status_code == 401


async def test_a_stream_that_is_never_begun_takes_no_place() -> None:
    async def render() -> str:
        return "now"

    live = Live(render, AutoClock())
    for _ in range(100):  # each viewer has gone before the first byte
        assert (await live.response()).status_code == 200
    await live.close()


async def test_a_part_that_fails_once_is_shown_later() -> None:
    texts = iter(["first", "second"])
    tried = 0

    async def render() -> str:
        nonlocal tried
        tried += 1
        if tried == 2:
            raise RuntimeError("a bug")
        return next(texts)

    live = Live(render, AutoClock())
    response = await live.response()
    assert isinstance(response, StreamingResponse)
    events: AsyncIterator[object] = response.body_iterator  # type: ignore[assignment]
    seen = [await anext(events) for _ in range(3)]
    assert seen == [b"retry: 2000\n\n", b"data: first\n\n", b"data: second\n\n"]
    await live.close()


async def test_a_live_page_ends_with_its_session_and_others_go_on() -> None:
    texts = iter(range(9))

    async def render() -> str:
        return str(next(texts))

    live = Live(render, AutoClock())
    streams = []
    for session in ("one", "two"):
        response = await live.response(session)
        assert isinstance(response, StreamingResponse)
        events: AsyncIterator[object] = response.body_iterator  # type: ignore[assignment]
        assert await anext(events) == b"retry: 2000\n\n"
        streams.append(events)
    await live.end("one")
    assert [event async for event in streams[0]] == []
    assert bytes(await anext(streams[1])).startswith(b"data: ")
    await live.close()


async def test_logging_out_ends_the_live_page(browser: Browser) -> None:
    await browser.log_in()
    live = asyncio.create_task(browser.get("/dashboard/queue/events", accept="text/event-stream"))
    while not any(task.get_name() == "dashboard fragment" for task in asyncio.all_tasks()):
        await asyncio.sleep(0)
    await browser.post("/dashboard/logout", {})
    answer = await live  # complete: the stream has ended
    assert (answer.status_code, answer.text[:6]) == (200, "retry:")
