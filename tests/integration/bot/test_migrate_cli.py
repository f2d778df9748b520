"""`flipbook migrate`: what an upgrade would do to the database, and doing it."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app

EARLIER = Path(__file__).parents[2] / "fixtures" / "version_0_1_0" / "data"
runner = CliRunner()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FLIPBOOK_DATABASE_URL", "FLIPBOOK_ARTIFACTS_URL", "FLIPBOOK_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def migrate(folder: Path, *options: str) -> Result:
    return runner.invoke(app, ["migrate", "--data-dir", str(folder), *options])


def test_an_earlier_versions_database_is_told_what_would_be_done_and_then_is_up_to_date(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(EARLIER, folder)
    before = (folder / "flipbook.db").read_bytes()
    told = migrate(folder, "--check")
    assert told.exit_code == 1
    assert "To be done, by `flipbook migrate`:\n0005 " in told.output
    assert (folder / "flipbook.db").read_bytes() == before
    assert migrate(folder).exit_code == 0
    again = migrate(folder, "--check")
    assert (again.exit_code, again.output) == (0, "The database is up to date.\n")


def test_without_a_database_it_says_so_and_makes_none(tmp_path: Path) -> None:
    told = migrate(tmp_path / "data", "--check")
    assert told.exit_code == 1
    assert "is not there yet: it would be made" in told.output
    assert not (tmp_path / "data" / "flipbook.db").exists()
