"""How the command ends: what its exit code says, and one sentence for people."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import NoReturn

import typer

from bot.settings import SettingsError
from generation.protocol.errors import (
    DatabaseUnusable,
    FlipbookError,
    InvalidRequest,
    Refused,
    StoreError,
)
from generation.text.errors import sentence


class Exit(IntEnum):
    """What the command's exit code says."""

    OK = 0
    FAILED = 1
    INVALID = 2
    REFUSED = 3
    BUSY = 75  # EX_TEMPFAIL: the same command may work later
    UNUSABLE = 78  # EX_CONFIG: it fails again until the operator has changed something
    CANCELLED = 130  # what shells say of a program that Ctrl-C has ended


class OperatorFault(Exception):
    """Nothing works before the operator has changed something; the message is a sentence that says
    what."""


def die(code: Exit, message: str) -> NoReturn:
    """Print the message to standard error and end with that code."""
    typer.echo(message, err=True)
    raise typer.Exit(code)


def operator_sentence(error: FlipbookError) -> str:
    """What the person at the terminal reads: of the database more than members do."""
    if isinstance(error, DatabaseUnusable):
        return str(error)
    if isinstance(error, StoreError):
        return f"{sentence(error)} ({error})"
    return sentence(error)


def die_of(error: FlipbookError) -> NoReturn:
    """End the command with the error's sentence, and the code that says whether it may pass."""
    passes = not isinstance(error, DatabaseUnusable)
    die(Exit.FAILED if passes else Exit.UNUSABLE, operator_sentence(error))


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Within, an error that people can act on ends the command with its sentence and exit code."""
    try:
        yield
    except SettingsError as error:
        die(Exit.INVALID, str(error))
    except InvalidRequest as error:
        die(Exit.INVALID, sentence(error))
    except Refused as error:
        die(Exit.REFUSED, sentence(error))
    except FlipbookError as error:
        die_of(error)
    except OperatorFault as error:
        die(Exit.UNUSABLE, str(error))
    except OSError as error:
        where = f"{Path(error.filename).absolute()}: " if error.filename else ""
        die(Exit.FAILED, f"Flipbook cannot work here: {where}{error.strerror or error}.")
