"""What the operator sets is read, checked, documented, and never shown when it is secret."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from bot.commands.admin.effective_settings import effective_settings
from bot.operator_rules import operator_rules
from bot.settings import (
    BackendName,
    LogLevel,
    Settings,
    SettingsError,
    child_environment,
    load_settings,
    load_shared_settings,
    variable_of,
)
from generation.domain.refs import Platform, ServerRef
from generation.rules.limits import NO_CEILING, Limits
from generation.rules.standing import StoredRules

DOCS = Path(__file__).resolve().parents[3] / "docs" / "operators" / "configuration.md"
SECRETS = ("DISCORD_TOKEN", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable_of(field), raising=False)
    monkeypatch.chdir(tmp_path)


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", DOCS.read_text(), re.MULTILINE))
    assert documented == {variable_of(field) for field in Settings.model_fields}


def test_documented_defaults_are_the_defaults() -> None:
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| `([^`]+)` \|", DOCS.read_text(), re.MULTILINE))
    settings = load_settings()
    values = {variable_of(field): written(getattr(settings, field)) for field in Settings.model_fields}
    assert {name: values[name].removesuffix(".0") for name in rows if "folder" not in rows[name]} == rows


def written(value: object) -> str:
    """The value as written in ``.env``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_the_documented_limits_are_the_defaults() -> None:
    text = DOCS.read_text()
    for name, value in Limits().model_dump().items():
        if name != "endpoints":
            assert f"`{name}` {'null' if value is None else value}" in re.sub(r"\s+", " ", text)


@pytest.mark.parametrize(
    ("environment", "backends", "embedded"),
    [
        ({}, ("worker",), True),
        ({"FAL_KEY": "a:b"}, ("fal",), False),
        ({"FLIPBOOK_WORKER_URL": "http://127.0.0.1:1"}, ("worker",), False),
        ({"FLIPBOOK_WORKER_URL": "http://127.0.0.1:1", "FAL_KEY": "a:b"}, ("worker", "fal"), False),
        ({"FLIPBOOK_BACKENDS": "fal, worker", "FAL_KEY": "a:b"}, ("fal", "worker"), True),
        ({"FAL_KEY": "  "}, ("worker",), True),
    ],
)
def test_backends_follow_from_keys_and_addresses(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], backends: tuple[str, ...], embedded: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.preferred_backends == tuple(BackendName(name) for name in backends)
    assert settings.embeds_worker is embedded


def test_a_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FLIPBOOK_WEB_PORT=1234\nFLIPBOOK_DAILY_BUDGET=2.50\nDISCORD_TOKEN=\n")
    monkeypatch.setenv("FLIPBOOK_WEB_PORT", "4321")
    settings = load_settings()
    assert (settings.web_port, settings.daily_budget, settings.discord_token) == (4321, Decimal("2.50"), None)


def test_lists_and_limits_are_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIPBOOK_ALLOWED_SERVERS", "discord:1, slack:T2,")
    monkeypatch.setenv("FLIPBOOK_DEFAULT_LIMITS", '{"user_clips_per_day": null, "max_frames": 8}')
    settings = load_settings()
    assert settings.allowed_servers == {ServerRef(Platform.DISCORD, "1"), ServerRef(Platform.SLACK, "T2")}
    assert settings.default_limits == Limits(user_clips_per_day=None, max_frames=8)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FLIPBOOK_WEB_PORT", "70000"),
        ("FLIPBOOK_ALLOWED_SERVERS", "nowhere"),
        ("FLIPBOOK_DAILY_BUDGET", "-1"),
        ("FLIPBOOK_WORKER_URL", "ftp://x"),
        ("FLIPBOOK_ENGINE", "magic"),
        ("FLIPBOOK_DEFAULT_LIMITS", '{"max_frames": 129}'),
        ("FLIPBOOK_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name}"):
        load_settings()


@pytest.mark.parametrize("name", [*SECRETS, "FAL_KEY", "FLIPBOOK_WORKER_KEY"])
def test_a_secret_with_what_no_header_takes_is_named_and_spaces_around_it_are_not_part_of_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, " a:b\r\n")
    field = next(field for field in Settings.model_fields if variable_of(field) == name)
    assert getattr(load_settings(), field).get_secret_value() == "a:b"
    for wrong in ("a\nb", "a\x00b", "äb"):
        with pytest.raises(SettingsError, match=f"^{name}: holds characters that no key has$"):
            load_settings(**{field: wrong})


def test_fal_without_a_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIPBOOK_BACKENDS", "fal")
    with pytest.raises(SettingsError, match="FAL_KEY is not set"):
        load_settings()


def test_secrets_are_masked_wherever_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SECRETS, "FAL_KEY", "FLIPBOOK_WORKER_KEY", "FLIPBOOK_SECRET_KEY"):
        monkeypatch.setenv(name, "very:secret")
    monkeypatch.setenv("FLIPBOOK_DATA_DIR", "/data")
    settings = load_settings()
    shown = "\n".join(effective_settings(settings))
    assert "secret" not in shown.replace("SECRET", "").lower().replace("********", "")
    assert "very:secret" not in repr(settings)
    assert "FAL_KEY=********" in shown


INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH", "HF_HOME")
INHERITED += ("PYTORCH_CUDA_ALLOC_CONF", "OMP_NUM_THREADS", "FLIPBOOK_WORKER_MAX_QUEUE", "FLIPBOOK_LOG_FORMAT")
KEPT = (*SECRETS, "FAL_KEY", "FLIPBOOK_SECRET_KEY", "FLIPBOOK_DATABASE_URL", "FLIPBOOK_ARTIFACTS_URL", "HF_TOKEN")
KEPT += ("AWS_SECRET_ACCESS_KEY", "PGPASSWORD", "HTTPS_PROXY", "all_proxy", "SLACK_CLIENT_ID", "OF_TOMORROW_TOKEN")


@pytest.mark.parametrize("name", INHERITED)
def test_a_child_inherits_what_it_needs(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    found = child_environment(FLIPBOOK_WORKER_KEY="bot:s3cret")
    assert (found[name], found["FLIPBOOK_WORKER_KEY"]) == ("x", "bot:s3cret")


@pytest.mark.parametrize("name", KEPT)
def test_a_child_inherits_no_secret(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    assert name not in child_environment(FLIPBOOK_WORKER_KEY="bot:s3cret", FAL_KEY=None)


def test_what_is_meant_for_a_child_alone_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIPBOOK_WORKER_MAX_QUEUE", "x")
    assert "FLIPBOOK_WORKER_MAX_QUEUE" not in child_environment(FLIPBOOK_WORKER_MAX_QUEUE=None)


def test_the_workers_commands_read_no_secret_of_the_bots(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # the key that the backend needs is in the environment of the bot alone
    (tmp_path / ".env").write_text("FLIPBOOK_BACKENDS=worker,fal\nDISCORD_TOKEN=abc\nFLIPBOOK_LOG_LEVEL=ERROR\n")
    shared = load_shared_settings()
    assert set(shared.model_dump()) == {"data_dir", "models", "log_format", "log_level"}
    assert shared.log_level is LogLevel.ERROR


def test_ceilings_are_of_the_limits_that_are_named_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLIPBOOK_CEILINGS", '{"user_clips_per_day": 100}')
    monkeypatch.setenv("FLIPBOOK_CEILINGS_OF", '{"discord:1": {"user_clips_per_day": null, "max_frames": 16}}')
    rules = operator_rules(load_settings())
    usual, special, own = (
        rules.for_server(ServerRef.parse(server), StoredRules()).ceiling
        for server in ("discord:2", "discord:1", "terminal:local")
    )
    assert usual == NO_CEILING.changed({"user_clips_per_day": 100})
    assert special == NO_CEILING.changed({"max_frames": 16})
    assert own == NO_CEILING


@pytest.mark.parametrize("ceilings", ['{"user_clips_per_day": -1}', '{"clips": 1}', "[1]", "5"])
def test_ceilings_that_make_no_sense_are_named(monkeypatch: pytest.MonkeyPatch, ceilings: str) -> None:
    monkeypatch.setenv("FLIPBOOK_CEILINGS", ceilings)
    with pytest.raises(SettingsError, match="FLIPBOOK_CEILINGS"):
        load_settings()
