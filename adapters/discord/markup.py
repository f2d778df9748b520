"""Strangers' text as Discord shows it: no mention, no formatting, no link comes out of it."""

import re
from datetime import datetime
from typing import Final

from generation.clip_words import excerpt

_MARKUP: Final = re.compile(r"[\\*_~`|<>\[\]@#]|:(?=//)|^[-+](?=\s)|^\d+(?=[.)]\s)")
_TIME: Final = re.compile(r"<t:\d+:[RFft]>")


def relative_moment(moment: datetime) -> str:
    """A time that each reader's own Discord writes as "in 5 minutes"."""
    return f"<t:{int(moment.timestamp())}:R>"


def escaped(text: str) -> str:
    """The text with every character that Discord would act upon made plain."""
    return _MARKUP.sub(lambda match: _plain(match[0]), text)


def escaped_sentence(text: str) -> str:
    """A sentence of the core's: escaped, but for the times that :func:`relative_moment` put into it."""
    times = _TIME.findall(text)
    parts = _TIME.split(text)
    return "".join(escaped(part) + time for part, time in zip(parts, [*times, ""], strict=True))


def quoted(text: str, room: int) -> str:
    """A stranger's text on one escaped line of at most ``room`` characters."""
    limit = room
    while len(line := escaped(excerpt(text, limit))) > room:
        limit -= max(1, (len(line) - room) // 2)
    return line


def _plain(found: str) -> str:
    return f"{found}\\" if found[0].isdigit() else f"\\{found}"
