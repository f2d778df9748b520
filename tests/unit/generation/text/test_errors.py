"""Every error and every failure has a sentence that a person can do something with."""

import re
import time
from datetime import UTC, datetime

import pytest

from adapters.discord.text.markup import DISCORD
from adapters.slack.text.markup import SLACK
from generation.domain.job import Failure, FailureKind
from generation.protocol import errors as e
from generation.protocol.errors import FlipbookError, Violation
from generation.protocol.inputs.trouble import FileTrouble
from generation.rules.limits import NEVER_REFUSED, LimitName
from generation.text.errors import failure_sentence, sentence
from generation.text.limits import limit_label

AT = datetime(2026, 11, 21, tzinfo=UTC)

EXAMPLES: dict[type[FlipbookError], FlipbookError] = {
    e.InvalidRequest: e.InvalidRequest((Violation("fps", "a whole number from 1 to 30", "99"),)),
    e.LimitExceeded: e.LimitExceeded("max_frames", allowed="8", used="16"),
    e.BudgetExhausted: e.BudgetExhausted(AT),
    e.ExportTooSoon: e.ExportTooSoon(AT),
    e.BudgetTooSmall: e.BudgetTooSmall("$0.05", scope="server", budget="$0.01"),
    e.ServerNotAllowed: e.ServerNotAllowed("discord:1"),
    e.PromptBlocked: e.PromptBlocked("term"),
    e.TooManyReports: e.TooManyReports(5),
    e.UnreadableFile: e.UnreadableFile(FileTrouble.TOO_LARGE),
    e.ReportDecided: e.ReportDecided("slack:U1", "block"),
    e.NotOffered: e.NotOffered(("loop", "length")),
    e.IllegalTransition: e.IllegalTransition("abc", "queued", "pending"),
    e.RequestRejected: e.RequestRejected("fal", ()),
    e.CannotFit: e.CannotFit(10),
    e.ChatUnusable: e.ChatUnusable("The chat refuses the token. Set another one."),
}


def every(cls: type[FlipbookError]) -> list[type[FlipbookError]]:
    return [
        cls,
        *(found for child in cls.__subclasses__() for found in every(child) if child.__module__.startswith(e.__name__)),
    ]


def example(cls: type[FlipbookError]) -> FlipbookError:
    if cls in EXAMPLES:
        return EXAMPLES[cls]
    return cls() if cls.__init__ is FlipbookError.__init__ else cls("name")


@pytest.mark.parametrize("cls", every(FlipbookError), ids=lambda cls: cls.__name__)
def test_every_error_class_has_a_sentence_of_its_own(cls: type[FlipbookError]) -> None:
    from generation.text import errors

    assert cls in errors._SENTENCES
    words = sentence(example(cls))
    assert re.fullmatch(r"[A-Z“a-z].{15,}[.]", words, re.DOTALL)
    assert cls.__name__ not in words
    assert "{" not in words


@pytest.mark.parametrize("kind", FailureKind)
def test_every_failure_has_a_sentence(kind: FailureKind) -> None:
    assert failure_sentence(Failure(kind)).endswith(".")


@pytest.mark.parametrize("name", LimitName)
def test_every_limit_has_a_label(name: LimitName) -> None:
    assert "_" not in limit_label(name)


DAILY, DAY = LimitName.USER_CLIPS_PER_DAY, "<t:1795219200:R>"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            e.InvalidRequest((Violation("num_frames", "a whole number from 1 to 32", "99"),)),
            "num\\_frames must be a whole number from 1 to 32, not 99.",
        ),
        (
            e.LimitExceeded(DAILY, allowed="20", used="20", resets_at=AT),
            f"You've used all 20 of your clips for today; you can make more {DAY}.",
        ),
        (
            e.LimitExceeded(DAILY, allowed="1", used="3", resets_at=AT),
            f"You've used your only clip for today; you can make another one {DAY}.",
        ),
        (
            e.LimitExceeded(DAILY, allowed="0", used="0", resets_at=AT),
            "This server allows its members no clips.",
        ),
        (
            e.LimitExceeded(LimitName.SERVER_CLIPS_PER_DAY, allowed="1000", used="1000", resets_at=AT),
            f"This server has used all 1,000 of its clips for today; it can make more {DAY}.",
        ),
        (
            e.LimitExceeded(LimitName.SERVER_CLIPS_PER_DAY, allowed="0", used="0", resets_at=AT),
            "This server allows no clips.",
        ),
        (
            e.LimitExceeded(LimitName.SERVER_BUDGET_PER_DAY, allowed="$0.0001", used="$0.00", resets_at=AT),
            (
                "The clip would take this server over its budget: $0.0001 a day, of which $0.00 is spent. "
                f"A new day starts {DAY}."
            ),
        ),
        (
            e.BudgetExhausted(AT),
            f"The clip would take the bot over its budget for today. A new day starts {DAY}.",
        ),
        (
            e.LimitExceeded(LimitName.MAX_PIXELS, allowed="262144", used="1048576"),
            "This server allows clips as large as 512×512; you asked for 1024×1024.",
        ),
        (
            e.LimitExceeded(LimitName.MAX_PIXELS, allowed="262144", used="1024×576"),
            "This server allows clips as large as 512×512; you asked for 1024×576.",
        ),
        (
            e.LimitExceeded(LimitName.MAX_FRAMES, allowed="1", used="16"),
            "This server allows 1 frame per clip; you asked for 16.",
        ),
        (
            e.LimitExceeded(LimitName.MAX_STEPS, allowed="8", used="25"),
            "This server allows at most 8 steps per clip; you asked for 25.",
        ),
        (
            e.LimitExceeded(LimitName.USER_ACTIVE_JOBS, allowed="2", used="2"),
            "You may have 2 clips under way at once and have 2; wait until one has finished, or cancel one.",
        ),
        (
            e.LimitExceeded(LimitName.SERVER_ACTIVE_JOBS, allowed="1", used="1"),
            "This server may have 1 clip under way at once and has 1; ask again when it has finished.",
        ),
        (
            e.LimitExceeded(LimitName.ENDPOINTS, allowed="turbo", used="standard"),
            "This server allows turbo quality only; you asked for standard.",
        ),
        (
            e.LimitExceeded(LimitName.ENDPOINTS, allowed="none", used="standard"),
            "This server allows no clips.",
        ),
    ],
)
def test_a_refusal_names_the_limit_what_is_allowed_and_what_is_used(error: FlipbookError, words: str) -> None:
    assert sentence(error, DISCORD) == words


@pytest.mark.parametrize(
    "error",
    [
        *(
            e.LimitExceeded(name, allowed="1", used="1", resets_at=AT)
            for name in LimitName
            if name not in NEVER_REFUSED
        ),
        e.ChannelNotAllowed(),
        e.UserBlocked(),
        e.ServerNotAllowed("slack:T1"),
    ],
    ids=lambda error: getattr(error, "limit", type(error).__name__),
)
def test_discord_says_server_and_slack_workspace(error: FlipbookError) -> None:
    assert "workspace" not in sentence(error, DISCORD)
    assert "server" not in sentence(error, SLACK)
    assert sentence(error, SLACK).count("workspace") == sentence(error, DISCORD).count("server")


def test_a_time_in_the_terminal_is_in_the_machines_own_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        words = sentence(e.BudgetExhausted(AT))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert words.endswith("A new day starts at 2026-11-21 01:00 CET.")


def test_an_unknown_error_still_gets_a_sentence() -> None:
    class New(FlipbookError):
        pass

    assert sentence(New()) == "Something went wrong inside the bot. Please try again."
