"""What was meant as a setting and is not read is told, and nothing is spent with it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.commands.settings_sources import settings_findings
from bot.exit_codes import OperatorFault
from bot.settings import SettingsError, load_settings
from bot.web import open_listener

runner = CliRunner()
MISSPELT = {
    "FLIPBOOK_DAILY_BUGDET": "FLIPBOOK_DAILY_BUDGET",
    "FLIPBOOK_BUDGET": "FLIPBOOK_DAILY_BUDGET",
    "FLIPBOOK_DAILYBUDGET": "FLIPBOOK_DAILY_BUDGET",
    "flipbook_price_standart": "FLIPBOOK_PRICE_STANDARD",
    "FLIPBOOK_BACKEND": "FLIPBOOK_BACKENDS",
    "FLIPBOOK_ALLOW_SERVERS": "FLIPBOOK_ALLOWED_SERVERS",
    "FLIPBOOK_WORKER_MAX_QUEU": "FLIPBOOK_WORKER_MAX_QUEUE",
}
IN_FILE_ONLY = {
    "DISCORD_TOKN": "DISCORD_TOKEN",
    "DISCORD_BOT_TOKEN": "DISCORD_TOKEN",
    "SLACK_BOT_TOKN": "SLACK_BOT_TOKEN",
    "FALKEY": "FAL_KEY",
    "DAILY_BUDGET": "FLIPBOOK_DAILY_BUDGET",
    "ALLOWED_SERVERS": "FLIPBOOK_ALLOWED_SERVERS",
}
OF_OTHER_PROGRAMS = [
    "SEARCH_ENGINE",
    "STORAGE_ENGINE",
    "SPACY_MODELS",
    "DISCORD_CLIENT_ID",
    "DISCORD_PUBLIC_KEY",
    "SLACK_CLIENT_ID",
    "SLACK_USER_TOKEN",
    "SLACK_WEBHOOK_URL",
    "MAIL_KEY",
    "VAULT_KEY",
    "SECRET_KEY",
    "LOG_LEVEL",
    "DATA_DIR",
    "DATABASE_URL",
    "ALLOWED_HOSTS",
    "POSTGRES_PASSWORD",
]
BROKEN_LINES = ["FLIPBOOK_DAILY_BUDGET 1", "FLIPBOOK_DAILY_BUDGET: 1", "FLIPBOOK_DAILY_BUDGET", "DISCORD_TOKEN hunter2"]


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLIPBOOK_DATA_DIR", str(tmp_path / "data"))


def bad() -> list[str]:
    return [finding.detail for finding in settings_findings() if finding.is_bad]


@pytest.mark.parametrize(("written", "meant"), MISSPELT.items())
@pytest.mark.parametrize("way", ["environment", "file"])
def test_a_misspelt_setting_is_told_with_the_one_that_was_meant(
    written: str, meant: str, way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if way == "file":
        (tmp_path / ".env").write_text(f"{written}=1\n")
    else:
        monkeypatch.setenv(written, "1")
    told = f"{written} is no setting and does nothing; did you mean {meant}?"
    assert bad() == [told]
    assert f"BAD  settings: {told}" in runner.invoke(app, ["doctor", "--engine", "preview"]).stdout
    assert f"# {told}" in runner.invoke(app, ["config"]).stdout.splitlines()
    for command in (["run"], ["animate", "a boat"]):
        result = runner.invoke(app, command)
        assert (result.exit_code, result.stderr) == (2, f"{told}\n")
    assert not list((tmp_path / "data").glob("clips/*"))


@pytest.mark.parametrize(("written", "meant"), IN_FILE_ONLY.items())
def test_a_token_is_misspelt_in_the_file_but_other_programs_have_names_of_their_own(
    written: str, meant: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(written, "hunter2")
    assert bad() == []
    (tmp_path / ".env").write_text(f"{written}=hunter2\n")
    assert bad() == [f"{written} is no setting and does nothing; did you mean {meant}?"]


@pytest.mark.parametrize("name", OF_OTHER_PROGRAMS)
def test_a_name_of_another_program_keeps_nothing_from_starting(name: str, tmp_path: Path) -> None:
    """A file that is shared with them is ordinary."""
    (tmp_path / ".env").write_text(f"{name}=1\n")
    assert bad() == []


@pytest.mark.parametrize("line", BROKEN_LINES)
def test_a_broken_line_of_ours_is_told_by_its_number(line: str, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(f"# first\nFLIPBOOK_LOG_LEVEL=INFO\n\n{line}\nFLIPBOOK_LOOKS=true\n")
    told = f"{path} line 4 cannot be read and does nothing; write it as NAME=value"
    assert told in bad()
    result = runner.invoke(app, ["run"])
    assert (result.exit_code, told in result.stderr, "hunter2" in result.output) == (2, True, False)


@pytest.mark.parametrize("line", ["SOMETHING", "= 1", "export PATH", "# FLIPBOOK_DAILY_BUDGET 1", "OTHER=1", ""])
def test_lines_of_other_programs_keep_nothing_from_starting(line: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"{line}\n")
    assert bad() == []


def test_the_file_that_is_read_is_named_and_who_else_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert str(settings_findings()[0]) == f"ok   settings: of the environment; there is no {path}"
    path.write_text("DISCORD_TOKEN=a.b.c\n")
    path.chmod(0o644)
    first, second, *_ = settings_findings()
    assert str(first) == f"ok   settings: of {path}, and of the environment, which wins"
    assert str(second) == f"note settings: other users can read the tokens in it: chmod 600 {path}"
    path.chmod(0o600)
    assert [finding for finding in settings_findings() if "chmod" in finding.detail] == []


@pytest.mark.parametrize(
    "name", ["DISCORD_TOKEN", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "FAL_KEY", "FLIPBOOK_WORKER_KEY"]
)
@pytest.mark.parametrize(
    ("pasted", "words"),
    [
        ('"hunter2:x"', "has quotation marks around it; take them away"),
        ("'hunter2:x", "has quotation marks around it; take them away"),
        ("“hunter2:x”", "has quotation marks around it; take them away"),
        ("Bot hunter2:x", "begins with the word Bot; take it away"),
        ("Bearer hunter2:x", "begins with the word Bearer; take it away"),
        ("key hunter2:x", "begins with the word key; take it away"),
        ("hunter2:x reset token", "has a space in it; copy the token again, without the text beside it"),
    ],
)
def test_a_token_that_was_pasted_with_more_says_exactly_that(
    name: str, pasted: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, pasted)
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert str(error.value) == f"{name}: {words}"
    result = runner.invoke(app, ["run"])
    assert (result.exit_code, result.stderr) == (2, f"{name}: {words}\n")


@pytest.mark.parametrize("key", ["abc", "abc:", ":abc", "fal_abc"])
def test_half_a_key_of_fals_is_no_key(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAL_KEY", key)
    with pytest.raises(SettingsError, match=r"^FAL_KEY: is no key of fal's: that has two parts, id:secret; copy both$"):
        load_settings()


@pytest.mark.parametrize(
    ("host", "port", "words"),
    [
        ("127.0.0.1", None, "another program has it. Set FLIPBOOK_WEB_PORT to another."),
        ("192.0.2.1", 0, "this machine has no such address. Set FLIPBOOK_WEB_HOST to another."),
        ("nowhere.invalid", 0, "Set FLIPBOOK_WEB_HOST to another."),
        ("not a host", 0, "Set FLIPBOOK_WEB_HOST to another."),
    ],
)
def test_a_web_address_that_cannot_be_used_is_one_sentence(host: str, port: int | None, words: str) -> None:
    with open_listener("127.0.0.1", 0) as taken:
        wanted = taken.getsockname()[1] if port is None else port
        with pytest.raises(OperatorFault) as error:
            open_listener(host, wanted)
    assert str(error.value).startswith(f"The web address {host} port {wanted} cannot be used: ")
    assert str(error.value).endswith(words)
    assert "Errno" not in str(error.value)
