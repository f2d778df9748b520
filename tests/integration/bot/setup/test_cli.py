"""`flipbook setup` as a command: what it prints, its exit codes, and that nothing typed at a terminal is echoed."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.slack import manifest
from bot.cli import app
from bot.commands.setup import text

ROOT = Path(__file__).resolve().parents[4]
runner = CliRunner()


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("SLACK_SIGNING_SECRET", "FLIPBOOK_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)


def test_alone_it_lists_what_can_be_set_up_and_what_is(tmp_path: Path) -> None:
    assert runner.invoke(app, ["setup"]).stdout.splitlines() == [
        "flipbook setup discord  not set up yet",
        "flipbook setup slack    not set up yet",
        "flipbook setup fal      not set up yet",
    ]
    (tmp_path / ".env").write_text("DISCORD_TOKEN=a.b.c\nSLACK_BOT_TOKEN=xoxb-1\n")
    assert runner.invoke(app, ["setup"]).stdout.splitlines() == [
        "flipbook setup discord  DISCORD_TOKEN set; checks them",
        "flipbook setup slack    SLACK_APP_TOKEN missing",
        "flipbook setup fal      not set up yet",
    ]


@pytest.mark.parametrize("chat", ["discord", "slack", "fal"])
def test_without_a_terminal_it_ends_at_once_and_says_what_to_pass(chat: str) -> None:
    result = runner.invoke(app, ["setup", chat])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--token-file FILE" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "given", "words"),
    [
        (["discord", "--token-file", "-"], "ab" * 32, "DISCORD_TOKEN: This is the application's Public Key"),
        (["slack", "--token-file", "-"], "xoxp-1-zzz\nxapp-1-A1-2-z", "SLACK_BOT_TOKEN: This is a person's token"),
        (["discord", "--token-file", "-"], "", "DISCORD_TOKEN is not set"),
        (["discord", "--token-file", "gone"], "", "gone cannot be read: No such file or directory."),
        (["fal", "--token-file", "-"], "abc", "FAL_KEY: This is no key of fal's. fal's key has two parts"),
        (["fal", "--token-file", "-"], "https://fal.ai/dashboard/keys", "FAL_KEY: This is an address."),
        (["slack", "--http"], "", "set FLIPBOOK_PUBLIC_URL=https://…"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_and_exit_code_2(arguments: list[str], given: str, words: str) -> None:
    result = runner.invoke(app, ["setup", *arguments], input=given)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "zzz" not in result.output


def test_the_manifest_is_printed_for_pasting() -> None:
    import json

    assert json.loads(runner.invoke(app, ["setup", "slack", "--manifest"]).stdout) == manifest()
    env = {"FLIPBOOK_PUBLIC_URL": "https://flipbook.example"}
    over_http = runner.invoke(app, ["setup", "slack", "--http", "--manifest"], env=env)
    assert json.loads(over_http.stdout) == manifest(public_url="https://flipbook.example")


def test_the_manifest_goes_into_a_new_file(tmp_path: Path) -> None:
    import json

    done = runner.invoke(app, ["setup", "slack", "--manifest-file", "app.json"])
    assert (done.exit_code, json.loads((tmp_path / "app.json").read_text())) == (0, manifest())
    assert done.stdout.startswith(f"Wrote the manifest to {tmp_path / 'app.json'}. At https://api.slack.com/apps: ")
    (tmp_path / "app.json").write_text("mine")
    again = runner.invoke(app, ["setup", "slack", "--manifest-file", "app.json"])
    assert (again.exit_code, again.stderr) == (3, "app.json exists, and is left as it is. Nothing was written.\n")
    assert (tmp_path / "app.json").read_text() == "mine"
    nowhere = runner.invoke(app, ["setup", "slack", "--manifest-file", "gone/app.json"])
    assert (nowhere.exit_code, nowhere.stderr) == (1, "gone/app.json cannot be written: No such file or directory.\n")


@pytest.mark.parametrize(
    ("line", "command", "words"),
    [
        ("DISCORD_TOKEN='\"a.b\"'", "discord", "DISCORD_TOKEN: This is not a bot's token"),
        ("DISCORD_TOKEN='Bot 12345'", "discord", "DISCORD_TOKEN: This is an id"),
        ("SLACK_BOT_TOKEN='xoxb-1 copied'", "slack", "SLACK_APP_TOKEN"),
        ("FAL_KEY=abc", "fal", "FAL_KEY: This is no key of fal's."),
        ("FLIPBOOK_BACKENDS=fal", "fal", "FAL_KEY is not set"),
        ("FAL_KEY=abc", "discord", "DISCORD_TOKEN is not set"),
    ],
)
def test_a_token_that_cannot_be_read_does_not_keep_its_own_setup_from_starting(
    tmp_path: Path, line: str, command: str, words: str
) -> None:
    (tmp_path / ".env").write_text(f"{line}\n")
    done = runner.invoke(app, ["setup", command])
    assert done.exit_code == 2
    assert words in done.stderr


def test_an_app_token_keeps_socket_mode_and_that_is_said(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SLACK_APP_TOKEN=xapp-1\nFLIPBOOK_PUBLIC_URL=https://flipbook.example\n")
    result = runner.invoke(app, ["setup", "slack", "--http"])
    assert (result.exit_code, result.stderr) == (2, f"{text.SOCKET_WINS}\n")


def test_a_folder_instead_of_the_file_is_said_and_left(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    result = runner.invoke(app, ["setup", "discord", "--token-file", "-"], input="MTI5MDAw.abcdef.ghijkl")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == ".env cannot be used: Is a directory. Nothing was written.\n"


def test_a_setting_that_cannot_be_used_is_named_first() -> None:
    result = runner.invoke(app, ["setup", "discord"], env={"FLIPBOOK_WEB_PORT": "x"})
    assert result.exit_code == 2
    assert result.stderr.startswith("FLIPBOOK_WEB_PORT: ")


def test_at_a_real_terminal_nothing_that_is_typed_is_shown_and_leaving_changes_nothing(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bot", "setup", "discord"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path, env=environment
    ) as process:
        os.close(theirs)
        shown = until(ours, f"{text.DISCORD_QUESTION}: ")
        os.write(ours, b"0123456789abcdef" * 4 + b"\n")
        shown += until(ours, f"{text.DISCORD_QUESTION}: ")
        os.write(ours, b"\x04")  # the end of input, as by Ctrl-D
        shown += until(ours, "Nothing was written.")
        assert process.wait(30) == 130
    os.close(ours)
    assert "This is the application's Public Key" in shown
    assert "0123456789abcdef" not in shown
    assert list(tmp_path.iterdir()) == []


def until(terminal: int, words: str) -> str:
    """What the terminal shows up to these words."""
    shown = ""
    while words not in shown:
        shown += os.read(terminal, 4096).decode()
    return shown
