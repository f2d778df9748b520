"""Draws a payload for Discord as Discord shows it: its markup, its buttons, the attached clip."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any, Final

from adapters.discord.text.layout import REROLL_EMOJI
from pictures.examples import NAMES, NOW
from pictures.page import ChatStyle, app, buttons, clip, code, reaction

STYLE: Final = ChatStyle("discord", "APP")
_SPANS: Final = re.compile(
    r"\\(?P<plain>.)|\*\*(?P<bold>.+?)\*\*|`(?P<code>[^`]+)`|<@(?P<user>\d+)>|<#(?P<channel>\d+)>|<t:(?P<clock>\d+):t>|<t:(?P<time>\d+):R>",
    re.DOTALL,
)
_HOUR: Final = 3600


def message_html(payload: Mapping[str, Any], *, above: str, frame: str | None = None) -> str:
    """The HTML of a message; flag 64 makes it ephemeral. A clip has the bot's own reaction."""
    is_private = bool(payload.get("flags", 0) & 64)
    lines = "".join(_line(line) for line in payload["content"].split("\n"))
    files = "".join(clip(frame or "", file["filename"]) for file in payload.get("attachments", ()))
    labels = [
        _label(button) for row in payload.get("components", ()) for button in row["components"]
    ]
    reacted = reaction(REROLL_EMOJI, 1) if files else ""
    only = '<div class="note">Only you can see this</div>' if is_private else ""
    note = "(edited)" if payload.get("attachments") else ""
    return app(
        STYLE,
        lines + files + buttons(labels) + reacted + only,
        above=above,
        is_private=is_private,
        note=note,
    )


def _label(button: Mapping[str, Any]) -> str:
    emoji = (button.get("emoji") or {}).get("name", "")
    return f"{emoji} {button.get('label', '')}".strip()


def _line(line: str) -> str:
    for start, kind in (("-# ", "small"), ("> ", "quote"), ("- ", "item")):
        if line.startswith(start):
            sign = "• " if kind == "item" else ""
            return f'<div class="{kind}">{sign}{_inline(line.removeprefix(start))}</div>'
    return f"<div>{_inline(line)}</div>"


def _inline(text: str) -> str:
    done, parts = 0, []
    for found in _SPANS.finditer(text):
        parts += [escape(text[done : found.start()]), _span(found)]
        done = found.end()
    return "".join([*parts, escape(text[done:])])


def _span(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "plain":
            return escape(found["plain"])
        case "bold":
            return f"<b>{_inline(found['bold'])}</b>"
        case "code":
            return code(escape(found["code"]))
        case "user":
            return f'<span class="at">@{NAMES[found["user"]]}</span>'
        case "channel":
            return '<span class="at">#clips</span>'
        case _:
            return f'<span class="time">{_time(found)}</span>'


def _time(found: re.Match[str]) -> str:
    if found["clock"]:
        return f"{datetime.fromtimestamp(int(found['clock']), UTC):%H:%M}"
    return _relative(int(found["time"]))


def _relative(moment: int) -> str:
    seconds = moment - int(datetime.timestamp(NOW))
    if not seconds:
        return "now"
    return f"in {seconds // _HOUR} hours" if seconds >= _HOUR else f"in {seconds} seconds"
