"""Secrets in files, as containers and systemd hand them over: read, bounded, and never quoted."""

from pathlib import Path

import pytest

from bot.commands.settings_sources import settings_findings
from bot.commands.worker.settings import load_worker_settings
from bot.settings import Settings, SettingsError, child_environment, load_settings, variable_of
from generation.diagnostics import Grade
from generation.protocol.secret_files import MAX_BYTES, file_variables
from worker.settings import WorkerSettings

TOKEN = "xoxb-1234-5678-abcdefgh"


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable_of(field), raising=False)
    monkeypatch.chdir(tmp_path)


def a_secret(folder: Path, text: str | bytes, name: str = "secret") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_every_secret_of_both_may_be_in_a_file() -> None:
    of_bot = file_variables(Settings, also=frozenset({"database_url"}))
    assert of_bot == {
        "DISCORD_TOKEN_FILE",
        "SLACK_BOT_TOKEN_FILE",
        "SLACK_APP_TOKEN_FILE",
        "SLACK_SIGNING_SECRET_FILE",
        "FAL_KEY_FILE",
        "FLIPBOOK_WORKER_KEY_FILE",
        "FLIPBOOK_SECRET_KEY_FILE",
        "FLIPBOOK_DASHBOARD_SECRET_FILE",
        "FLIPBOOK_DATABASE_URL_FILE",
    }
    assert file_variables(WorkerSettings) == {"FLIPBOOK_WORKER_KEY_FILE"}


def test_a_secret_is_read_from_its_file_without_the_line_break(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN_FILE", str(a_secret(tmp_path, f"{TOKEN}\n")))
    monkeypatch.setenv("FLIPBOOK_DATABASE_URL_FILE", str(a_secret(tmp_path, "postgresql://u:p@db/f\n", "url")))
    settings = load_settings()
    assert settings.slack_bot_token is not None
    assert settings.slack_bot_token.get_secret_value() == TOKEN
    assert settings.database == "postgresql://u:p@db/f"


def test_the_settings_file_may_name_it_and_the_worker_reads_it_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"FLIPBOOK_WORKER_KEY_FILE={a_secret(tmp_path, 'bot:s3cret')}\n")
    key = load_settings().worker_key
    assert key is not None
    assert key.get_secret_value() == "bot:s3cret"
    assert load_worker_settings({}).keys["bot"].get_secret_value() == "s3cret"


def test_a_file_that_is_named_is_no_unknown_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLIPBOOK_SECRET_KEY_FILE", str(a_secret(tmp_path, "k")))
    monkeypatch.setenv("FLIPBOOK_WORKER_KEY_FIEL", "x")
    (bad,) = [found for found in settings_findings() if found.grade is not Grade.GOOD]
    assert "FLIPBOOK_WORKER_KEY_FIEL" in bad.detail


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"x" * (MAX_BYTES + 1), "it is too large for a secret"),
        (b"\xff\xfe", "it is not text in UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_ends_the_start_with_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    path = tmp_path / "nowhere" if content is None else a_secret(tmp_path, content)
    monkeypatch.setenv("DISCORD_TOKEN_FILE", str(path))
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value) == f"DISCORD_TOKEN_FILE: {path}: {reason}"


def test_a_variable_and_its_file_at_once_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FLIPBOOK_WORKER_KEY", "a:b")
    monkeypatch.setenv("FLIPBOOK_WORKER_KEY_FILE", str(a_secret(tmp_path, "a:c")))
    for load in (load_settings, lambda: load_worker_settings({})):
        with pytest.raises(SettingsError, match="FLIPBOOK_WORKER_KEY and FLIPBOOK_WORKER_KEY_FILE are both set"):
            load()


def test_what_a_file_holds_is_judged_like_a_variable_and_not_quoted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FAL_KEY_FILE", str(a_secret(tmp_path, "topsecret")))
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "no key of fal's" in str(refused.value)
    assert "topsecret" not in str(refused.value)


def test_the_embedded_worker_gets_its_key_and_no_second_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIPBOOK_WORKER_KEY_FILE", "/run/secrets/worker")
    environment = child_environment(FLIPBOOK_WORKER_KEY="bot:key")
    assert environment["FLIPBOOK_WORKER_KEY"] == "bot:key"
    assert "FLIPBOOK_WORKER_KEY_FILE" not in environment
