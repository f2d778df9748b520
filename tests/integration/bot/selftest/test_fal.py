"""`flipbook selftest fal`: asks what costs nothing, and buys one turbo clip where that was said."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from typer.testing import CliRunner

from bot.cli import app
from bot.commands.selftest.fal import explain_fal, selftest_fal
from bot.commands.selftest.report import HIDDEN, without_secrets
from bot.settings import load_settings
from doubles.generation.selftest_lines import Lines
from doubles.http.live_http import http_server
from generation.protocol.clock import SystemClock
from generation.selftest import StepResult
from workers import KEY, Worker, listening, open_worker

KEYS = {"keys": [{"kty": "OKP", "x": base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")}]}


@dataclass
class Fal:
    """A backend that speaks fal's queue protocol, and the page with its webhooks' keys."""

    worker: Worker
    url: str
    keys: str


@asynccontextmanager
async def answering(response: Response) -> AsyncIterator[str]:
    async def answer(_request: object) -> Response:
        return response

    methods = ["GET", "PUT", "POST"]
    async with http_server(Starlette(routes=[Route("/{path:path}", answer, methods=methods)])) as url:
        yield url


@asynccontextmanager
async def a_fal(folder: Path) -> AsyncIterator[Fal]:
    async with (
        open_worker(folder / "w", key=KEY) as worker,
        listening(worker) as url,
        answering(JSONResponse(KEYS)) as keys,
    ):
        yield Fal(worker, url, keys)


async def tried(fal: str, keys: str, *, spend: bool = False, **settings: Any) -> Lines:
    lines = Lines()
    usual = {"fal_queue_url": fal, "fal_jwks_url": keys, "fal_key": KEY}
    await selftest_fal(lines.test(explain_fal), load_settings(**(usual | settings)), SystemClock(), spend=spend)
    return lines


async def test_without_permission_it_asks_and_buys_nothing(tmp_path: Path) -> None:
    async with a_fal(tmp_path) as fal:
        lines = await tried(fal.url, fal.keys)
    assert [str(step) for step in lines.steps][1:] == [
        "ok      cancel a request that never was: not_found",
        "ok      the keys of its webhooks: 1 can be used",
        "skipped buy one turbo clip, about $0.01: add --spend to buy it",
    ]
    assert str(lines.steps[0]).startswith("ok      ask with the key: accepted")
    assert fal.worker.engine.begun == []


async def test_with_permission_it_buys_one_turbo_clip_and_looks_inside(tmp_path: Path) -> None:
    async with a_fal(tmp_path) as fal:
        lines = await tried(fal.url, fal.keys, spend=True)
    assert lines.named(StepResult.FAILED, StepResult.SKIPPED) == []
    assert [step.what for step in lines.steps[3:]] == [
        "buy one turbo clip, about $0.01",
        "ask for the clip at once",
        "watch it to its end",
        "its result",
        "fetch it and look inside",
    ]
    assert "h264 High yuv420p, " in lines.steps[-1].detail
    assert lines.steps[-2].detail.startswith("seed 7, ")
    assert len(fal.worker.engine.begun) == 1


@pytest.mark.parametrize("budget", ["0", "0.009"])
async def test_a_budget_that_does_not_allow_it_wins_over_the_permission(tmp_path: Path, budget: str) -> None:
    async with a_fal(tmp_path) as fal:
        lines = await tried(fal.url, fal.keys, spend=True, daily_budget=budget)
    assert "FLIPBOOK_DAILY_BUDGET" in lines.named(StepResult.SKIPPED)[0]
    assert fal.worker.engine.begun == []


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (JSONResponse({"detail": "No user found for Key ID and Secret"}, 401), "CredentialsRejected"),
        (JSONResponse({"detail": "User is locked. Reason: Exhausted balance."}, 403), "Exhausted balance"),
        (PlainTextResponse("bad gateway", 502), "BackendUnavailable"),
        (PlainTextResponse("Welcome to nginx!", 404), "HTTP 404"),
        (JSONResponse({"status": "IN_QUEUE"}, 200), "ProtocolViolation"),
    ],
)
async def test_what_fal_refuses_is_said_and_nothing_is_bought_after_it(response: Response, words: str) -> None:
    async with answering(response) as url:
        lines = await tried(url, f"{url}/jwks", spend=True)
    assert [step.what for step in lines.steps] == ["ask with the key"]
    assert words in lines.bad[0]


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (JSONResponse({"keys": []}), "publishes no webhook keys"),
        (PlainTextResponse("nginx"), "publishes no webhook keys"),
        (PlainTextResponse("x" * 100_000), "cannot be fetched"),
        (PlainTextResponse("away", 503), "cannot be fetched"),
        (JSONResponse({"keys": [{"kty": "RSA"}]}), "publishes no webhook keys"),
    ],
)
async def test_keys_that_cannot_be_used_are_a_step(tmp_path: Path, response: Response, words: str) -> None:
    async with a_fal(tmp_path) as fal, answering(response) as keys:
        lines = await tried(fal.url, keys)
    assert words in lines.bad[0]


async def test_an_order_whose_outcome_is_unknown_is_not_given_twice(tmp_path: Path) -> None:
    posts: list[str] = []

    async def answer(request: Request) -> Response:
        if request.method == "POST":
            posts.append(request.url.path)
            return PlainTextResponse("bad gateway", 502)
        return JSONResponse({"detail": "Request not found"}, 404)

    routes = [Route("/{path:path}", answer, methods=["GET", "PUT", "POST"])]
    async with http_server(Starlette(routes=routes)) as url, answering(JSONResponse(KEYS)) as keys:
        lines = await tried(url, keys, spend=True)
    assert posts == ["/fal-ai/fast-animatediff/turbo/text-to-video"]
    assert "it may have been bought, and is not ordered again: look at the account" in lines.bad[-1]


async def test_the_command_needs_a_key_and_prints_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    async with a_fal(tmp_path) as fal:
        environment = {"FAL_KEY": KEY, "FLIPBOOK_FAL_QUEUE_URL": fal.url, "FLIPBOOK_FAL_JWKS_URL": fal.keys}
        done = await asyncio.to_thread(CliRunner().invoke, app, ["selftest", "fal"], env=environment)
    assert done.exit_code == 0, done.output
    assert "3 ok, 0 failed, 1 skipped." in done.stdout
    assert "s3cret" not in done.output
    without = CliRunner().invoke(app, ["selftest", "fal"])
    assert (without.exit_code, without.stderr) == (2, "FAL_KEY is not set: `flipbook setup fal` sets it.\n")


@pytest.mark.parametrize("line", ["FLIPBOOK_DAILY_BUGDET=0", "FLIPBOOK_DAILY_BUDGET: 0", "DAILY_BUDGET=0"])
async def test_nothing_is_bought_while_the_budget_may_not_have_been_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    async with a_fal(tmp_path) as fal:
        (tmp_path / ".env").write_text(
            f"FAL_KEY={KEY}\nFLIPBOOK_FAL_QUEUE_URL={fal.url}\nFLIPBOOK_FAL_JWKS_URL={fal.keys}\n{line}\n"
        )
        done = await asyncio.to_thread(CliRunner().invoke, app, ["selftest", "fal", "--spend"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert fal.worker.engine.begun == []


@pytest.mark.parametrize(
    "secret",
    [
        "xoxb-1234-5678-abcdef",
        "xoxe.xoxb-1-abcdef",
        "xapp-1-A0123-456-abc",
        "MTI5MDAwMDAwMDAwMDAwMDAwMQ.Gabcde.abcdefghijklmnop",
        "my-own-secret-value",
    ],
)
def test_whatever_a_platform_says_no_secret_is_in_the_report(secret: str) -> None:
    words = without_secrets(f"refused: {secret} at https://mia:pass@host/a.mp4?ex=1&hm=2", ["my-own-secret-value"])
    assert words == f"refused: {HIDDEN} at https://{HIDDEN}host/a.mp4?{HIDDEN}"
