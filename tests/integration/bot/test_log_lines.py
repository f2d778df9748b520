"""Log lines never hold the local variables of a function that failed."""

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
    prompt = "hush, a private prompt"
    raise ZeroDivisionError(len(headers) * len(prompt))


@pytest.mark.parametrize("log_format", [LogFormat.CONSOLE, LogFormat.JSON])
def test_a_bug_is_logged_with_its_traceback_and_without_local_variables(
    log_format: LogFormat, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(log_format, LogLevel.INFO)
    try:
        fail_with_secrets()
    except ZeroDivisionError as error:
        LogObserver().trouble("running a job", error, job_id="1")
    printed = capsys.readouterr().err
    assert "fail_with_secrets" in printed
    assert "ZeroDivisionError" in printed
    assert "hush" not in printed


def test_an_error_of_our_own_classes_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    from generation.protocol.errors import StoreBusy

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


def test_uvicorn_is_logged_under_its_own_name_and_only_when_something_is_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(LogFormat.JSON, LogLevel.INFO)
    uvicorn = logging.getLogger("uvicorn.error")
    uvicorn.info("Started server process")
    uvicorn.warning("Invalid HTTP request received.")
    (line,) = capsys.readouterr().err.splitlines()
    assert (json.loads(line)["logger"], json.loads(line)["event"]) == ("uvicorn", "Invalid HTTP request received.")
