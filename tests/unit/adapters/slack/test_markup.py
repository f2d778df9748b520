"""What Slack does to text is undone on the way in, and what the bot writes notifies no one and links nowhere."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.text.markup import (
    channel_mention,
    date,
    escape,
    escaped_within,
    ids_in,
    plain,
    user_mention,
    without_mention,
)

AT = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a fox &amp; a hen &lt;3", "a fox & a hen <3"),
        ("&amp;lt;", "&lt;"),
        ("“blurry” ‘text’ „low“ «x»", '"blurry" \'text\' "low" "x"'),
        ("a fox —turbo –seed 3", "a fox —turbo –seed 3"),
        ("a fox — in snow – at night", "a fox — in snow – at night"),
        ("5−3 well—known", "5−3 well—known"),
        ("for <@U1|mira> and <@U2>", "for @mira and @U2"),
        ("in <#C1|general>, <#C2>", "in #general, #C2"),
        ("<!channel> <!here|here> <!subteam^S1|@painters> <!subteam^S2>", "@channel @here @painters @subteam"),
        ("<!date^1795219200^{date}|some day>", "some day"),
        ("<https://a.example/?q=1&amp;r=2|a fox>", "a fox"),
        ("<https://a.example/?q=1&amp;r=2>", "https://a.example/?q=1&r=2"),
        ("<mailto:fox@a.example|fox@a.example>", "fox@a.example"),
        ("1 < 2 > 0", "1 < 2 > 0"),
    ],
)
def test_what_slack_did_to_text_is_undone(written: str, meant: str) -> None:
    assert plain(written) == meant


def test_the_bots_own_name_is_not_part_of_the_wish() -> None:
    assert without_mention("hey <@U1> a fox <@U1|flipbook> for <@U2>", "U1") == "hey   a fox   for <@U2>"


def test_a_time_is_shown_in_each_readers_zone() -> None:
    assert date(AT) == "<!date^1795219200^{date_short_pretty} at {time}|2026-11-21 00:00 UTC>"


def test_mentions_are_made_of_ids_only() -> None:
    assert (user_mention("U1A2"), channel_mention("C1A2")) == ("<@U1A2>", "<#C1A2>")
    assert user_mention("U1> <!channel") == "U1&gt; &lt;!channel"
    assert channel_mention("general") == "general"


def test_ids_are_read_from_mentions_only() -> None:
    text = "<#C1|general> <#C2> <@U1|mira> general <#nope!> <@U2>"
    assert (ids_in(text, "#"), ids_in(text, "@")) == (["C1", "C2"], ["U1", "U2"])


@given(st.text(), st.integers(min_value=1, max_value=80))
def test_escaped_text_fits_and_holds_no_markup(text: str, limit: int) -> None:
    escaped = escaped_within(text, limit)
    assert len(escaped) <= limit
    assert "<" not in escaped
    assert ">" not in escaped
    without = escaped.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    assert "&" not in without


@given(st.text())
def test_what_is_escaped_reads_as_it_was(text: str) -> None:
    back = escape(text).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert back == text
