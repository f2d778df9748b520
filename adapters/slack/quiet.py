"""Keeps Slack's libraries to one line each: no tracebacks for what happens to every connection, no secrets."""

import logging
import re
from typing import Final

from slack_bolt.logger.messages import warning_client_prioritized_and_token_skipped

_TICKET: Final = re.compile(r"(ticket=)[^&\s'\"]+")


_EXPECTED: Final = frozenset({warning_client_prioritized_and_token_skipped()})
"""We give Bolt a client without a token, so that the one in its environment is not used."""


class OneLine(logging.Filter):
    """Takes the traceback off a record, keeps its first line, and hides the ticket of a socket's address."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes, shortened, except what is said of something that we do on purpose."""
        if record.msg in _EXPECTED:
            return False
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
