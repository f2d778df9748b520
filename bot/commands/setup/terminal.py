"""The terminal of a setup: prints, wrapped at its width, and asks where a person can answer."""

import re
import shutil
import sys
import textwrap
from typing import Final, Protocol

import typer

_LEAST_WIDTH: Final = 40
_LEAD: Final = re.compile(r"\s*(?:\d+\. |- )?")


class Terminal(Protocol):
    """Prints text and asks questions."""

    @property
    def can_ask(self) -> bool:
        """Whether a person can answer."""
        ...

    def say(self, text: str) -> None:
        """Print a text."""
        ...

    def ask_secret(self, question: str) -> str:
        """Ask for a text that is not echoed; empty where only the Enter key was pressed. Raises
        typer.Abort at Ctrl-C or the end of input."""
        ...

    def confirm(self, question: str) -> bool:
        """Ask a question that is answered no by default. Raises typer.Abort."""
        ...


class RealTerminal:
    """Standard input and output."""

    @property
    def can_ask(self) -> bool:
        return sys.stdin.isatty()

    def say(self, text: str) -> None:
        # what another program reads stays as it is
        is_wrapped = sys.stdout.isatty()
        typer.echo(wrapped(text, shutil.get_terminal_size().columns) if is_wrapped else text)

    def ask_secret(self, question: str) -> str:
        # with a default, or an empty answer would be asked for again without a word
        return str(typer.prompt(question, hide_input=True, default="", show_default=False))

    def confirm(self, question: str) -> bool:
        return typer.confirm(question, default=False)


def wrapped(text: str, width: int) -> str:
    """Every line wrapped between words, its rest below its own beginning. Links stay whole, so that
    a terminal can open them."""
    room = max(width, _LEAST_WIDTH)
    return "\n".join(_wrapped_line(line, room) for line in text.split("\n"))


def _wrapped_line(line: str, width: int) -> str:
    found = _LEAD.match(line)
    lead = found[0] if found else ""
    lines = textwrap.wrap(
        line.removeprefix(lead),
        width,
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)
