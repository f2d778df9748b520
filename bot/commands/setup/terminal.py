"""The terminal of a setup: prints, and asks where a person can answer."""

import sys
from typing import Protocol

import typer


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
        """Ask for a text that is not echoed. Raises typer.Abort at Ctrl-C or the end of input."""
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
        typer.echo(text)

    def ask_secret(self, question: str) -> str:
        return str(typer.prompt(question, hide_input=True))

    def confirm(self, question: str) -> bool:
        return typer.confirm(question, default=False)
