"""The person at the keyboard, where there is one."""

import sys
from typing import Protocol

import typer


class Terminal(Protocol):
    """Says things, and asks where somebody can answer."""

    @property
    def can_ask(self) -> bool:
        """Whether anybody is there to answer."""
        ...

    def say(self, text: str) -> None:
        """Show something."""
        ...

    def ask_secret(self, question: str) -> str:
        """Ask for something that is not shown while it is typed. Raises typer.Abort when the person leaves."""
        ...

    def confirm(self, question: str) -> bool:
        """Ask a question whose answer is no unless the person says yes. Raises typer.Abort."""
        ...


class RealTerminal:
    """Standard input and output; only a terminal can be asked."""

    @property
    def can_ask(self) -> bool:
        """Whether standard input is a terminal."""
        return sys.stdin.isatty()

    def say(self, text: str) -> None:
        """Print it."""
        typer.echo(text)

    def ask_secret(self, question: str) -> str:
        """Read a line without an echo."""
        return str(typer.prompt(question, hide_input=True))

    def confirm(self, question: str) -> bool:
        """Ask for y or n."""
        return typer.confirm(question, default=False)
