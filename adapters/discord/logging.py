"""discord.py's own log: one line for a broken connection instead of a traceback, and no warnings
about voice."""

import logging
from typing import Final

import discord

_LOGGERS: Final = ("discord.client", "discord.gateway", "discord.http", "discord.webhook.async_")


class DiscordLogFilter(logging.Filter):
    """Keeps a record's line and names its exception instead of printing the traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes, shortened."""
        # the message is formatted here: its arguments are dropped with the traceback
        if record.exc_info and record.exc_info[0] is not None:
            record.msg, record.args = f"{record.getMessage()} ({record.exc_info[0].__name__})", None
            record.exc_info = record.exc_text = None
        return True


def shorten_library_log() -> None:
    """Put the filter on discord.py's loggers; a second call changes nothing."""
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(known, DiscordLogFilter) for known in logger.filters):
            logger.addFilter(DiscordLogFilter())
