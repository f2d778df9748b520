"""What the operator reads of the last backup."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.commands.backup.words import age_words, backup_words, is_old
from generation.domain.backup import LastBackup

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
MADE = LastBackup(NOW - timedelta(hours=8), "/srv/a.tar", 12_300_000, NOW - timedelta(hours=7))


def test_a_new_one_tells_its_moment_size_and_that_it_is_sound() -> None:
    words = "the last one was made at 2026-11-30 04:00 UTC, 12.3 MB, verified at 2026-11-30 05:00 UTC"
    assert (backup_words(MADE, NOW), is_old(MADE, NOW)) == (words, False)


def test_everybody_reads_its_age_and_no_file() -> None:
    assert age_words(MADE, NOW) == "the last one is less than a day old, verified"
    old = replace(MADE, made_at=NOW - timedelta(days=1), verified_at=None)
    assert age_words(old, NOW) == "the last one is 1 day old, not verified"
    assert age_words(replace(MADE, made_at=NOW - timedelta(days=9)), NOW) == "the last one is 9 days old, verified"
    assert age_words(None, NOW) == "none was made"


def test_one_that_nobody_has_read_says_how_to() -> None:
    assert "not verified yet (`flipbook verify /srv/a.tar`)" in backup_words(replace(MADE, verified_at=None), NOW)


def test_an_old_one_and_none_at_all_say_what_to_do() -> None:
    old = replace(MADE, made_at=NOW - timedelta(days=9), bytes=None)
    for last, begins in ((old, "the last one was made at 2026-11-21 12:00 UTC, verified"), (None, "none was made")):
        words = backup_words(last, NOW)
        assert is_old(last, NOW)
        assert words.startswith(begins)
        assert words.endswith("`flipbook backup FILE` makes one while the bot runs")
