"""What docs/worker.md says of settings and exit codes is what the worker has."""

import re
from enum import Enum
from pathlib import Path

import pytest

from worker.engines.animatediff.options import EngineOptions
from worker.process.exit_codes import WorkerExit
from worker.settings import WorkerSettings

DOCS = Path(__file__).resolve().parents[3] / "docs" / "worker.md"


def variable_of(field: str) -> str:
    return f"FLIPBOOK_WORKER_{field.upper()}"


def test_every_setting_of_the_worker_is_documented_and_every_documented_one_exists() -> None:
    documented = re.findall(r"^\| `([A-Z_]+)` \|", DOCS.read_text(), re.MULTILINE)
    assert documented == [variable_of(field) for field in WorkerSettings.model_fields]


def test_documented_defaults_of_the_worker_are_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in WorkerSettings.model_fields:
        monkeypatch.delenv(variable_of(field), raising=False)
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| `([^`]+)` \|", DOCS.read_text(), re.MULTILINE))
    settings = WorkerSettings(_env_file=None)
    values = {variable_of(field): shown(getattr(settings, field)) for field in WorkerSettings.model_fields}
    assert rows == {name: value for name, value in values.items() if value}


def shown(value: object) -> str:
    """As one would write it into ``.env``; nothing where there is no default."""
    match value:
        case None | () | EngineOptions():
            return ""
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def test_every_exit_code_of_the_worker_is_documented() -> None:
    text = DOCS.read_text().partition("## Exit codes")[2]
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert documented == {code.value for code in WorkerExit} | {2}
