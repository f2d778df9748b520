"""The flow of a setup: gather the tokens, ask the platform, save what it accepts, say what is
next."""

import asyncio
from collections.abc import Mapping
from typing import Final

from bot.commands.setup import text
from bot.commands.setup.chats import ChatSetup, SetupQuestion
from bot.commands.setup.dotenv_file import DotEnvFile
from bot.commands.setup.terminal import Terminal
from bot.commands.setup.token_file import cleaned
from bot.exit_codes import Exit
from generation.diagnostics import Checkup

TRIES: Final = 5


class SetupStopped(Exception):
    """The setup cannot go on; the message says why, ``code`` is the exit code."""

    def __init__(self, code: Exit, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class SetupFlow:
    """Sets up one chat. It may be run again at any time: what is right already stays."""

    def __init__(
        self, chat: ChatSetup, terminal: Terminal, file: DotEnvFile, *, replace: bool = False
    ) -> None:
        """``replace``: ask for new tokens even if there are some, and overwrite those in the
        file."""
        self._chat = chat
        self._terminal = terminal
        self._file = file
        self._replace = replace
        self._has_shown_steps = False
        self._unusable: set[str] = set()

    def run(self, given: Mapping[str, str], environment: Mapping[str, str]) -> Exit:
        """Set the chat up with the ``given`` tokens, else those of the environment or the file,
        else the person's answers.

        Raises SetupStopped, typer.Abort, or OSError for the file.
        """
        kept = {
            name: value
            for name, value in self._file.values().items()
            if name in self._chat.variables
        }
        # tokens that were passed are the new ones: then nothing is asked
        asks_again = self._replace and self._terminal.can_ask and not given
        # in the file they may have more around them than the bot can use
        bare = {name: cleaned(value) for name, value in kept.items()}
        values = {} if asks_again else {**bare, **environment, **given}
        checkup = self._accepted(values)
        # nothing is written before the platform has accepted it
        changes = {
            name: values[name] for name in self._chat.variables if kept.get(name) != values[name]
        }
        if changes:
            # nothing is lost of what was just refused, or is the same token
            asked = [
                name
                for name, value in changes.items()
                if name in kept and bare[name] not in self._unusable | {value}
            ]
            self._save(changes, asked)
        elif checkup.is_good:
            self._terminal.say(text.already_right(self._chat.name))
        self._warn(values, environment)
        return self._conclude(checkup)

    def _conclude(self, checkup: Checkup) -> Exit:
        if not checkup.is_good:
            self._terminal.say(text.not_ready(self._chat.command, checkup.still_to_do))
            return Exit.FAILED
        self._terminal.say(
            text.ready(self._chat.afterwards, checkup.still_to_do, self._chat.made_with())
        )
        return Exit.OK

    def _accepted(self, values: dict[str, str]) -> Checkup:
        """Complete the values and ask again for those that the platform refuses, until it accepts
        all."""
        for _ in range(TRIES):
            self._complete(values)
            # a loop per check: between them the terminal blocks
            checkup = asyncio.run(self._chat.check(values))
            for finding in checkup.findings:
                self._terminal.say(str(finding))
            if not checkup.is_reached:
                raise SetupStopped(Exit.FAILED, text.NOTHING_WRITTEN)
            if not checkup.refused:
                return checkup
            if not self._terminal.can_ask:
                raise SetupStopped(Exit.FAILED, text.not_accepted(sorted(checkup.refused)))
            # only what was refused is asked for again
            self._unusable |= {values.pop(name) for name in checkup.refused if name in values}
        raise SetupStopped(Exit.FAILED, text.TOO_MANY_TRIES)

    def _complete(self, values: dict[str, str]) -> None:
        missing = [name for name in self._chat.variables if name not in values]
        if missing and not self._terminal.can_ask:
            raise SetupStopped(Exit.INVALID, text.not_given(self._chat.command, missing))
        for question in self._chat.questions:
            name = question.variable
            values[name] = self._well_formed(question, values.get(name))

    def _well_formed(self, question: SetupQuestion, value: str | None) -> str:
        """A value of the right form: the one there is, else one that is asked for."""
        for _ in range(TRIES):
            if value is not None:
                wrong = question.misread(value) if value else text.EMPTY
                if wrong is None:
                    return value
                self._unusable.add(value)
                if not self._terminal.can_ask:  # never the value itself: it may be a secret
                    raise SetupStopped(Exit.INVALID, f"{question.variable}: {wrong}")
                self._terminal.say(wrong)
            self._show_steps()
            value = cleaned(self._terminal.ask_secret(question.prompt))
        raise SetupStopped(Exit.FAILED, text.TOO_MANY_TRIES)

    def _show_steps(self) -> None:
        """Show the steps before the first question."""
        if not self._has_shown_steps:
            self._terminal.say(f"{self._chat.steps}\n")
        self._has_shown_steps = True

    def _save(self, changes: Mapping[str, str], overwritten: list[str]) -> None:
        path = str(self._file.path)
        if overwritten and not self._replace:
            if not self._terminal.can_ask:
                raise SetupStopped(Exit.REFUSED, text.would_replace(overwritten, path))
            if not self._terminal.confirm(text.may_replace(overwritten, path)):
                raise SetupStopped(Exit.REFUSED, text.NOTHING_WRITTEN)
        self._file.set(changes)
        self._terminal.say(text.written(list(changes), path))

    def _warn(self, values: Mapping[str, str], environment: Mapping[str, str]) -> None:
        differing = [
            name for name, value in environment.items() if values.get(name, value) != value
        ]
        if differing:
            self._terminal.say(text.environment_wins(differing))
