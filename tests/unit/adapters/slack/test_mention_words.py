"""What a mention buys, asks about, and answers with help."""

import pytest

from adapters.slack.handlers.mentions import Intent, wanted
from adapters.slack.handlers.payloads import Mention
from adapters.slack.models import Act

MAKE, ASK, CHAT = Intent.MAKE, Intent.ASK, Intent.CHAT


def mention(text: str, *, is_first: bool = True) -> Mention:
    return Mention(Act("mention:C1:1.2", "T1", "C1", "U1"), "1.2", text, is_of_bot=False, is_first=is_first)


@pytest.mark.parametrize(
    ("text", "intent", "words"),
    [
        ("animate a fox in snow", MAKE, "a fox in snow"),
        ("Animate: a fox", MAKE, "a fox"),
        ("please make a fox in snow", MAKE, "a fox in snow"),
        ("make me a clip of a fox", MAKE, "a fox"),
        ("create a short animation about two foxes", MAKE, "two foxes"),
        ("draw me a fox", MAKE, "a fox"),
        ("generate fox", MAKE, "fox"),
        ("imagine a video game level", MAKE, "a video game level"),
        ("a fox in snow --turbo", MAKE, "a fox in snow --turbo"),
        ("a fox —seed 7", MAKE, "a fox —seed 7"),
        ("a fox --hd", MAKE, "a fox --hd"),
        ("a fox in snow", ASK, "a fox in snow"),
        ("fox", ASK, "fox"),
        ("make it stop", ASK, "it stop"),
        ("make sure that nobody sees it", ASK, "sure that nobody sees it"),
        ("make sense?", ASK, "sense?"),
        ("can you make a fox?", ASK, "can you make a fox?"),
        ("animate a fox?", ASK, "a fox?"),
        ("is broken today", ASK, "is broken today"),
        ("that one is lovely with its red tail", ASK, "that one is lovely with its red tail"),
        ("a man — no hat", ASK, "a man — no hat"),
        ("maker spaces in winter", ASK, "maker spaces in winter"),
        ("", CHAT, ""),
        ("thanks!", CHAT, "thanks!"),
        ("Thank you so much", CHAT, "Thank you so much"),
        ("hello", CHAT, "hello"),
        ("hey, what's up", CHAT, "hey, what's up"),
        ("thanks, the fox is red", CHAT, "thanks, the fox is red"),
        ("queue", CHAT, "queue"),
        ("show history", CHAT, "show history"),
        ("help", CHAT, "help"),
        (":tada: :+1::skin-tone-2:", CHAT, ":tada: :+1::skin-tone-2:"),
        ("🎉", CHAT, "🎉"),
        ("make", CHAT, "make"),
        ("make me a clip", CHAT, "make me a clip"),
        ("animate something", CHAT, "animate something"),
    ],
)
def test_only_what_says_so_is_bought(text: str, intent: Intent, words: str) -> None:
    found = wanted(mention(text))
    assert (found.intent, found.words) == (intent, words)


@pytest.mark.parametrize("text", ["animate a fox in snow", "a fox --turbo"])
def test_a_message_that_only_names_the_bot_on_the_way_buys_nothing(text: str) -> None:
    assert wanted(mention(text, is_first=False)).intent is ASK
