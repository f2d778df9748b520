"""How the command ends: what its exit code says, and one sentence for people."""

from enum import IntEnum
from typing import NoReturn

import typer


class Exit(IntEnum):
    """What the command's exit code says."""

    OK = 0
    FAILED = 1
    INVALID = 2
    REFUSED = 3
    BUSY = 75
    CANCELLED = 130


def die(code: Exit, message: str) -> NoReturn:
    """Print the message to standard error and end with that code."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
