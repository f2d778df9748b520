"""Log lines never hold what a function had in its hands when it failed."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.logging import configure_logging
from bot.observer import LogObserver
from bot.settings import LogFormat, LogLevel


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
    structlog.reset_defaults()


def fail_with_secrets() -> None:
    headers = {"Authorization": "Key id:hush"}
    prompt = "hush, a private wish"
    raise ZeroDivisionError(len(headers) * len(prompt))


@pytest.mark.parametrize("log_format", [LogFormat.CONSOLE, LogFormat.JSON])
def test_a_mistake_is_logged_with_its_traceback_and_without_local_variables(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(log_format, LogLevel.INFO)
    try:
        fail_with_secrets()
    except ZeroDivisionError as error:
        LogObserver().trouble("carrying a job", error, job_id="1")
    said = capsys.readouterr().err
    assert "fail_with_secrets" in said
    assert "ZeroDivisionError" in said
    assert "hush" not in said


def test_what_we_raise_on_purpose_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    from generation.errors import StoreBusy

    configure_logging(LogFormat.JSON, LogLevel.INFO)
    LogObserver().trouble("saving a job", StoreBusy("database is locked"), job_id="1")
    [line] = capsys.readouterr().err.splitlines()
    facts = json.loads(line)
    assert (facts["event"], facts["job"], facts["error"], facts["detail"]) == (
        "saving a job",
        "1",
        "StoreBusy",
        "database is locked",
    )
