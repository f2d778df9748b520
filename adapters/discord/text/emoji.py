"""Emoji as Discord writes them: a custom one by its id."""

import re
from typing import Final

import discord

from generation.protocol.visible import kept_emoji
from generation.rules.policy import PolicyName

_CUSTOM: Final = re.compile(r"<a?:\w{2,32}:(\d{5,20})>")


def emoji_ids(name: PolicyName, text: str) -> str:
    """What an admin has typed for a setting, with custom emoji as their ids."""
    if name is not PolicyName.REROLL_EMOJI:
        return text
    # pasted without a space between them, they are still several
    return kept_emoji(_CUSTOM.sub(r" \1 ", text))


def emoji_of(emoji: discord.PartialEmoji) -> str:
    """A reaction's emoji as rules keep it: a custom one by its id."""
    return str(emoji.id) if emoji.id is not None else kept_emoji(emoji.name)


def shown_emoji(emoji: str) -> str:
    """An emoji of the rules in a message: Discord shows a custom one of the server by its id."""
    return f"<:emoji:{emoji}>" if emoji.isdecimal() else emoji
