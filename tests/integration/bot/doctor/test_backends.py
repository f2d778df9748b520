"""`flipbook doctor` asks the backends as the bot asks them, and looks at everything that clips depend on."""

import shutil
import ssl
import sys
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.commands.doctor.backends import compiler
from bot.commands.doctor.checks import examine
from bot.folders import run_lock
from bot.settings import load_settings
from bot.web import open_listener
from doubles.clock import ManualClock
from doubles.http.live_http import http_server
from generation.diagnostics import Finding
from generation.protocol.clock import Clock
from workers import KEY, listening, open_worker

CREDENTIALS_OF_A_STORE = {
    "AWS_ENDPOINT": "http://127.0.0.1:9",
    "AWS_ALLOW_HTTP": "true",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "b",
    "AWS_REGION": "nowhere",
}


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


async def examined(folder: Path, *, clock: Clock | None = None, **settings: Any) -> dict[str, list[Finding]]:
    usual = {"data_dir": folder / "data", "engine": "preview", "web_port": 0}
    found: dict[str, list[Finding]] = {}
    for finding in await examine(load_settings(**(usual | settings)), clock=clock or ManualClock(datetime.now(UTC))):
        found.setdefault(finding.what, []).append(finding)
    return found


def one(found: dict[str, list[Finding]], what: str) -> str:
    (finding,) = found[what]
    return str(finding)


class Certified(NamedTuple):
    """A worker that speaks https, and the file of the authority that has signed its certificate."""

    url: str
    authority: Path


@asynccontextmanager
async def a_worker_with_a_certificate(folder: Path) -> AsyncIterator[Certified]:
    authority, chain, signed_by = trustme.CA(), folder / "chain.pem", folder / "ca.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(chain))
    authority.cert_pem.write_to_path(str(signed_by))
    async with open_worker(folder / "w", key=KEY, ssl_certfile=chain) as worker, listening(worker) as url:
        yield Certified(url, signed_by)


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (KEY, "ok   backend worker: {url} accepts the key, and renders with preview"),
        ("kid:wrong", "BAD  backend worker: {url} does not accept the key (HTTP 401 "),
        ("other:s3cret", "BAD  backend worker: {url} does not accept the key (HTTP 401 "),
        (None, "BAD  backend worker: {url} does not accept the key (HTTP 401 "),
        ("kid", "BAD  backend worker: {url} does not accept the key (HTTP 401 "),
        ("kid:s3cre", "BAD  backend worker: {url} does not accept the key (HTTP 401 "),
        ("kid:s3cret0", "BAD  backend worker: {url} does not accept the key (HTTP 401 "),
        ("KID:S3CRET", "BAD  backend worker: {url} does not accept the key (HTTP 401 "),
        ("s3cret", "BAD  backend worker: {url} does not accept the key (HTTP 401 "),
    ],
)
async def test_the_key_is_tried_as_the_bot_would_use_it(tmp_path: Path, key: str | None, line: str) -> None:
    async with open_worker(tmp_path / "w", key=KEY) as worker, listening(worker) as url:
        found = await examined(tmp_path, worker_url=url, worker_key=key)
    assert one(found, "backend worker").startswith(line.format(url=url))
    assert ("set FLIPBOOK_WORKER_KEY" in one(found, "backend worker")) is line.startswith("BAD")


@pytest.mark.parametrize("key", [KEY, "kid:wrong"], ids=["right", "wrong"])
@pytest.mark.parametrize("where", ["environment", "a secret's file", ".env", ".env, a secret's file"])
async def test_the_key_is_tried_wherever_it_was_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, key: str
) -> None:
    (tmp_path / "key").write_text(f"{key}\n")
    name, value = "FLIPBOOK_WORKER_KEY", key
    if "file" in where:
        name, value = f"{name}_FILE", str(tmp_path / "key")
    if where.startswith(".env"):
        (tmp_path / ".env").write_text(f"{name}={value}\n")
    else:
        monkeypatch.setenv(name, value)
    async with open_worker(tmp_path / "w", key=KEY) as worker, listening(worker) as url:
        found = await examined(tmp_path, worker_url=url)
    assert ("accepts the key" in one(found, "backend worker")) is (key == KEY)


def answers(response: Response) -> Starlette:
    async def answer(_request: object) -> Response:
        return response

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "PUT", "POST"])])


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (JSONResponse({"detail": "not found"}, 404), "ok   backend fal: {url} accepts the key"),
        (JSONResponse({"detail": "No user found for Key ID and Secret"}, 401), "set FAL_KEY to the one it knows"),
        (JSONResponse({"detail": "User is locked"}, 403), "is locked"),
        (PlainTextResponse("Welcome to nginx!", 404), "BAD  backend fal: {url} cannot be reached: HTTP 404"),
        (PlainTextResponse("ok", 200), "BAD  backend fal: "),
        (JSONResponse({"status": "IN_QUEUE"}, 200), "makes no sense"),
        (PlainTextResponse("bad gateway", 502), "cannot be reached: HTTP 502"),
    ],
)
async def test_what_fal_answers_is_understood(tmp_path: Path, response: Response, words: str) -> None:
    async with http_server(answers(response)) as url:
        found = await examined(tmp_path, fal_queue_url=url, fal_key="a:b")
    assert words.format(url=url) in one(found, "backend fal")


async def test_a_certificate_of_an_own_authority_is_accepted_when_that_is_named(tmp_path: Path) -> None:
    async with a_worker_with_a_certificate(tmp_path) as worker:
        found = await examined(tmp_path, worker_url=worker.url, worker_key=KEY, worker_ca=worker.authority)
    assert one(found, "backend worker").startswith(f"ok   backend worker: {worker.url} accepts the key")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "its certificate is not trusted: "),
        ({}, "set FLIPBOOK_WORKER_CA to the file of the authority"),
        ({"worker_ca": "missing.pem"}, "FLIPBOOK_WORKER_CA: {folder}/missing.pem holds no certificate"),
        ({"worker_ca": "garbage.pem"}, "FLIPBOOK_WORKER_CA: {folder}/garbage.pem holds no certificate"),
        ({"scheme": "http"}, "it speaks https there: write https:// in the address"),
        ({"host": "localhost"}, "its certificate is not trusted: "),
    ],
)
async def test_what_is_wrong_with_tls_is_said(tmp_path: Path, change: dict[str, str], words: str) -> None:
    (tmp_path / "garbage.pem").write_text("garbage")
    async with a_worker_with_a_certificate(tmp_path) as worker:
        url = worker.url.replace("https", change.pop("scheme", "https"))
        if host := change.pop("host", None):
            url = url.replace("127.0.0.1", host)
            change = {"worker_ca": str(worker.authority)}
        found = await examined(tmp_path, worker_url=url, worker_key=KEY, **change)
    (line,) = (str(finding) for name, each in found.items() if name.startswith("backend") for finding in each)
    assert words.format(folder=tmp_path) in line


async def test_https_to_a_worker_without_it_is_said(tmp_path: Path) -> None:
    async with open_worker(tmp_path / "w", key=KEY) as worker, listening(worker) as url:
        found = await examined(tmp_path, worker_url=url.replace("http", "https"), worker_key=KEY)
    assert "what answers there does not speak https: write http:// in the address" in one(found, "backend worker")


@pytest.mark.parametrize(("hours", "words"), [(0, None), (1, " s ahead of worker's"), (-1, " s behind worker's")])
async def test_a_clock_that_is_off_is_seen_without_any_chat(tmp_path: Path, hours: int, words: str | None) -> None:
    clock = ManualClock(datetime.now(UTC) + timedelta(hours=hours))
    async with open_worker(tmp_path / "w", key=KEY) as worker, listening(worker) as url:
        found = await examined(tmp_path, clock=clock, worker_url=url, worker_key=KEY)
    assert [words in str(each) for each in found.get("clock", [])] == ([] if words is None else [True])


async def test_a_clock_that_is_off_by_minutes_loses_fals_webhooks(tmp_path: Path) -> None:
    clock = ManualClock(datetime.now(UTC) + timedelta(minutes=7))
    async with http_server(answers(JSONResponse({"detail": "not found"}, 404))) as url:
        found = await examined(tmp_path, clock=clock, fal_queue_url=url, fal_key="a:b")
    assert one(found, "clock").startswith("BAD  clock: ")
    assert "webhooks are refused" in one(found, "clock")


async def test_a_dead_store_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS_OF_A_STORE.items():
        monkeypatch.setenv(name, value)
    found = await examined(tmp_path, artifacts_url="s3://bucket/clips")
    assert one(found, "clips").startswith("BAD  clips: cannot be kept at s3://bucket/clips: ")


@pytest.mark.parametrize("place", ["in-the-way", "in-the-way/clips", "/proc/nowhere"])
async def test_a_folder_that_takes_no_clips_is_found(tmp_path: Path, place: str) -> None:
    (tmp_path / "in-the-way").write_text("")
    found = await examined(tmp_path, artifacts_url=place)
    assert any(finding.is_bad for finding in found["clips"])


async def test_a_store_that_works_is_left_as_it_was(tmp_path: Path) -> None:
    found = await examined(tmp_path, artifacts_url=str(tmp_path / "elsewhere"))
    assert f"{tmp_path / 'elsewhere'}, " in one(found, "clips")
    assert list((tmp_path / "elsewhere").iterdir()) == []


async def test_little_room_is_found_on_every_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: real(path)._replace(free=2**20))
    found = await examined(tmp_path, artifacts_url=str(tmp_path / "elsewhere"))
    assert "make room, or set FLIPBOOK_DATA_DIR" in one(found, "data folder")
    assert "make room, or set FLIPBOOK_ARTIFACTS_URL" in one(found, "clips")


async def test_the_web_port_is_free_taken_or_the_bots_own(tmp_path: Path) -> None:
    with open_listener("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        found = await examined(tmp_path, web_port=port)
        assert f"127.0.0.1 port {port} cannot be used: another program has it" in one(found, "web")
        with run_lock(load_settings(data_dir=tmp_path / "data")):
            assert "a `flipbook run` works here" in one(await examined(tmp_path, web_port=port), "web")
    assert one(await examined(tmp_path, web_port=port), "web") == f"ok   web: 127.0.0.1 port {port} is free"


def test_the_trust_of_an_own_authority_adds_to_the_systems(tmp_path: Path) -> None:
    from generation.backends.transport import trusting

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    ours = trusting(tmp_path / "ca.pem")
    assert ours.verify_mode is ssl.CERT_REQUIRED
    assert ours.cert_store_stats()["x509"] > 1


@pytest.mark.parametrize(("there", "asked_for"), [("gcc", None), ("clang", None), ("cc", None), ("icx", "icx -O2")])
def test_models_are_compiled_where_there_is_a_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str, asked_for: str | None
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    (tmp_path / "Python.h").touch()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    (finding,) = compiler()
    assert str(finding) == (
        "note compiler: a C compiler cannot be found, so the models run as they are, more slowly; "
        f"install gcc and python{version}-dev"
    )
    (tmp_path / "Python.h").unlink()
    assert "a C compiler and Python's headers cannot be found" in str(compiler()[0])
    (tmp_path / "Python.h").touch()
    (tmp_path / there).touch(0o755)
    if asked_for is not None:
        monkeypatch.setenv("CC", asked_for)
    assert compiler() == []
