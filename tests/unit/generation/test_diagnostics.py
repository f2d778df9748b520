"""Clocks are compared by the date of an HTTP answer, and a finding reads as one line."""

from datetime import timedelta

import pytest

from factories import NOW, later
from generation.diagnostics import Checkup, Finding, Grade, clock_offset, offset_words

DATE = "Fri, 20 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize("seconds", [0, 400, -400])
def test_a_clock_is_compared_with_the_date_of_an_answer(seconds: int) -> None:
    assert clock_offset(DATE, later(seconds=seconds)) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "date", [None, "", "yesterday", "Fri, 99 Nov 2026 12:00:00 GMT", "Fri, 20 Nov 2026 12:00:00 -0000"]
)
def test_an_answer_without_a_usable_date_says_nothing(date: str | None) -> None:
    assert clock_offset(date, NOW) is None


def test_offsets_are_said_in_words() -> None:
    assert offset_words(timedelta(seconds=3600.4), "Slack") == "3,600 s ahead of Slack's"
    assert offset_words(timedelta(seconds=-12), "Slack") == "12 s behind Slack's"


def test_a_finding_is_one_line_and_a_checkup_is_as_good_as_its_worst() -> None:
    good, note, bad = (Finding(grade, "a thing", "as it is") for grade in Grade)
    assert [str(each) for each in (good, bad)] == ["ok   a thing: as it is", "BAD  a thing: as it is"]
    assert Checkup((good, note)).is_good
    assert not Checkup((good, bad)).is_good
