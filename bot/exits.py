"""How the command ends: what its exit code says, and one sentence for people."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import NoReturn

import typer

from bot.settings import SettingsError
from generation.errors import FlipbookError, InvalidRequest, Refused, StoreError
from generation.wording import sentence


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


@contextmanager
def in_one_sentence() -> Iterator[None]:
    """End with a sentence for whatever is wrong with what the command was given, or with where it has to work."""
    try:
        yield
    except SettingsError as error:
        die(Exit.INVALID, str(error))
    except InvalidRequest as error:
        die(Exit.INVALID, sentence(error))
    except Refused as error:
        die(Exit.REFUSED, sentence(error))
    except StoreError as error:
        die(Exit.FAILED, f"{sentence(error)} ({error})")
    except FlipbookError as error:
        die(Exit.FAILED, sentence(error))
    except OSError as error:
        die(Exit.FAILED, f"Flipbook cannot work here: {error}.")
