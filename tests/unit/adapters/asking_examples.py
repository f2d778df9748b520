"""What Slack's mentions are answered with, from the shortest to the longest."""

from collections.abc import Iterator

from adapters.slack.models import SlackContent
from adapters.slack.text import asking
from generation.protocol.errors import FlipbookError


def asking_contents() -> Iterator[SlackContent]:
    for words in ("x", "a fox " * 300, "&lt;" * (asking.MOST_BUTTON_VALUE // 4), "x" * (asking.MOST_BUTTON_VALUE + 1)):
        yield asking.ask_content(words, "1700000000.000100", None)
    yield asking.refused_content(FlipbookError(), "a fox --dance")
    yield asking.chat_content()
    yield asking.direct_chat_content()
    yield asking.comes_elsewhere_content()
    yield asking.comes_privately_content()
    yield from (asking.comes_later_content(seconds) for seconds in (1, 60, 10**6))
