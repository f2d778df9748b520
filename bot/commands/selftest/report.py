"""The report of a self-test: its lines, without secrets, and its exit code."""

import platform
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib.metadata import version
from typing import Final

from pydantic import SecretStr

from bot import __version__
from bot.exit_codes import Exit
from bot.settings import Settings
from generation.protocol.clock import Clock
from generation.selftest import Selftest, SelftestStep, StepResult
from generation.text.dialect import excerpt, utc_moment

HIDDEN: Final = "[hidden]"
_LONGEST_DETAIL: Final = 300
_LOOKS_SECRET: Final = re.compile(
    r"xox[a-z]?[.-][\w.-]+|xapp-[\w-]+"  # Slack's tokens
    r"|[\w-]{20,}\.[\w-]{4,}\.[\w-]{6,}"  # Discord's
    r"|(?<=://)[^\s/@]+@"  # a user and password in an address
    r"|(?<=\?)[^\s'\")]+"  # what an address carries: signatures, keys
)


class SelftestReport:
    """Prints the lines as they come, and counts them."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self._say = say
        self._counts: Counter[StepResult] = Counter()
        self._secrets = sorted(_secrets_of(settings), key=len, reverse=True)

    def begin(self, command: str, library: str, clock: Clock) -> None:
        """What was tried, with which versions, on what, when."""
        self._line(f"flipbook selftest {command}")
        system = f"{platform.system()} {platform.machine()}"
        python = f"Python {platform.python_version()}"
        ours = f"Flipbook {__version__}, {library} {version(library)}, {python}, {system}"
        self._line(f"{ours}, {utc_moment(clock.now())}")

    def step(self, step: SelftestStep) -> None:
        """One line."""
        self._counts[step.result] += 1
        # a platform's words may have lines, and anything else in them
        detail = excerpt(step.detail, _LONGEST_DETAIL) if step.detail else ""
        self._line(str(replace(step, detail=detail)))

    def end(self, test: Selftest, by_hand: Iterable[str]) -> Exit:
        """The sum, what was left behind, and what remains to be tried by hand."""
        counts = ", ".join(f"{self._counts[result]} {result}" for result in StepResult)
        left = ", ".join(test.left_behind)
        self._line(f"{counts}. {f'Delete by hand: {left}' if left else 'Nothing is left behind'}.")
        if items := list(by_hand):
            self._line("By hand, and write beside it what happened:")
            for item in items:
                self._line(f"[ ] {item}")
        self._line("No line above holds a token or a key: the report can be sent as it is.")
        return Exit.FAILED if self._counts[StepResult.FAILED] or left else Exit.OK

    def _line(self, text: str) -> None:
        self._say(without_secrets(text, self._secrets))


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret hidden, those of the settings and what has a secret's form."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return _LOOKS_SECRET.sub(HIDDEN, text)


def _secrets_of(settings: Settings) -> set[str]:
    values = (getattr(settings, name) for name in type(settings).model_fields)
    whole = {value.get_secret_value() for value in values if isinstance(value, SecretStr)}
    # of `id:secret` the half alone is a secret too
    return {part for each in whole for part in (each, each.rpartition(":")[2]) if len(part) > 5}
