"""The command line: what it prints, where, and with which exit code."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import __version__
from bot.cli import app

ROOT = Path(__file__).resolve().parents[3]
runner = CliRunner()


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLIPBOOK_DATA_DIR", str(tmp_path / "data"))
    for name in ("FAL_KEY", "DISCORD_TOKEN", "SLACK_BOT_TOKEN", "FLIPBOOK_WORKER_URL"):
        monkeypatch.delenv(name, raising=False)


def test_a_request_outside_its_bounds_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    result = runner.invoke(app, ["animate", "a boat", "--num-frames", "99"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "--num-frames must be a whole number from 1 to 32, not 99.\n"
    assert not (tmp_path / "data").exists()


def test_the_ranges_in_the_help_are_the_requests_own() -> None:
    text = re.sub(r"\s+", " ", runner.invoke(app, ["animate", "--help"], env={"COLUMNS": "300"}).stdout)
    for words in ("from 1 to 32", "from 1 to 50", "from 0 to 20", "from 1 to 30", "from 0 to 4294967295"):
        assert words in text


def test_config_prints_every_setting(tmp_path: Path) -> None:
    result = runner.invoke(app, ["config"])
    assert result.exit_code == 0
    assert f"FLIPBOOK_DATA_DIR={tmp_path / 'data'}" in result.stdout.splitlines()


def test_a_wrong_setting_is_named_with_exit_code_2() -> None:
    result = runner.invoke(app, ["config"], env={"FLIPBOOK_WEB_PORT": "x"})
    assert result.exit_code == 2
    assert result.stderr.startswith("FLIPBOOK_WEB_PORT: ")


def test_migrate_makes_the_database_and_may_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        result = runner.invoke(app, ["migrate"])
        assert result.exit_code == 0
        assert result.stdout.endswith("is up to date.\n")
    assert (tmp_path / "data/flipbook.db").exists()


def test_config_prints_the_backends_in_force() -> None:
    assert "FLIPBOOK_BACKENDS=worker" in runner.invoke(app, ["config"]).stdout.splitlines()
    environment = {"FLIPBOOK_WORKER_URL": "http://127.0.0.1:1", "FAL_KEY": "a:b"}
    assert "FLIPBOOK_BACKENDS=worker,fal" in runner.invoke(app, ["config"], env=environment).stdout.splitlines()


def test_the_version_is_told() -> None:
    assert runner.invoke(app, ["--version"]).stdout == f"flipbook {__version__}\n"


def test_limits_are_set_and_shown_with_who_changed_them() -> None:
    change = ["admin", "limits", "set", "discord:1", "user_clips_per_day=5", "server_budget_per_day=$2.50"]
    assert runner.invoke(app, change).exit_code == 0
    assert runner.invoke(app, ["admin", "limits", "set", "discord:1", "endpoints=turbo"]).exit_code == 0
    lines = runner.invoke(app, ["admin", "limits", "show", "discord:1"]).stdout.splitlines()
    assert {"user_clips_per_day=5", "server_budget_per_day=$2.50", "quality=turbo"} <= set(lines)
    assert sum(line.startswith("# The operator (") for line in lines) == 2
    other = runner.invoke(app, ["admin", "limits", "show", "discord:2"]).stdout.splitlines()
    assert "user_clips_per_day=20" in other


@pytest.mark.parametrize("left", ["", ".50", ".05", "."])
def test_what_a_shell_leaves_of_an_amount_sets_no_budget(left: str) -> None:
    """`server_budget_per_day=$2.50` without quotation marks."""
    result = runner.invoke(app, ["admin", "limits", "set", "discord:1", f"server_budget_per_day={left}"])
    assert result.exit_code == 2
    assert "a shell takes an unquoted $2 away" in result.stderr
    assert "server_budget_per_day=$5.00" in runner.invoke(app, ["admin", "limits", "show", "discord:1"]).stdout


def test_the_bot_is_kept_to_channels_and_let_out_only_when_that_is_said() -> None:
    def run(*arguments: str) -> tuple[int, str]:
        result = runner.invoke(app, ["admin", "channels", *arguments])
        return result.exit_code, result.stdout + result.stderr

    assert run("show", "slack:T1")[1].splitlines()[0] == "Channels: every channel"
    assert run("add", "slack:T1", "C1", "C2")[1].splitlines()[0] == "Channels: channel C1, channel C2"
    code, said = run("remove", "slack:T1", "C1", "C2")
    assert code == 3
    assert said == (
        "That is the last channel that the bot is kept to; without it, it would answer in every channel. "
        "If you want that, use flipbook admin channels everywhere.\n"
    )
    assert run("remove", "slack:T1", "C1")[1].splitlines()[0] == "Channels: channel C2"
    shown = run("everywhere", "slack:T1")[1].splitlines()
    assert shown[0] == "Channels: every channel"
    assert re.fullmatch(
        r"# The operator \(.+\) changed the channels from channel C2 to every channel · at \d{4}-\d\d-\d\d .*", shown[5]
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["discord:1", "max_frames=199"], "max_frames"),
        (["discord:1", "max_frames=few"], "max_frames must be a whole number"),
        (["discord:1", "nonsense=1"], "Write name=value, not"),
        (["discord:1", "server_budget_per_day=lots"], "server_budget_per_day must be an amount from 0"),
        (["discord:1", "server_budget_per_day=.50"], "a shell takes an unquoted $2 away"),
        (["discord:1", "endpoints=fast"], "quality must be standard, turbo, or both"),
        (["nowhere", "max_frames=8"], "Name the server as platform:id"),
        (["moon:1", "max_frames=8"], "moon"),
    ],
)
def test_a_limit_that_cannot_be_set_is_named_and_nothing_changes(arguments: list[str], words: str) -> None:
    result = runner.invoke(app, ["admin", "limits", "set", *arguments])
    assert result.exit_code == 2
    assert words in result.stderr
    assert "user_clips_per_day=20" in runner.invoke(app, ["admin", "limits", "show", "discord:1"]).stdout


def test_doctor_checks_everything_and_finds_nothing_wrong_here() -> None:
    result = runner.invoke(app, ["doctor", "--engine", "preview"])
    assert result.exit_code == 0, result.stdout
    for what in ("Python", "data folder", "database", "engine", "backend worker", "chats"):
        assert what in result.stdout


def test_doctor_says_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    result = runner.invoke(app, ["doctor", "--engine", "preview"])
    assert result.exit_code == 1
    assert "BAD  data folder" in result.stdout
    assert "FLIPBOOK_DATA_DIR" in result.stdout
    assert "it means:" not in result.stdout
    explained = runner.invoke(app, ["doctor", "--engine", "preview", "--explain"]).stdout
    assert "     it means: it cannot be written, or its disk is nearly full" in explained


def test_the_readme_shows_only_commands_that_exist() -> None:
    commands = set(re.findall(r"`flipbook ([a-z]+)", (ROOT / "README.md").read_text()))
    for name in commands:
        assert runner.invoke(app, [name, "--help"]).exit_code == 0, name


def test_one_clip_from_the_terminal_as_json(tmp_path: Path) -> None:
    small = ["--size", "64x64", "--frames", "4", "--steps", "2", "--seed", "7", "--engine", "preview"]
    result = runner.invoke(app, ["animate", "a boat", *small, "--json", "-o", str(tmp_path / "a.mp4")])
    assert result.exit_code == 0, result.stderr
    facts = json.loads(result.stdout)
    assert (facts["status"], facts["path"], facts["size_bytes"]) == (
        "succeeded",
        str(tmp_path / "a.mp4"),
        (tmp_path / "a.mp4").stat().st_size,
    )
    assert facts["request"]["seed"] == 7
    assert (facts["backend"], facts["engine"], facts["made_by"]) == ("worker", "preview", "preview engine")
