"""Tokens from a file or from standard input, one a line, instead of typed ones."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

from dotenv.parser import parse_stream

from bot.commands.setup.chats import ChatSetup

MOST_BYTES: Final = 64 * 1024
_ASSIGNMENT: Final = re.compile(r"\s*(?:export\s+)?[A-Z][A-Z0-9_]*\s*=")
_COPIED_ALONG: Final = "\"'` \t"


def read_token_file(path: Path, standard_input: BinaryIO) -> str:
    """The text of a file, or of standard input for ``-``.

    Raises OSError, and ValueError for more than :data:`MOST_BYTES` or what is not UTF-8.
    """
    if str(path) == "-":
        # one byte more than allowed shows that there is more
        data = standard_input.read(MOST_BYTES + 1)
    else:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError("is too long to hold tokens")
    try:
        return data.decode("utf-8-sig")  # editors on Windows put a byte order mark first
    except UnicodeDecodeError:
        raise ValueError("is not text in UTF-8") from None


def tokens_in(text: str, chat: ChatSetup) -> dict[str, str]:
    """The tokens of a chat by variable: from lines ``NAME=token``, or from bare tokens, whose form
    tells the variable, else their order.

    Lines for other variables are ignored, so that a whole ``.env`` can be passed.
    """
    named: dict[str, str] = {}
    bare: list[str] = []
    for line in text.splitlines():
        if _ASSIGNMENT.match(line):
            # read as python-dotenv reads the file: quotes, `export` and comments are not part of it
            named |= {
                found.key: found.value
                for found in parse_stream(io.StringIO(line))
                if found.key and found.value
            }
        elif line.strip() and not line.lstrip().startswith("#"):
            bare.append(cleaned(line))
    values = {name: cleaned(value) for name, value in named.items() if name in chat.variables}
    for secret in bare:
        # one of an unknown form gets a name too, so that a sentence can say what is wrong with it
        values.setdefault(chat.variable_of(secret) or _first_unset(chat.variables, values), secret)
    return {name: value for name, value in values.items() if value and name in chat.variables}


def cleaned(text: str) -> str:
    """A token without what is easily copied along: spaces, quotation marks, the word before it in a
    header."""
    return (
        text.strip(_COPIED_ALONG + "\r\n")
        .removeprefix("Bot ")
        .removeprefix("Bearer ")
        .strip(_COPIED_ALONG)
    )


def _first_unset(variables: Sequence[str], values: dict[str, str]) -> str:
    return next((name for name in variables if name not in values), "")
