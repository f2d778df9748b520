"""Settings that cannot be used: one sentence that names the variable, never its secret, never a traceback."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.folders import prepare_folders, staging
from bot.key_files import own_secret_key, own_worker_key
from bot.settings import Settings, load_settings, variable_of

runner = CliRunner()


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable_of(field), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FLIPBOOK_DEFAULT_LIMITS", "{bad"),
        ("FLIPBOOK_WORKER_URL", "http://["),
        ("FLIPBOOK_WORKER_URL", "https://user:hush@host/"),
        ("FLIPBOOK_FAL_QUEUE_URL", "http://host/?hush"),
        ("FAL_KEY", "hush ключ"),
        ("FAL_KEY", "hush\nX-Other: header"),
        ("FLIPBOOK_WORKER_KEY", "id:hush\x07"),
        ("FLIPBOOK_SECRET_KEY", "hush"),
        ("FLIPBOOK_ARTIFACTS_URL", "nonsense://bucket"),
        ("FLIPBOOK_ARTIFACTS_URL", "s3://"),
    ],
)
def test_what_cannot_be_used_is_named_without_its_secret(name: str, value: str) -> None:
    result = runner.invoke(app, ["migrate"], env={name: value})
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{name}: ")
    assert result.stderr.count("\n") == 1
    assert "hush" not in result.stderr


@pytest.mark.parametrize(
    "command", [["migrate"], ["run"], ["animate", "a boat"], ["admin", "limits", "show", "slack:1"]]
)
def test_a_data_folder_that_cannot_be_made_is_one_sentence(command: list[str]) -> None:
    result = runner.invoke(app, command, env={"FLIPBOOK_DATA_DIR": "/proc/nowhere"})
    assert result.exit_code == 78
    assert result.stderr.startswith("The data folder /proc/nowhere cannot be written (")
    assert (result.stderr.count("\n"), "Errno" in result.stderr) == (1, False)


def test_an_address_of_no_known_database_is_refused() -> None:
    result = runner.invoke(app, ["migrate"], env={"FLIPBOOK_DATABASE_URL": "mysql://u:hush@host/db"})
    assert result.exit_code == 1
    assert "use sqlite or postgresql" in result.stderr
    assert "hush" not in result.stderr


def test_a_settings_file_that_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    result = runner.invoke(app, ["config"])
    assert (result.exit_code, result.stderr) == (2, ".env: is not text in UTF-8\n")


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FLIPBOOK_DATA_DIR", "FLIPBOOK_WEB_PORT", "FLIPBOOK_DAILY_BUDGET", "FLIPBOOK_ENGINE"):
        monkeypatch.setenv(name, "")
    assert load_settings() == Settings()


def test_passwords_in_addresses_are_masked_where_settings_are_shown() -> None:
    result = runner.invoke(app, ["config"], env={"FLIPBOOK_DATABASE_URL": "postgresql://bot:hush@host:5432/db"})
    assert "FLIPBOOK_DATABASE_URL=postgresql://bot:********@host:5432/db" in result.stdout.splitlines()
    assert "hush" not in result.stdout


def test_doctor_survives_worker_settings_that_cannot_be_used() -> None:
    result = runner.invoke(app, ["doctor", "--engine", "preview"], env={"FLIPBOOK_WORKER_KEY": "nocolon"})
    assert result.exit_code == 1
    assert "BAD  engine: FLIPBOOK_WORKER_KEY: " in result.stdout


@pytest.mark.parametrize("value", ["inf", "nan", "1e999999", "-1", "1e12", "$"])
def test_a_budget_that_is_no_amount_changes_nothing(value: str) -> None:
    result = runner.invoke(app, ["admin", "limits", "set", "discord:1", f"server_budget_per_day={value}"])
    assert result.exit_code == 2
    assert result.stderr.startswith("server_budget_per_day must be ")
    assert "server_budget_per_day=$5.00" in runner.invoke(app, ["admin", "limits", "show", "discord:1"]).stdout


def test_a_limit_out_of_bounds_is_a_sentence() -> None:
    result = runner.invoke(app, ["admin", "limits", "set", "discord:1", "max_frames=199"])
    assert result.stderr == "max_frames must be a whole number from 1 to 128, not '199'.\n"


def test_a_folder_as_output_is_refused_before_anything_is_spent(tmp_path: Path) -> None:
    result = runner.invoke(app, ["animate", "a boat", "-o", str(tmp_path)])
    assert result.exit_code == 2
    assert "it is a folder" in result.stderr
    assert not (tmp_path / "data").exists()


def test_a_key_whose_writing_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "secret.key").touch()
    key = own_secret_key(tmp_path)
    assert len(key) == 44
    assert own_secret_key(tmp_path) == key
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_threads_that_need_a_key_at_once_all_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(lambda _: own_worker_key(tmp_path), range(32)))
    assert len(set(keys)) == 1


def test_what_a_killed_process_left_in_staging_is_removed_but_not_what_is_being_written(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "data")
    prepare_folders(settings)
    old, young = staging(settings) / "old.mp4.part", staging(settings) / "young.mp4"
    for path in (old, young):
        path.touch()
    os.utime(old, (0, 0))
    prepare_folders(settings)
    assert list(staging(settings).iterdir()) == [young]
