"""From the words after ``/animate`` to a request: shlex splits them, argparse reads the flags, the
core checks the values."""

import argparse
import re
import shlex
from functools import cache
from typing import Final, NoReturn

from adapters.slack.commands import FLAG_OF, FLAGS
from adapters.slack.errors import CommandMisread, CommandProblem
from adapters.slack.text.markup import plain
from generation.domain.parsing import parse_request
from generation.protocol.errors import InvalidRequest, Violation
from generation.protocol.request import Endpoint, GenerationRequest

_PIXELS: Final = re.compile(r"(\d{1,9})\s*[x×*]\s*(\d{1,9})", re.IGNORECASE)
_SINGLE_QUOTED: Final = re.compile(r"(?<!\S)'([^'\"]*)'(?!\S)")


def request_from_words(text: str, seed: int) -> GenerationRequest:
    """The request in the words after the command; ``seed`` is used where they name none.

    Raises CommandMisread, or InvalidRequest naming each wrong value by its flag.
    """
    values = _values(words_of(text))
    if values["seed"] is None:
        values["seed"] = seed
    try:
        return parse_request(values)
    except InvalidRequest as error:
        raise InvalidRequest(
            tuple(_by_flag(violation) for violation in error.violations)
        ) from error


def words_of(text: str) -> list[str]:
    """The words of a command, a quoted text as one; an apostrophe within a word is no quote. Raises
    CommandMisread."""
    # shlex would take the apostrophe of "fox's" for a quote, so only double quotes reach it
    lexer = shlex.shlex(_SINGLE_QUOTED.sub(r'"\1"', " ".join(plain(text).split())), posix=True)
    # a backslash or # in a prompt is a character like any other
    lexer.whitespace_split, lexer.commenters, lexer.escape, lexer.quotes = True, "", "", '"'
    try:
        return list(lexer)
    except ValueError as error:
        raise CommandMisread(CommandProblem.OPEN_QUOTE) from error


class _Parser(argparse.ArgumentParser):
    """Raises CommandMisread where argparse would print its usage and end the process."""

    def error(self, message: str) -> NoReturn:
        # argparse has what is wrong in its message only
        if found := re.fullmatch(r"unrecognized arguments: (.*)", message, re.DOTALL):
            raise CommandMisread(CommandProblem.UNKNOWN_FLAG, found[1].split()[0])
        found = re.match(
            r"argument (\S+): (expected one argument|ignored explicit argument)", message
        )
        if found is None:
            raise CommandMisread(CommandProblem.UNREADABLE)
        raise CommandMisread(
            CommandProblem.MISSING_VALUE
            if found[2].startswith("expected")
            else CommandProblem.NO_VALUE_TAKEN,
            found[1],
        )


@cache
def _parser() -> _Parser:
    """Built once: that takes as long as a transaction. ``usage`` is given so that argparse need not
    work it out."""
    # no abbreviations: --fram might be a typing error for anything
    parser = _Parser(prog="/animate", usage="/animate PROMPT", add_help=False, allow_abbrev=False)
    parser.add_argument("prompt", nargs="*")
    for flag in FLAGS:
        if flag.example is None:
            parser.add_argument(flag.name, dest=flag.field, action="store_true")
        else:
            parser.add_argument(flag.name, dest=flag.field)
    return parser


def _values(words: list[str]) -> dict[str, object]:
    # intermixed: flags may come between the words of a prompt
    read = vars(_parser().parse_intermixed_args(words))
    motions, size = read["motions"], read["video_size"]
    return {
        **read,
        "prompt": " ".join(read["prompt"]),
        "endpoint": Endpoint.TURBO if read["endpoint"] else None,
        "motions": None
        if motions is None
        else [part.strip() for part in motions.split(",") if part.strip()],
        "video_size": None if size is None else _size(size),
    }


def _size(text: str) -> object:
    # the core says what is wrong with a size of any other form
    found = _PIXELS.fullmatch(text.strip())
    return text if found is None else {"width": int(found[1]), "height": int(found[2])}


def _by_flag(violation: Violation) -> Violation:
    """The same violation under the flag's name: ``--size width`` for ``video_size.width``."""
    field, _, part = violation.field.partition(".")
    name = FLAG_OF.get(field, field)
    return Violation(f"{name} {part}".strip(), violation.allowed, violation.given)
