"""The options of ``flipbook status``."""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import Annotated, Final

import typer

from bot.commands.admin.acting import quiet_settings
from bot.commands.options import DataDir
from bot.exit_codes import Exit, exit_on_error
from bot.settings import Settings

_EVERY: Final = 2.0
"""Seconds between two looks."""
_CLEAR: Final = "\033[H\033[J"


def status(
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every two seconds, until Ctrl-C.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Print what is under way, what is spent, how each part is, and what needs the operator.

    Exit code 1: no clip can be made now.
    """
    settings = quiet_settings(data_dir)
    is_well = watched(settings, time.sleep) if watch else _look(settings)
    if not is_well:
        raise typer.Exit(Exit.FAILED)


def watched(settings: Settings, pause: Callable[[float], None]) -> bool:
    """Look again after each pause, until Ctrl-C; whether a clip could be made at the last look."""
    is_well = _look(settings)
    while True:
        try:
            pause(_EVERY)
        except KeyboardInterrupt:
            return is_well
        is_well = _look(settings, over=sys.stdout.isatty())


def _look(settings: Settings, *, over: bool = False) -> bool:
    """Print everything once, over what stands there; whether a clip could be made."""
    from bot.commands.status.report import Status  # noqa: PLC0415 - the database

    with exit_on_error():
        found = asyncio.run(Status.of(settings))
    typer.echo("\n".join(((_CLEAR if over else "") + found.lines[0], *found.lines[1:])))
    return found.is_ready
