"""`flipbook spend`: the ledger as a table, CSV and JSON, and compared with the jobs."""

import csv
import io
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app

EARLIER = Path(__file__).parents[2] / "fixtures" / "version_0_1_0" / "data"
runner = CliRunner()


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the clips of an earlier version."""
    for name in ("FAL_KEY", "FLIPBOOK_DATABASE_URL", "FLIPBOOK_SECRET_KEY", "FLIPBOOK_CURRENCY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(EARLIER, tmp_path / "data")
    return tmp_path / "data"


def spend(*arguments: str, code: int = 0) -> Result:
    result = runner.invoke(app, ["spend", *arguments])
    assert result.exit_code == code, result.output
    return result


def test_the_table_ends_with_what_everything_comes_to(data: Path) -> None:
    lines = spend("--by", "server,backend").output.splitlines()
    assert lines[0].split() == ["Server", "Backend", "Clips", "Reserved", "Settled", "Given", "back", "Spent"]
    assert len(lines) > 2
    assert lines[-1].startswith("all ")
    # columns stand under each other
    assert {line.rstrip()[-1].isdigit() for line in lines[1:]} == {True}


def test_csv_is_read_as_it_was_meant(data: Path) -> None:
    with sqlite3.connect(data / "flipbook.db") as database:
        database.execute("UPDATE jobs SET backend = '=1+1'")
    table = spend("--by", "backend", "--format", "csv").output
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {row["backend"] for row in rows} == {"'=1+1"}
    parts = (rows[0][name] for name in ("reserved", "settled", "given_back"))
    assert float(rows[0]["spent"]) == pytest.approx(sum(map(float, parts)))
    assert rows[0]["currency"] == "USD"


def test_json_has_exact_amounts_in_the_operators_currency(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIPBOOK_CURRENCY", "EUR")
    rows = json.loads(spend("--format", "json").output)
    assert rows
    assert set(rows[0]) == {"day", "clips", "reserved", "settled", "given_back", "spent", "currency"}
    assert rows[0]["currency"] == "EUR"
    monkeypatch.delenv("FLIPBOOK_CURRENCY")
    assert json.loads(spend("--format", "json", "--from", "2099-01-01").output) == []


def test_nothing_spent_is_said(data: Path) -> None:
    assert spend("--to", "2001-01-01").output == "Nothing was spent.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--by", "week"), "--by takes day, server, member, backend, one or several with commas."),
        (("--from", "yesterday"), "'yesterday' is no day. Write it like 2026-11-30."),
        (("--to", "2026-02-30"), "'2026-02-30' is no day. Write it like 2026-11-30."),
        (("--from", "2026-12-01", "--to", "2026-11-30"), "--from 2026-12-01 is after --to 2026-11-30. Exchange them."),
        (("--server", "9001"), "platform:id"),
    ],
)
def test_a_question_that_is_not_understood_is_answered_with_how_to_ask(data: Path, arguments, said) -> None:
    result = spend(*arguments, code=2)
    assert said in result.output


def test_right_books_agree_and_wrong_ones_are_named(data: Path) -> None:
    assert spend("--check").output == "The ledger agrees with every job, and the totals with the ledger.\n"
    with sqlite3.connect(data / "flipbook.db") as database:
        (job,) = database.execute("SELECT id FROM jobs WHERE status = 'succeeded' LIMIT 1").fetchone()
        database.execute("UPDATE jobs SET cost = cost + 10000 WHERE id = ?", (job,))
        database.execute("UPDATE ledger_totals SET clips = clips + 1 WHERE scope = 'all'")
    output = spend("--check", code=1).output
    assert f"job {job} (succeeded): the ledger has 1 clip, " in output
    assert "all on " in output
    assert "difference" in output.splitlines()[-1]


def quota(*arguments: str, code: int = 0) -> list[str]:
    result = runner.invoke(app, ["quota", *arguments])
    assert result.exit_code == code, result.output
    return result.output.splitlines()


def test_what_is_left_is_told_of_everything_a_server_and_a_member(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIPBOOK_MONTHLY_BUDGET", "40")
    changed = runner.invoke(app, ["admin", "limits", "set", "discord:1", "user_budget_per_day=0.50"])
    assert changed.exit_code == 0, changed.output
    lines = quota("--server", "discord:1", "--member", "2")
    assert lines[:4] == [
        "All clips together",
        "- money today: $10.00 of $10.00 left",
        "- money this month: $40.00 of $40.00 left",
        "Of this server",
    ]
    assert lines[-4:] == [
        "Of member 2",
        "- clips today: 20 of 20 left",
        "- under way: 0 of 2",
        "- money today: $0.50 of $0.50 left",
    ]
    assert "Of this machine" in quota()
    assert "platform:id" in quota("--server", "nowhere", code=2)[0]
