"""`flipbook setup fal`: from nothing to a key that fal accepts, in `.env`, with its price told and nothing bought."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.commands.setup import text
from bot.commands.setup.chats import ChatSetup, fal_setup
from bot.commands.setup.flow import SetupStopped
from bot.exit_codes import Exit
from bot.settings import load_settings
from doubles.http.live_http import http_server
from generation.protocol.clock import SystemClock
from setup_at_a_terminal import PlannedTerminal, set_up
from workers import KEY, listening, open_worker


def chat(url: str, **settings: Any) -> ChatSetup:
    return fal_setup(load_settings(fal_queue_url=url, **settings), SystemClock())


@asynccontextmanager
async def answering(response: Response, asked: list[str] | None = None) -> AsyncIterator[str]:
    async def answer(request: Request) -> Response:
        if asked is not None:
            asked.append(request.method)
        return response

    methods = ["GET", "PUT", "POST"]
    async with http_server(Starlette(routes=[Route("/{path:path}", answer, methods=methods)])) as url:
        yield url


async def test_a_person_is_guided_to_a_key_that_is_tried_and_written(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DISCORD_TOKEN=a.b.c # mine\n")
    person = PlannedTerminal(["", "abc", "kid:wrong", f'"{KEY}"'])
    async with open_worker(tmp_path / "w", key=KEY) as worker, listening(worker) as url:
        assert await set_up(chat(url), tmp_path, person) is Exit.OK
    assert worker.engine.begun == []
    assert (tmp_path / ".env").read_text() == f"DISCORD_TOKEN=a.b.c # mine\nFAL_KEY={KEY}\n"
    assert person.asked == [text.FAL_QUESTION] * 4
    assert person.said[0].startswith("fal makes the clips with AnimateDiff on its GPUs, for money: about $0.05 a clip")
    assert text.EMPTY in person.said
    assert "fal does not accept it (HTTP 401" in person.text
    assert person.said[-1].endswith(
        "Clips are made at fal, at about $0.05 each, $0.01 for turbo, and at most $10.00 a day for everyone together "
        "(FLIPBOOK_DAILY_BUDGET)."
    )
    assert KEY not in person.text


@pytest.mark.parametrize(
    ("response", "words", "is_written"),
    [
        (JSONResponse({"detail": "User is locked"}, 403), "but not the account", True),
        (PlainTextResponse("bad gateway", 502), "cannot be asked at the moment", False),
        (PlainTextResponse("Welcome to nginx!", 404), "cannot be asked at the moment", False),
        (PlainTextResponse("ok", 200), "BAD  fal FAL_KEY", False),
        (JSONResponse({"detail": "No user found for Key ID and Secret"}, 401), "fal does not accept it", False),
    ],
)
async def test_only_a_key_that_fal_knows_is_written_and_nothing_is_bought(
    tmp_path: Path, response: Response, words: str, is_written: bool
) -> None:
    person, asked = PlannedTerminal([KEY] * 9), []
    async with answering(response, asked) as url:
        with contextlib.suppress(SetupStopped):
            assert await set_up(chat(url), tmp_path, person) is Exit.FAILED
    assert words in person.text
    assert (tmp_path / ".env").exists() is is_written
    assert set(asked) == {"GET"}


async def test_a_list_of_backends_without_fal_is_named(tmp_path: Path) -> None:
    async with answering(JSONResponse({"detail": "Request not found"}, 404)) as url:
        person = PlannedTerminal([KEY])
        await set_up(chat(url, backends="worker"), tmp_path, person)
    assert "note FLIPBOOK_BACKENDS: does not name fal, so nothing is made there" in person.text
    assert text.FAL_UNUSED in person.said[-1]
    assert "buys one clip" not in person.text
    assert "setup fal" not in person.said[-1]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, text.ONLY_PREVIEWS),
        ({"engine": "preview"}, text.ONLY_PREVIEWS),
        ({"fal_key": KEY, "backends": "worker"}, text.ONLY_PREVIEWS_BESIDE_FAL),
        ({"engine": "animatediff"}, "No clip can be made yet: "),
        ({"worker_url": "http://gpu:8000"}, "Clips are made by your worker at http://gpu:8000, at no charge."),
        ({"fal_key": KEY, "daily_budget": "2.5"}, "and at most $2.50 a day for everyone together"),
        ({"fal_key": KEY, "worker_url": "http://gpu:8000"}, "at no charge.\nClips are made at fal, at about $0.05"),
    ],
)
def test_the_end_of_a_setup_says_what_clips_will_be_made_with(
    tmp_path: Path, settings: dict[str, str], words: str
) -> None:
    from bot.commands.setup.backends import made_with

    assert words in made_with(load_settings(data_dir=tmp_path, **settings))
