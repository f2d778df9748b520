"""What of a text people see: without marks that show nothing, by which words are hidden or nothing
looks like something."""

import re
import unicodedata
from typing import Final

_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u2800\u3164"
    "\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Invisible although no format characters: joiners, fillers, blanks, variation selectors."""


def visible(text: str) -> str:
    """The text without format characters and other invisible marks; spaces stay."""
    if text.isascii():
        return text  # which has none of them
    return "".join(c for c in text if unicodedata.category(c) != "Cf" and not _INVISIBLE.match(c))


def is_blank(text: str) -> bool:
    """Whether nothing of the text shows."""
    return not visible(text).strip()


def kept_emoji(emoji: str) -> str:
    """An emoji as rules keep it: without the mark for its coloured form, which clients send or
    leave out."""
    return emoji.replace("\ufe0f", "")
