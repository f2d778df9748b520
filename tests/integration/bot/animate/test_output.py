"""Where a clip from the terminal goes is decided before it is rendered, and no file is ever overwritten unasked."""

import os
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from adapters.terminal.messenger import OutputUnusable, TerminalMessenger, check_output
from adapters.terminal.screen import Screen
from bot.cli import app
from fixtures.blanks import BLANKS
from generation.mp4 import probe
from generation.mp4.boxes import is_mp4
from generation.protocol.progress import Phase, Progress

runner = CliRunner()
SMALL = ["--size", "64x64", "--frames", "4", "--steps", "2", "--seed", "7", "--engine", "preview"]


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLIPBOOK_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def animate(*arguments: str) -> Result:
    return runner.invoke(app, ["animate", "a boat", *SMALL, *arguments])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "here.mp4"], "exists: choose another name, or add --overwrite."),
        (["--output=~/here.mp4"], "exists: choose another name, or add --overwrite."),
        (["-o", "a.gif"], "name it a.mp4."),
        (["-o", "a.webm"], "name it a.mp4."),
        (["-o", "a.b.MOV"], "name it a.b.mp4."),
        (["-o", "folder", "--overwrite"], "folder cannot be written (it is a folder)"),
        (["-o", "/dev/null", "--overwrite"], "/dev/null cannot be written (no file)"),
        (["-o", "here.mp4/a.mp4"], "here.mp4 is no folder"),
        (["-o", f"{'x' * 251}.mp4"], "File name too long"),
        (["-o", "/proc/a.mp4"], "/proc/a.mp4 cannot be written"),
        (["-o", "-", "--json"], "not both"),
        (["--output=$NOWHERE/a.mp4"], "holds $NOWHERE, which is not set"),
    ],
)
def test_what_cannot_be_written_is_found_before_anything_is_asked_for(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "home").mkdir()
    for name in ("here.mp4", "home/here.mp4"):
        (tmp_path / name).write_text("mine")
    result = animate(*arguments)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1), result.stderr
    assert words in result.stderr
    assert (tmp_path / "here.mp4").read_text() == (tmp_path / "home/here.mp4").read_text() == "mine"
    assert not list((tmp_path / "data").glob("clips/*"))


def test_a_file_is_replaced_when_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("old")
    assert animate("-o", "a.mp4", "--overwrite").exit_code == 0
    assert is_mp4((tmp_path / "a.mp4").read_bytes())


def test_without_a_name_a_free_one_is_taken(tmp_path: Path) -> None:
    (tmp_path / "flipbook-7.mp4").write_text("mine")
    (tmp_path / "flipbook-7-2.mp4").write_text("mine too")
    result = animate()
    assert result.stdout == f"{tmp_path / 'flipbook-7-3.mp4'}\n"
    assert (tmp_path / "flipbook-7.mp4").read_text() == "mine"


def test_the_clip_goes_to_standard_output_alone() -> None:
    result = animate("-o", "-")
    assert result.exit_code == 0
    assert is_mp4(result.stdout_bytes)
    assert "Made by: preview engine." in result.stderr


@pytest.mark.parametrize("has_links", [True, False])
def test_a_file_that_appears_while_the_clip_is_made_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    (tmp_path / "clip").write_bytes(b"clip")
    if not has_links:

        def refuse(*_: object) -> None:
            raise OSError("no links here")

        monkeypatch.setattr(os, "link", refuse)
    first, second = (TerminalMessenger(tmp_path / "a.mp4", print, replaces=replaces) for replaces in (False, True))
    first._write(tmp_path / "clip")
    (tmp_path / "a.mp4").write_bytes(b"another")
    with pytest.raises(FileExistsError):
        first._write(tmp_path / "clip")
    assert (tmp_path / "a.mp4").read_bytes() == b"another"
    second._write(tmp_path / "clip")
    assert (tmp_path / "a.mp4").read_bytes() == b"clip"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "clip"]


def test_the_check_leaves_nothing_behind(tmp_path: Path) -> None:
    check_output(tmp_path / "new" / "a.mp4")
    assert list((tmp_path / "new").iterdir()) == []
    with pytest.raises(OutputUnusable, match="Nothing was asked for"):
        check_output(tmp_path / "new")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["a", "red", "fox"], "3 words"),
        (["a", "red", "fox", "--seed", "7"], "3 words"),
        (["--turbo", "a", "fox"], "2 words"),
        (["fox", "--", "-in", "snow"], "3 words"),
        (["fox", "8"], "2 words"),
    ],
)
def test_a_prompt_without_quotation_marks_buys_nothing(words: list[str], hint: str) -> None:
    result = runner.invoke(app, ["animate", *words])
    assert result.exit_code == 2
    assert result.stderr.startswith("Put the prompt in quotation marks")
    assert hint in result.stderr


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["--frames", "99"], "--frames"),
        (["--num-frames=99"], "--num-frames"),
        (["--steps", "51"], "--steps"),
        (["--num-inference-steps", "51"], "--num-inference-steps"),
        (["--guidance=nan"], "--guidance"),
        (["--guidance-scale", "21"], "--guidance-scale"),
        (["--size", "65x64"], "--size (width)"),
        (["--video-size", "huge"], "--video-size"),
        (["--motion", "spin"], "--motion"),
        (["--no", "x" * 2001], "--no"),
    ],
)
def test_an_option_is_named_as_it_was_typed(arguments: list[str], name: str) -> None:
    result = runner.invoke(app, ["animate", "a boat", *arguments])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"{name} must be ")


def test_help_has_the_defaults_and_the_presets() -> None:
    text = " ".join(runner.invoke(app, ["animate", "--help"], env={"COLUMNS": "300"}).stdout.split())
    for words in ("[default: 16]", "[default: 25, with --turbo 4]", "[default: 8]", "landscape_16_9 1024×576"):
        assert words in text


@pytest.mark.parametrize("prompt", ["", "   ", *BLANKS], ids=ascii)
def test_a_prompt_that_shows_nothing_buys_nothing(prompt: str, tmp_path: Path) -> None:
    result = runner.invoke(app, ["animate", prompt, *SMALL])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "1 to 2,000 characters" in result.stderr
    assert not (tmp_path / "data" / "clips").exists()


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        (["the worker to start"], ["the worker to start"]),
        (["the worker to start"] * 3, ["the worker to start"]),
        (["the worker to start", "worker, which is busy"], ["the worker to start", "worker, which is busy"]),
        (["worker, which has no room on its disk"] * 2, ["worker, which has no room on its disk"]),
        (["fal, which is busy", "worker, which is away"] * 2, ["fal, which is busy", "worker, which is away"] * 2),
    ],
)
def test_a_piped_terminal_says_every_new_reason_to_wait(
    reasons: list[str], said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    screen = Screen(Console(width=20))
    for reason in reasons:
        screen.show(Progress(Phase.WAITING, waiting_for=reason))
    screen.show(Progress(Phase.RENDERING))
    screen.show(Progress(Phase.RENDERING))
    assert capsys.readouterr().out.splitlines() == [*(f"Waiting for {reason}" for reason in said), "Rendering"]


def test_a_loop_of_some_seconds_is_made_and_an_absurd_one_refused(tmp_path: Path) -> None:
    assert animate("--loop", "ping-pong", "--seconds", "1", "-o", "a.mp4").exit_code == 0
    assert probe(tmp_path / "a.mp4").frames == 8
    for arguments in (("--seconds", "9999"), ("--loop", "spiral")):
        result = animate(*arguments)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"{arguments[0]} must be ")
