"""Escapes members' text for Discord, so that it makes no mention, formatting or link."""

import re
from datetime import datetime
from typing import Final

from generation.text.clips import excerpt

_MARKUP: Final = re.compile(r"[\\*_~`|<>\[\]@#]|:(?=//)|^[-+](?=\s)|^\d+(?=[.)]\s)")
_TIME: Final = re.compile(r"<t:\d+:[RFft]>")


def relative_moment(moment: datetime) -> str:
    """A timestamp that Discord shows to each reader as "in 5 minutes"."""
    return f"<t:{int(moment.timestamp())}:R>"


def escaped(text: str) -> str:
    """The text with every character escaped that Discord would take for markup."""
    return _MARKUP.sub(lambda match: _escape(match[0]), text)


def escaped_sentence(text: str) -> str:
    """A sentence of the core's, escaped except for the times that :func:`relative_moment` put into
    it."""
    # a member could type such a time too; shown as a time it does no harm
    times = _TIME.findall(text)
    parts = _TIME.split(text)
    return "".join(escaped(part) + time for part, time in zip(parts, [*times, ""], strict=True))


def quoted(text: str, room: int) -> str:
    """A member's text on one escaped line of at most ``room`` characters."""
    # escaping makes the line longer by a share that depends on the text: shorten until it fits
    limit = room
    while len(line := escaped(excerpt(text, limit))) > room:
        limit -= max(1, (len(line) - room) // 2)
    return line


def _escape(found: str) -> str:
    # "1." at the start of a line: the backslash goes behind the number, because it escapes signs
    # only
    return f"{found}\\" if found[0].isdigit() else f"\\{found}"
