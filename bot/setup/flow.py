"""The way through a setup: gather the secrets, ask the platform, save what it accepts, say what comes next."""

import asyncio
from collections.abc import Mapping
from typing import Final

from bot.exits import Exit
from bot.setup import wording
from bot.setup.chats import ChatSetup, Wanted
from bot.setup.dotenv_file import DotEnvFile
from bot.setup.given import cleaned
from bot.setup.terminal import Terminal
from generation.findings import Checkup

TRIES: Final = 5


class SetupStopped(Exception):
    """It cannot go on: with which exit code, and why in a sentence."""

    def __init__(self, code: Exit, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Setup:
    """Sets up one chat. It may be run at any time: what is right already stays."""

    def __init__(self, chat: ChatSetup, terminal: Terminal, file: DotEnvFile, *, replace: bool = False) -> None:
        """``replace``: ask for new secrets although there are some, and overwrite those in the file."""
        self._chat = chat
        self._terminal = terminal
        self._file = file
        self._replace = replace
        self._is_guided = False

    def run(self, given: Mapping[str, str], environment: Mapping[str, str]) -> Exit:
        """Set the chat up with what was ``given``, else what the environment and the file have, else what the person
        answers. Raises SetupStopped, typer.Abort, or OSError for the file."""
        kept = {name: value for name, value in self._file.values().items() if name in self._chat.variables}
        asks_anew = self._replace and self._terminal.can_ask and not given
        values = {} if asks_anew else {**kept, **environment, **given}
        checkup = self._accepted(values)
        changes = {name: values[name] for name in self._chat.variables if kept.get(name) != values[name]}
        if changes:
            self._save(changes, [name for name in changes if name in kept])
        elif checkup.is_good:
            self._terminal.say(wording.already_right(self._chat.name))
        self._warn(values, environment)
        return self._conclude(checkup)

    def _conclude(self, checkup: Checkup) -> Exit:
        if not checkup.is_good:
            self._terminal.say(wording.not_ready(self._chat.command, checkup.still_to_do))
            return Exit.FAILED
        self._terminal.say(wording.ready(self._chat.afterwards, checkup.still_to_do))
        return Exit.OK

    def _accepted(self, values: dict[str, str]) -> Checkup:
        """Complete the values, asking again for what the platform refuses, until it refuses none."""
        for _ in range(TRIES):
            self._complete(values)
            checkup = asyncio.run(self._chat.check(values))
            for finding in checkup.findings:
                self._terminal.say(str(finding))
            if not checkup.is_reached:
                raise SetupStopped(Exit.FAILED, wording.NOTHING_WRITTEN)
            if not checkup.refused:
                return checkup
            if not self._terminal.can_ask:
                raise SetupStopped(Exit.FAILED, wording.not_accepted(sorted(checkup.refused)))
            for name in checkup.refused:
                values.pop(name, None)
        raise SetupStopped(Exit.FAILED, wording.TOO_MANY_TRIES)

    def _complete(self, values: dict[str, str]) -> None:
        missing = [wanted.variable for wanted in self._chat.wanted if wanted.variable not in values]
        if missing and not self._terminal.can_ask:
            raise SetupStopped(Exit.INVALID, wording.not_given(self._chat.command, missing))
        for wanted in self._chat.wanted:
            values[wanted.variable] = self._fitting(wanted, values.get(wanted.variable))

    def _fitting(self, wanted: Wanted, value: str | None) -> str:
        """A value of the right form: the one there is, else one that is asked for."""
        for _ in range(TRIES):
            if value is not None:
                wrong = wanted.misread(value)
                if wrong is None:
                    return value
                if not self._terminal.can_ask:
                    raise SetupStopped(Exit.INVALID, f"{wanted.variable}: {wrong}")
                self._terminal.say(wrong)
            self._guide()
            value = cleaned(self._terminal.ask_secret(wanted.question))
        raise SetupStopped(Exit.FAILED, wording.TOO_MANY_TRIES)

    def _guide(self) -> None:
        """Show the steps, once."""
        if not self._is_guided:
            self._terminal.say(f"{self._chat.steps}\n")
        self._is_guided = True

    def _save(self, changes: Mapping[str, str], overwritten: list[str]) -> None:
        path = str(self._file.path)
        if overwritten and not self._replace:
            if not self._terminal.can_ask:
                raise SetupStopped(Exit.REFUSED, wording.would_replace(overwritten, path))
            if not self._terminal.confirm(wording.may_replace(overwritten, path)):
                raise SetupStopped(Exit.REFUSED, wording.NOTHING_WRITTEN)
        self._file.set(changes)
        self._terminal.say(wording.written(list(changes), path))

    def _warn(self, values: Mapping[str, str], environment: Mapping[str, str]) -> None:
        differing = [name for name, value in environment.items() if values.get(name, value) != value]
        if differing:
            self._terminal.say(wording.environment_wins(differing))
