"""Emoji as Slack writes them: by name."""

import re
from collections.abc import Mapping
from typing import Final

from generation.protocol.visible import kept_emoji
from generation.rules.policy import PolicyName

_NAMES: Final[Mapping[str, str]] = {
    "🔁": "repeat",
    "🔄": "arrows_counterclockwise",
    "🎲": "game_die",
}
"""Of emoji that rules keep as themselves."""
_SKIN_TONE: Final = re.compile(r":?:skin-tone-\d:?")


def emoji_name(emoji: str) -> str:
    """Slack's name of an emoji of the rules, or of an event, without colons and skin tone."""
    plain = kept_emoji(_SKIN_TONE.sub("", emoji)).strip(":")
    return _NAMES.get(plain, plain).lower()


def emoji_names(name: PolicyName, text: str) -> str:
    """What an admin has typed for a setting, with emoji by their names."""
    if name is not PolicyName.REROLL_EMOJI:
        return text
    apart = _SKIN_TONE.sub("", text).replace("::", ": :").replace(",", " ")
    return " ".join(map(emoji_name, apart.split()))


def shown_emoji(emoji: str) -> str:
    """An emoji of the rules in a message."""
    return f":{emoji_name(emoji)}:"
