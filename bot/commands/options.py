"""What most commands begin with: the options they share, the settings, and the log."""

from pathlib import Path
from typing import Annotated

import typer

from bot.exit_codes import Exit, die
from bot.settings import LogFormat, LogLevel, Settings, SettingsError, SharedSettings, load_settings
from generation.diagnostics import Finding
from generation.domain.money.currency import show_amounts_in
from worker.settings import EngineChoice

DataDir = Annotated[
    Path | None, typer.Option(help="Where Flipbook keeps everything. [env: FLIPBOOK_DATA_DIR]")
]
EngineOption = Annotated[
    EngineChoice | None,
    typer.Option(help="What the embedded worker renders with. [env: FLIPBOOK_ENGINE]"),
]
Models = Annotated[
    Path | None, typer.Option(help="Folder of the AnimateDiff models. [env: FLIPBOOK_MODELS]")
]


def read_settings(**overrides: object) -> Settings:
    """The settings in force; an override of None leaves the setting as it is.

    Ends the command with a sentence where a setting cannot be used.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        settings = load_settings(**given)
    except SettingsError as error:
        die(Exit.INVALID, str(error))
    show_amounts_in(settings.currency)
    return settings


def refuse_misread_settings() -> list[Finding]:
    """Where the settings come from, for commands that spend. Ends the command where something that
    was meant as a setting is not read: it may have been the budget."""
    from bot.commands.settings_sources import settings_findings  # noqa: PLC0415 - the worker's settings too

    findings = settings_findings()
    if wrong := [finding.detail for finding in findings if finding.is_bad]:
        die(Exit.INVALID, "\n".join(wrong))
    return findings


def start_logging(settings: SharedSettings) -> None:
    """Log as the settings say."""
    from bot.logging import configure_logging  # noqa: PLC0415 - structlog, not needed for --help

    configure_logging(settings.log_format, settings.log_level)


def log_errors_only(settings: Settings) -> None:
    """For commands that print their findings: log lines would be mixed in."""
    from bot.logging import configure_logging  # noqa: PLC0415 - structlog, not needed for --help

    # another level than the default was asked for, and stays
    level = LogLevel.ERROR if settings.log_level is LogLevel.INFO else settings.log_level
    configure_logging(LogFormat.CONSOLE, level)
