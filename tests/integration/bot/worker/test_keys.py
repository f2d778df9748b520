"""``flipbook worker keys``, and the worker's certificate: what is printed, where, and with which exit code."""

import asyncio
import os
import re
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from worker.api.auth import KeyRing
from worker.settings import WorkerSettings
from worker.store import WorkerDatabase

runner = CliRunner()


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The worker's data folder; it is not there yet."""
    monkeypatch.chdir(tmp_path)
    for field in WorkerSettings.model_fields:
        monkeypatch.delenv(f"FLIPBOOK_WORKER_{field.upper()}", raising=False)
    monkeypatch.setenv("FLIPBOOK_WORKER_DATA_DIR", str(tmp_path / "worker"))
    return tmp_path / "worker"


def keys(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors of ``flipbook worker keys`` with these arguments."""
    result = runner.invoke(app, ["worker", "keys", *arguments])
    return result.exit_code, result.stdout, result.stderr


def without_times(text: str) -> str:
    return re.sub(r"at \d{4}-\d\d-\d\d \d\d:\d\d \w+", "then", text)


async def test_the_printed_key_is_one_that_the_worker_takes(folder: Path) -> None:
    code, printed, errors = await asyncio.to_thread(keys, "add", "studio")
    assert (code, errors) == (0, "")
    assert re.fullmatch(r"studio:[0-9a-f]{48}\n", printed)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    database = await WorkerDatabase.open(f"sqlite:///{folder / 'worker.db'}")
    ring = KeyRing({}, on_loopback=True)
    ring.load(await database.keys.all())
    await database.close()
    assert ring.caller(f"Key {printed.strip()}").owner == "studio"


def test_keys_are_listed_with_what_they_may_and_without_their_secrets() -> None:
    _, printed, _ = keys("add", "studio")
    secret = printed.strip().partition(":")[2]
    keys("add", "students", "--low-priority", "--max-open", "3")
    keys("revoke", "studio")
    code, listed, errors = keys("list")
    assert (code, errors) == (0, "")
    assert secret not in listed
    assert without_times(listed).splitlines() == [
        "studio  made then, revoked then",
        "students  made then, low priority, at most 3 unfinished",
    ]


def test_a_key_is_taken_back_once() -> None:
    keys("add", "studio")
    assert keys("revoke", "studio") == (0, "studio can no longer call.\n", "")
    assert keys("revoke", "studio") == (2, "", "There is no key named studio to revoke.\n")


def test_where_none_was_made_nothing_is_listed() -> None:
    assert keys("list") == (0, "", "")


@pytest.mark.parametrize("arguments", [("add", "studio"), ("add", "fixed")])
def test_a_name_that_is_or_was_in_use_is_refused(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, str]) -> None:
    monkeypatch.setenv("FLIPBOOK_WORKER_KEY", "fixed:secret")
    keys("add", "studio")
    keys("revoke", "studio")
    name = arguments[1]
    assert keys(*arguments) == (2, "", f"There is, or was, a key named {name}; take another name.\n")


@pytest.mark.parametrize("name", ["a:b", "", "x" * 65, "_x", "a b", "ä"])
def test_what_can_be_no_name_is_refused_in_one_sentence(name: str) -> None:
    code, printed, errors = keys("add", name)
    assert (code, printed) == (2, "")
    assert errors == (
        f"{name!r} cannot name a key: a key's id has 1 to 64 letters, digits, - and _,"
        " and begins with a letter or digit.\n"
    )


def test_a_key_for_no_request_at_all_is_refused() -> None:
    assert keys("add", "studio", "--max-open", "0")[0] == 2
    assert keys("list") == (0, "", "")


@pytest.mark.parametrize("arguments", [("worker", "keys", "add", "a", "--data-dir"), ("worker", "--data-dir")])
def test_the_folder_may_be_named_on_either_side(arguments: tuple[str, ...], tmp_path: Path, folder: Path) -> None:
    rest = [] if "add" in arguments else ["keys", "add", "a"]
    result = runner.invoke(app, [*arguments, str(tmp_path / "elsewhere"), *rest])
    assert result.exit_code == 0, result.stderr
    assert ((tmp_path / "elsewhere/worker.db").exists(), folder.exists()) == (True, False)


def test_a_folder_that_cannot_be_used_is_one_sentence(folder: Path) -> None:
    folder.write_text("in the way")
    code, printed, errors = keys("list")
    assert (code, printed) == (1, "")
    assert errors.startswith("The worker's data folder cannot be used: ")
    assert errors.count("\n") == 1


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIPBOOK_WORKER_PORT", "x")
    code, printed, errors = keys("list")
    assert (code, printed) == (2, "")
    assert errors.startswith("FLIPBOOK_WORKER_PORT: ")


def test_a_certificate_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    missing = str(tmp_path / "cert.pem")
    command = [sys.executable, "-m", "bot", "worker", "--engine", "preview", "--port", "0", "--ssl-certfile", missing]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.strip().splitlines()[-1].startswith(f"The worker cannot start: {missing} is no certificate")


def test_a_port_that_is_taken_is_said_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = runner.invoke(app, ["worker", "--engine", "preview", "--port", port])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("The worker cannot start: ")
    assert result.stderr.count("\n") == 1


def test_a_private_key_without_its_certificate_does_not_mean_plain_http(tmp_path: Path) -> None:
    result = runner.invoke(app, ["worker", "--port", "0", "--ssl-keyfile", str(tmp_path / "key.pem")])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "FLIPBOOK_WORKER_SSL_KEYFILE needs FLIPBOOK_WORKER_SSL_CERTFILE beside it\n"
