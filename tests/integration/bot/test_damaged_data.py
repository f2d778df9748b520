"""A data folder that cannot be used: every command says which file, and what to do about it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.settings import Settings, variable_of
from databases import DAMAGES, SqliteFiles
from worker.settings import WorkerSettings

runner = CliRunner()

COMMANDS = [["migrate"], ["run"], ["animate", "a boat"], ["admin", "limits", "show", "slack:1"], ["doctor"]]
WORKER_COMMANDS = [["worker", "keys", "list"], ["worker", "keys", "add", "studio"], ["worker", "keys", "revoke", "a"]]


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The data folder of bot and worker; it is not there yet."""
    for field in Settings.model_fields:
        monkeypatch.delenv(variable_of(field), raising=False)
    for field in WorkerSettings.model_fields:
        monkeypatch.delenv(f"FLIPBOOK_WORKER_{field.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    monkeypatch.setenv("FLIPBOOK_DATA_DIR", str(data))
    monkeypatch.setenv("FLIPBOOK_WORKER_DATA_DIR", str(data / "worker"))
    return data


def told(command: list[str]) -> str:
    """All that a command which fails prints. What ends for good is not started again; doctor only reports."""
    result = runner.invoke(app, command)
    assert result.exit_code == (1 if command == ["doctor"] else 78), result.output
    assert "Traceback" not in result.output
    return result.output


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_damaged_database_is_named_by_every_command(folder: Path, tmp_path: Path, command, damage) -> None:
    folder.mkdir()
    SqliteFiles(tmp_path).fresh(folder)
    damage(folder / "flipbook.db")
    said = told(command)
    assert f"{folder / 'flipbook.db'} is " in said
    assert "put a backup in its place" in said
    assert "try again" not in said.lower()


@pytest.mark.parametrize("command", [*WORKER_COMMANDS, ["doctor"], ["worker", "--port", "0", "--engine", "preview"]])
def test_the_workers_damaged_database_is_named_too(folder: Path, command: list[str], capfd) -> None:
    (folder / "worker").mkdir(parents=True)
    (folder / "worker" / "worker.db").write_text("not the pages of a database" * 100)
    said = told(command) + capfd.readouterr().err  # a worker that starts is a process of its own
    assert f"{folder / 'worker' / 'worker.db'} is no database" in said
    assert "put a backup in its place" in said


@pytest.mark.parametrize("name", ["", "staging", "clips", "worker", "flipbook.db"])
def test_a_file_and_a_folder_in_each_others_places_are_named(folder: Path, name: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    if name == "flipbook.db":
        path.mkdir()
    else:
        path.write_text("hello")
    said = told(["doctor"])
    assert str(path) in said
    assert "BAD" in said
    assert "Errno" not in said


def test_a_file_of_another_program_is_not_taken_over(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    SqliteFiles(tmp_path).fresh(folder)
    (folder / "flipbook.db").rename(tmp_path / "other.db")
    (folder / "worker").mkdir()
    (tmp_path / "other.db").rename(folder / "worker" / "worker.db")
    assert "belongs to something else" in told(["doctor"])
