"""Secrets that are handed over without a question: lines of a file or of standard input."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from dotenv.parser import parse_stream

from bot.setup.chats import ChatSetup

MOST_BYTES: Final = 64 * 1024
_NAMED: Final = re.compile(r"\s*(?:export\s+)?[A-Z][A-Z0-9_]*\s*=")
_STRAY: Final = "\"'` \t"


def read_given(path: Path, standard_input: BinaryIO) -> str:
    """The text of a file, or of standard input for ``-``. Raises OSError, ValueError for what is no short text."""
    if str(path) == "-":
        data = standard_input.read(MOST_BYTES + 1)
    else:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError("is too long to hold tokens")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is not text in UTF-8") from None


def given_values(text: str, chat: ChatSetup) -> dict[str, str]:
    """One secret a line, with ``NAME=`` before it or bare: then its form tells which it is, else their order.

    Lines for other variables are passed over, so that a whole ``.env`` can be given.
    """
    named: dict[str, str] = {}
    bare: list[str] = []
    for line in text.splitlines():
        if _NAMED.match(line):
            named |= {found.key: found.value for found in parse_stream(io.StringIO(line)) if found.key and found.value}
        elif line.strip() and not line.lstrip().startswith("#"):
            bare.append(cleaned(line))
    values = {name: cleaned(value) for name, value in named.items() if name in chat.variables}
    for secret in bare:
        values.setdefault(chat.variable_of(secret) or _next(chat.variables, values), secret)
    return {name: value for name, value in values.items() if value and name in chat.variables}


def cleaned(text: str) -> str:
    """A secret without what is easily copied with it: spaces, quotation marks, the word before it in a header."""
    return text.strip(_STRAY + "\r\n").removeprefix("Bot ").removeprefix("Bearer ").strip(_STRAY)


def _next(variables: Sequence[str], values: dict[str, str]) -> str:
    return next((name for name in variables if name not in values), "")
