"""Emoji as rules keep them, so that one is the same however a client sends it."""

from typing import Final

_VARIATION: Final = "\ufe0f"
"""Asks for the coloured form of a sign; clients send it or leave it out."""


def kept_emoji(emoji: str) -> str:
    """An emoji without what does not tell it from another: itself, a custom one's id, or its
    name."""
    return emoji.replace(_VARIATION, "")
