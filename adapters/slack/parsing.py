"""From the words after ``/animate`` to a request: flags by argparse over shlex, every range by the core."""

import argparse
import re
import shlex
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final, NoReturn

from adapters.slack.text import plain
from generation.errors import FlipbookError, InvalidRequest, Violation
from generation.parsing import parse_request
from generation.request import Endpoint, GenerationRequest


class Problem(StrEnum):
    """Why the words of a command could not be read."""

    OPEN_QUOTE = "open quote"
    UNKNOWN_FLAG = "unknown flag"
    MISSING_VALUE = "missing value"
    NO_VALUE_TAKEN = "no value taken"
    UNREADABLE = "unreadable"


class CommandMisread(FlipbookError):
    """The words of a command make no sense as flags and values; ``given`` is the part that does not."""

    def __init__(self, problem: Problem, given: str = "") -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.given = given


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag of ``/animate``: the request's field that it fills, and an example of its value (None: a switch)."""

    name: str
    field: str
    example: str | None
    about: str


FLAGS: Final = (
    Flag("--turbo", "endpoint", None, "a quicker, rougher clip"),
    Flag("--size", "video_size", "landscape_16_9", "a named size, or width and height such as 640x384"),
    Flag("--frames", "num_frames", "24", "how many pictures"),
    Flag("--fps", "fps", "8", "pictures a second"),
    Flag("--steps", "num_inference_steps", "12", "how long each is worked on"),
    Flag("--guidance", "guidance_scale", "7.5", "how closely it follows the words"),
    Flag("--seed", "seed", "42", "the same seed gives the same clip"),
    Flag("--motion", "motions", "zoom-in,pan-left", "camera motions, with commas between them"),
    Flag("--no", "negative_prompt", '"blurry, text"', "what should not be seen"),
)
FLAG_OF: Final = {flag.field: flag.name for flag in FLAGS}

_PIXELS: Final = re.compile(r"(\d{1,9})\s*[x×*]\s*(\d{1,9})", re.IGNORECASE)
_SINGLE_QUOTED: Final = re.compile(r"(?<!\S)'([^'\"]*)'(?!\S)")


def request_from(text: str, seed: int) -> GenerationRequest:
    """The request that the words after the command ask for; ``seed`` is taken where they name none.

    Raises CommandMisread, or InvalidRequest naming each wrong value by its flag.
    """
    values = _values(words_of(text))
    if values["seed"] is None:
        values["seed"] = seed
    try:
        return parse_request(values)
    except InvalidRequest as error:
        raise InvalidRequest(tuple(_by_flag(violation) for violation in error.violations)) from error


def words_of(text: str) -> list[str]:
    """The words of a command, quoted ones together; an apostrophe within a word is no quote. Raises CommandMisread."""
    lexer = shlex.shlex(_SINGLE_QUOTED.sub(r'"\1"', " ".join(plain(text).split())), posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.escape, lexer.quotes = True, "", "", '"'
    try:
        return list(lexer)
    except ValueError as error:
        raise CommandMisread(Problem.OPEN_QUOTE) from error


class _Parser(argparse.ArgumentParser):
    """Argparse that neither prints nor leaves the process."""

    def error(self, message: str) -> NoReturn:
        if found := re.fullmatch(r"unrecognized arguments: (.*)", message, re.DOTALL):
            raise CommandMisread(Problem.UNKNOWN_FLAG, found[1].split()[0])
        found = re.match(r"argument (\S+): (expected one argument|ignored explicit argument)", message)
        if found is None:
            raise CommandMisread(Problem.UNREADABLE)
        raise CommandMisread(
            Problem.MISSING_VALUE if found[2].startswith("expected") else Problem.NO_VALUE_TAKEN, found[1]
        )


@cache
def _parser() -> _Parser:
    """Built once: that costs as much as a transaction. With its usage given, argparse does not work that out either."""
    parser = _Parser(prog="/animate", usage="/animate PROMPT", add_help=False, allow_abbrev=False)
    parser.add_argument("prompt", nargs="*")
    for flag in FLAGS:
        if flag.example is None:
            parser.add_argument(flag.name, dest=flag.field, action="store_true")
        else:
            parser.add_argument(flag.name, dest=flag.field)
    return parser


def _values(words: list[str]) -> dict[str, object]:
    read = vars(_parser().parse_intermixed_args(words))
    motions, size = read["motions"], read["video_size"]
    return {
        **read,
        "prompt": " ".join(read["prompt"]),
        "endpoint": Endpoint.TURBO if read["endpoint"] else None,
        "motions": None if motions is None else [part.strip() for part in motions.split(",") if part.strip()],
        "video_size": None if size is None else _size(size),
    }


def _size(text: str) -> object:
    found = _PIXELS.fullmatch(text.strip())
    return text if found is None else {"width": int(found[1]), "height": int(found[2])}


def _by_flag(violation: Violation) -> Violation:
    """The same violation, named as the person wrote it: ``--size width`` rather than ``video_size.width``."""
    field, _, part = violation.field.partition(".")
    name = FLAG_OF.get(field, field)
    return Violation(f"{name} {part}".strip(), violation.allowed, violation.given)
