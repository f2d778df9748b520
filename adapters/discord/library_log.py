"""What discord.py logs of its own: a connection that breaks is one line, not a traceback; of voice, nothing."""

import logging
from typing import Final

import discord

_LOGGERS: Final = ("discord.client", "discord.gateway", "discord.http", "discord.webhook.async_")


class OneLine(logging.Filter):
    """Keeps the line and names the exception instead of drawing it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes, shortened."""
        if record.exc_info and record.exc_info[0] is not None:
            record.msg, record.args = f"{record.getMessage()} ({record.exc_info[0].__name__})", None
            record.exc_info = record.exc_text = None
        return True


def shorten_library_log() -> None:
    """Put the filter before discord.py's loggers; putting it there twice changes nothing."""
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, OneLine) for known in logger.filters):
            logger.addFilter(OneLine())
