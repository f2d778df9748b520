"""A path means the same in a settings file, a variable and an option as it means in a shell."""

from pathlib import Path

import pytest

from bot.commands.admin.effective_settings import effective_settings
from bot.commands.worker.settings import load_worker_settings
from bot.settings import SettingsError, load_settings

HOME = "/home/ada"


@pytest.fixture(autouse=True)
def ada(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", HOME)
    monkeypatch.setenv("CLIPS", "clips")
    monkeypatch.delenv("NOWHERE", raising=False)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("~/clips", f"{HOME}/clips"),
        ("~", HOME),
        ("$HOME/clips", f"{HOME}/clips"),
        ("${HOME}/clips", f"{HOME}/clips"),
        ("~/$CLIPS", f"{HOME}/clips"),
        (" ~/clips ", f"{HOME}/clips"),
        ("/srv/a~b", "/srv/a~b"),
        ("/srv/clips", "/srv/clips"),
    ],
)
@pytest.mark.parametrize("way", ["variable", ".env", "option"])
def test_home_is_meant_in_every_path(written: str, meant: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {"FLIPBOOK_DATA_DIR": "data_dir", "FLIPBOOK_MODELS": "models", "FLIPBOOK_ARTIFACTS_URL": "artifacts_url"}
    worker_names = {
        "FLIPBOOK_WORKER_DATA_DIR": "data_dir",
        "FLIPBOOK_WORKER_MODELS_DIR": "models_dir",
        "FLIPBOOK_WORKER_SSL_CERTFILE": "ssl_certfile",
    }
    given: dict[str, object] = {}
    worker_given: dict[str, object] = {}
    if way == "variable":
        for name in (*names, *worker_names):
            monkeypatch.setenv(name, written)
    elif way == ".env":
        Path(".env").write_text("".join(f"{name}='{written}'\n" for name in (*names, *worker_names)))
    else:
        given = dict.fromkeys(names.values(), written)
        worker_given = dict.fromkeys(worker_names.values(), written)
    settings = load_settings(**given)
    assert {str(getattr(settings, field)) for field in names.values()} == {meant}
    worker_settings = load_worker_settings(worker_given)
    assert {str(getattr(worker_settings, field)) for field in worker_names.values()} == {meant}


@pytest.mark.parametrize("written", ["$NOWHERE/clips", "${NOWHERE}/clips", "~nobody-here/clips", "/srv/$NOWHERE"])
@pytest.mark.parametrize("name", ["FLIPBOOK_DATA_DIR", "FLIPBOOK_MODELS", "FLIPBOOK_ARTIFACTS_URL"])
def test_what_stands_for_nothing_is_a_sentence(written: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, written)
    with pytest.raises(SettingsError, match=rf"^{name}: (holds \$|begins with ~)"):
        load_settings()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sqlite:///~/flipbook.db", f"sqlite:///{HOME}/flipbook.db"),
        ("sqlite:///$HOME/flipbook.db", f"sqlite:///{HOME}/flipbook.db"),
        ("sqlite:////srv/flipbook.db", "sqlite:////srv/flipbook.db"),
        ("postgresql://me:pa$HOME~ss@db/flipbook", "postgresql://me:pa$HOME~ss@db/flipbook"),
    ],
)
def test_a_databases_file_is_a_path_too(written: str, meant: str) -> None:
    assert load_settings(database_url=written).database == meant


def test_a_relative_path_is_told_as_absolute(tmp_path: Path) -> None:
    lines = effective_settings(load_settings(data_dir="here", models="there"))
    assert f"FLIPBOOK_DATA_DIR={tmp_path / 'here'}" in lines
    assert f"FLIPBOOK_MODELS={tmp_path / 'there'}" in lines
