"""Keeps Slack's libraries to one line each: no tracebacks for what happens to every connection, no secrets."""

import logging
import re
from typing import Final

_TICKET: Final = re.compile(r"(ticket=)[^&\s'\"]+")


class OneLine(logging.Filter):
    """Takes the traceback off a record, keeps its first line, and hides the ticket of a socket's address."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes, shortened."""
        first, *_ = record.getMessage().strip().splitlines() or [""]
        record.msg, record.args = _TICKET.sub(r"\1…", first), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def quiet_logger(name: str) -> logging.Logger:
    """A logger for a library; it writes warnings and worse."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.WARNING)
    if not any(isinstance(known, OneLine) for known in logger.filters):
        logger.addFilter(OneLine())
    return logger
