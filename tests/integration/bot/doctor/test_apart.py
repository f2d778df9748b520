"""The doctor beside a running bot: in a process of its own, bounded in time, with its own environment."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.commands.doctor.apart import examine_apart, findings_of
from bot.settings import load_settings
from generation.diagnostics import Grade

NAMES = "import json, os; print(json.dumps([{'grade': 'ok', 'what': name, 'detail': ''} for name in os.environ]))"


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_findings_are_printed_as_json_with_what_to_do(tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["doctor", "--json", "--data-dir", str(tmp_path / "data")])
    findings = {each["what"]: each for each in json.loads(said.stdout)}
    assert findings["Python"] | {"detail": ""} == {
        "grade": "ok",
        "what": "Python",
        "detail": "",
        "means": "",
        "do": "",
    }
    assert findings["backup"]["grade"] == "note"
    assert "flipbook backup" in findings["backup"]["do"]


async def test_a_bot_has_it_look_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIPBOOK_WORKER_URL", "http://127.0.0.1:9")
    settings = load_settings(data_dir=tmp_path / "data")
    found = {each.what: each for each in await examine_apart(settings)}
    assert found["Python"].grade is Grade.GOOD
    assert (found["backend worker"].grade, found["backend worker"].do != "") == (Grade.BAD, True)
    assert str(tmp_path / "data") in found["data folder"].detail


async def test_it_gets_our_settings_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = {"DISCORD_TOKEN", "SLACK_BOT_TOKEN_FILE", "FLIPBOOK_DAILY_BUDGET", "AWS_REGION", "https_proxy"}
    for name in (*ours, "GITHUB_TOKEN", "SSH_AUTH_SOCK", "DATABASE_URL"):
        monkeypatch.setenv(name, "1")
    names = {each.what for each in await findings_of([sys.executable, "-c", NAMES])}
    assert ours <= names
    assert not names & {"GITHUB_TOKEN", "SSH_AUTH_SOCK", "DATABASE_URL"}


async def test_one_that_hangs_is_ended_and_said_to_hang() -> None:
    (said,) = await findings_of([sys.executable, "-c", "input() or open('/dev/zero').read()"], patience=0)
    assert (said.grade, said.what) == (Grade.BAD, "doctor")
    assert "did not come to an end" in said.detail


@pytest.mark.parametrize("printed", ["", "[", "{}", '[{"grade": "odd"}]'])
async def test_one_that_ends_without_a_word_is_said_to(printed: str) -> None:
    (said,) = await findings_of([sys.executable, "-c", f"print({printed!r})"])
    assert (said.grade, "without a finding" in said.detail) == (Grade.BAD, True)
