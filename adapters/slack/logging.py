"""Shortens what Slack's libraries log to one line each, without tracebacks and without secrets."""

import logging
import re
from typing import Final

from slack_bolt.logger.messages import warning_client_prioritized_and_token_skipped

_TICKET: Final = re.compile(r"(ticket=)[^&\s'\"]+")


_EXPECTED: Final = frozenset({warning_client_prioritized_and_token_skipped()})
"""Warnings about what we do on purpose: Bolt gets a client without a token, so that it does not use
the one in its environment."""


class SlackLogFilter(logging.Filter):
    """Removes the traceback of a record, keeps its first line, and hides the ticket in a socket's
    address."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten the record; False for a warning about what we do on purpose."""
        if record.msg in _EXPECTED:
            return False
        first, *_ = record.getMessage().strip().splitlines() or [""]
        record.msg, record.args = _TICKET.sub(r"\1…", first), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def quiet_logger(name: str) -> logging.Logger:
    """A logger for a library: it writes warnings and errors, through :class:`SlackLogFilter`."""
    logger = logging.getLogger(name)
    logger.setLevel(logging.WARNING)
    # the same name gives the same logger, which must not shorten its records twice
    if not any(isinstance(known, SlackLogFilter) for known in logger.filters):
        logger.addFilter(SlackLogFilter())
    return logger
