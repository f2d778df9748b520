"""Every error and every failure has a sentence that a person can do something with."""

import re
from datetime import UTC, datetime

import pytest

from generation.domain.job import Failure, FailureKind
from generation.domain.limits import LimitName
from generation.protocol import errors as e
from generation.protocol.errors import FlipbookError, Violation
from generation.text.errors import failure_sentence, limit_label, sentence

AT = datetime(2026, 11, 21, tzinfo=UTC)

EXAMPLES: dict[type[FlipbookError], FlipbookError] = {
    e.InvalidRequest: e.InvalidRequest((Violation("fps", "a whole number from 1 to 30", "99"),)),
    e.LimitExceeded: e.LimitExceeded("max_frames", allowed="8", used="16"),
    e.BudgetExhausted: e.BudgetExhausted(AT),
    e.BudgetTooSmall: e.BudgetTooSmall("$0.05", server_budget="$0.01"),
    e.ServerNotAllowed: e.ServerNotAllowed("discord:1"),
    e.PromptBlocked: e.PromptBlocked("term"),
    e.IllegalTransition: e.IllegalTransition("abc", "queued", "pending"),
    e.RequestRejected: e.RequestRejected("fal", ()),
    e.CannotFit: e.CannotFit(10),
    e.ChatUnusable: e.ChatUnusable("The chat refuses the token. Set another one."),
}


def every(cls: type[FlipbookError]) -> list[type[FlipbookError]]:
    return [cls, *(found for child in cls.__subclasses__() for found in every(child) if child.__module__ == e.__name__)]


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


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            e.InvalidRequest((Violation("num_frames", "a whole number from 1 to 32", "99"),)),
            "num_frames must be a whole number from 1 to 32, not 99.",
        ),
        (
            e.LimitExceeded(LimitName.USER_CLIPS_PER_DAY, allowed="20", used="20", resets_at=AT),
            "At most 20 clips per member and day; 20 are used. It starts again at 2026-11-21 00:00 UTC.",
        ),
        (
            e.LimitExceeded(LimitName.SERVER_BUDGET_PER_DAY, allowed="$5.00", used="$4.98", resets_at=AT),
            "This server may spend $5.00 a day and has spent $4.98. It starts again at 2026-11-21 00:00 UTC.",
        ),
        (
            e.LimitExceeded(LimitName.MAX_PIXELS, allowed="262144", used="1048576"),
            "This server allows at most 262,144 pixels per frame; you asked for 1,048,576.",
        ),
        (
            e.LimitExceeded(LimitName.USER_ACTIVE_JOBS, allowed="2", used="2"),
            "At most 2 clips under way per member; there are 2. Wait for one to finish, or cancel one.",
        ),
        (
            e.LimitExceeded(LimitName.ENDPOINTS, allowed="turbo", used="standard"),
            "This server allows turbo; you asked for standard.",
        ),
    ],
)
def test_a_refusal_names_the_limit_what_is_allowed_and_what_is_used(error: FlipbookError, words: str) -> None:
    assert sentence(error) == words


def test_a_platform_writes_times_its_own_way() -> None:
    error = e.BudgetExhausted(AT)
    words = sentence(error, lambda moment: f"<t:{int(moment.timestamp())}:R>")
    assert words == "The bot has spent its budget for today. It starts again <t:1795219200:R>."


def test_an_unknown_error_still_gets_a_sentence() -> None:
    class New(FlipbookError):
        pass

    assert sentence(New()) == "Something went wrong inside the bot. Please try again."
