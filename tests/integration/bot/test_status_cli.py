"""`flipbook status`: what is under way and what is wrong, of a bot that runs and of one that does not."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.commands.admin.acting import quiet_settings
from bot.commands.status.command import watched

runner = CliRunner()
HEALTH = b'{"status": "ok", "version": "1", "parts": {"backend worker": "working", "discord": "serving"}}'


class Pages(BaseHTTPRequestHandler):
    """A bot's pages, as far as the command reads them."""

    ready = b'{"ready": true}'

    def do_GET(self) -> None:
        body = self.ready if self.path == "/readyz" else HEALTH
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@pytest.fixture
def bot(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Pages]]:
    class Own(Pages):
        """This test's own."""

    with HTTPServer(("127.0.0.1", 0), Own) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("FLIPBOOK_WEB_PORT", str(server.server_port))
        yield Own
        server.shutdown()


def status(folder: Path) -> Result:
    return runner.invoke(app, ["status", "--data-dir", str(folder)])


def test_a_bot_that_is_well_is_ready_and_each_part_has_a_line(bot: type[Pages], tmp_path: Path) -> None:
    said = status(tmp_path / "data")
    assert said.exit_code == 0, said.output
    lines = said.output.splitlines()
    assert lines[0] == "Ready: clips can be made."
    assert "backend worker: working" in lines
    assert "discord: serving" in lines
    assert "under way: nothing" in lines
    assert "Nothing is paused." in lines
    assert any("none was made of this data folder" in line for line in lines)


def test_what_keeps_it_from_making_clips_comes_first(bot: type[Pages], tmp_path: Path) -> None:
    bot.ready = b'{"ready": false, "reason": "the disk has no room for another clip"}'
    said = status(tmp_path / "data")
    assert said.exit_code == 1
    assert said.output.startswith("Not ready: the disk has no room for another clip.\n")


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b"{}"])
def test_another_program_on_its_port_is_no_bot(bot: type[Pages], tmp_path: Path, answer: bytes) -> None:
    bot.ready = answer
    said = status(tmp_path / "data")
    assert said.exit_code == 1
    assert "no bot answers on port" in said.output


def test_without_a_bot_it_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLIPBOOK_WEB_PORT", "1")
    said = status(tmp_path / "data")
    assert said.exit_code == 1
    assert said.output.startswith("Not ready: no bot answers on port 1; `flipbook run` starts it.\n")
    assert "under way: nothing" in said.output


def test_watching_looks_again_until_it_is_stopped(bot: type[Pages], tmp_path: Path) -> None:
    looks: list[float] = []

    def pause(seconds: float) -> None:
        looks.append(seconds)
        bot.ready = b'{"ready": false, "reason": "the worker is gone"}'
        if len(looks) == 2:
            raise KeyboardInterrupt

    assert watched(quiet_settings(tmp_path / "data"), pause) is False
    assert looks == [2.0, 2.0]
