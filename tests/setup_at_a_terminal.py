"""A setup with planned answers at the terminal, and a file of its own."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import typer

from bot.commands.setup.chats import ChatSetup
from bot.commands.setup.dotenv_file import DotEnvFile
from bot.commands.setup.flow import SetupFlow
from bot.exit_codes import Exit


@dataclass
class PlannedTerminal:
    """Answers questions in the order of ``answers``, then aborts. None: there is no terminal."""

    answers: list[str] | None = None
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def can_ask(self) -> bool:
        return self.answers is not None

    def say(self, text: str) -> None:
        self.said.append(text)

    def ask_secret(self, question: str) -> str:
        assert self.answers is not None, "there is no terminal to ask at"
        self.asked.append(question)
        if not self.answers:
            raise typer.Abort
        return self.answers.pop(0)

    def confirm(self, question: str) -> bool:
        return self.ask_secret(question) == "y"

    @property
    def text(self) -> str:
        """Everything that was shown."""
        return "\n".join([*self.said, *self.asked])


async def set_up(
    chat: ChatSetup,
    folder: Path,
    terminal: PlannedTerminal,
    *,
    given: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    replace: bool = False,
) -> Exit:
    """Run the whole setup in a thread, because it runs an event loop of its own."""
    flow = SetupFlow(chat, terminal, DotEnvFile(folder / ".env"), replace=replace)
    return await asyncio.to_thread(flow.run, given or {}, environment or {})
