"""A database that several processes may share: no start with secrets or clips that only one of them has."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.settings import Settings, variable_of
from databases import CIPHER_KEY

runner = CliRunner()

SERVER = "://flipbook:hush@127.0.0.1:1/flipbook"
SCHEMES = ["postgres", "postgresql", "postgresql+psycopg"]
COMMANDS = [["run"], ["animate", "a boat"], ["migrate"], ["admin", "limits", "show", "slack:1"], ["doctor"]]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable_of(field), raising=False)
    monkeypatch.chdir(tmp_path)


def told(command: list[str], **settings: str) -> str:
    """All that a command prints which does not start."""
    result = runner.invoke(app, command, env=settings)
    assert result.exit_code != 0
    assert "hush" not in result.output
    assert "Traceback" not in result.output
    return result.output


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_a_common_key_nothing_starts_on_a_server(command: list[str], scheme: str) -> None:
    said = told(command, FLIPBOOK_DATABASE_URL=scheme + SERVER, FLIPBOOK_ARTIFACTS_URL="s3://clips")
    assert "FLIPBOOK_SECRET_KEY: has to be set with PostgreSQL" in said
    assert "openssl rand" in said


def test_the_key_in_use_so_far_is_pointed_at_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret.key").write_text(CIPHER_KEY)
    said = told(["migrate"], FLIPBOOK_DATABASE_URL=SCHEMES[0] + SERVER)
    assert str(tmp_path / "data" / "secret.key") in said
    assert CIPHER_KEY not in said


@pytest.mark.parametrize("where", ["", "clips", "./clips", "data/clips", "../clips"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_a_place_for_clips_that_all_see_nothing_starts_on_a_server(command: list[str], where: str) -> None:
    server = SCHEMES[0] + SERVER
    said = told(command, FLIPBOOK_DATABASE_URL=server, FLIPBOOK_SECRET_KEY=CIPHER_KEY, FLIPBOOK_ARTIFACTS_URL=where)
    assert "FLIPBOOK_ARTIFACTS_URL: has to be set with PostgreSQL" in said


@pytest.mark.parametrize("where", ["/mnt/clips", "s3://bucket/clips", "file:///mnt/clips"])
def test_with_both_the_server_is_asked(where: str) -> None:
    server = SCHEMES[0] + SERVER
    said = told(["migrate"], FLIPBOOK_DATABASE_URL=server, FLIPBOOK_SECRET_KEY=CIPHER_KEY, FLIPBOOK_ARTIFACTS_URL=where)
    assert "has to be set" not in said
    assert "connection" in said


def test_a_file_needs_neither(tmp_path: Path) -> None:
    result = runner.invoke(app, ["migrate"], env={"FLIPBOOK_DATABASE_URL": f"sqlite:///{tmp_path / 'own.db'}"})
    assert (result.exit_code, result.stderr) == (0, "")
