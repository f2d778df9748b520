"""Log lines: structured, one per event, on standard error; console on a terminal, JSON
elsewhere."""

import logging
import sys
from typing import Final

import structlog

from bot.settings import LogFormat, LogLevel

NOISY: Final = (
    "httpx",
    "httpcore",
    "alembic",
    "uvicorn.access",
    "uvicorn",
    "aiosqlite",
    "slack_bolt",
    "discord",
)
"""Libraries that log too much at INFO."""


def configure_logging(log_format: LogFormat, level: LogLevel) -> None:
    """Send our own lines and those of libraries through one formatter. Idempotent."""
    structlog.configure(
        processors=[
            # first of all: a line below the level should cost nothing
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    pretty = log_format is LogFormat.CONSOLE or (
        log_format is LogFormat.AUTO and sys.stderr.isatty()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_console() if pretty else _json())
    root = logging.getLogger()
    # replaced, not added: a second call would write every line twice
    root.handlers[:] = [handler]
    root.setLevel(level.value)
    for noisy in NOISY:
        # a stricter level that the operator has set applies to them too
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(level.value)))


def _under_its_own_name(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    # uvicorn's one logger for everything is called uvicorn.error
    if event.get("logger") == "uvicorn.error":
        event["logger"] = "uvicorn"
    return event


_SHARED: Final[list[structlog.typing.Processor]] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    _under_its_own_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
"""What every line passes, of ours or of a library."""


def _console() -> structlog.stdlib.ProcessorFormatter:
    # plain tracebacks: the pretty ones print local variables, which hold keys and prompts
    plain = structlog.dev.plain_traceback
    return _formatter(structlog.dev.ConsoleRenderer(colors=True, exception_formatter=plain))


def _json() -> structlog.stdlib.ProcessorFormatter:
    # a traceback becomes one string, so that a line stays a line
    return _formatter(structlog.processors.format_exc_info, structlog.processors.JSONRenderer())


def _formatter(*render: structlog.typing.Processor) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
    )
