"""Slack's libraries get one line each: without tracebacks, without the ticket of a socket's address."""

import logging

import pytest

from adapters.slack.logging import quiet_logger


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> logging.Logger:
    caplog.set_level(logging.DEBUG)
    return quiet_logger("flipbook.slack.test_of_quiet")


def test_an_exception_is_one_line_without_its_traceback(log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise ConnectionResetError("Cannot write to closing transport")
    except ConnectionResetError:
        log.exception("Failed to run a request listener: %s, session: s_1\nmore\nlines", "Cannot write")
    (record,) = caplog.records
    assert record.getMessage() == "Failed to run a request listener: Cannot write, session: s_1"
    assert (record.exc_info, record.exc_text, record.stack_info) == (None, None, None)


def test_the_ticket_of_a_socket_is_hidden(log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    log.warning("Failed to connect: url='wss://wss.slack.com/link/?ticket=12-34&app_id=A1'")
    assert caplog.messages == ["Failed to connect: url='wss://wss.slack.com/link/?ticket=…&app_id=A1'"]


def test_what_is_no_trouble_is_not_written(log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    log.info("A new session has been established")
    log.warning("As you gave `client` as well, `token` will be unused.")
    assert caplog.messages == []


def test_a_logger_is_made_quiet_once() -> None:
    assert len(quiet_logger("flipbook.slack.twice").filters) == len(quiet_logger("flipbook.slack.twice").filters) == 1
