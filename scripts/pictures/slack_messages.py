"""Draws a payload for Slack as Slack shows it: blocks or text, markup, buttons, the file."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html import escape, unescape
from typing import Any, Final

from pictures.examples import NAMES, NOW
from pictures.page import ChatStyle, app, buttons, clip, code

STYLE: Final = ChatStyle("slack", "APP")
_SPANS: Final = re.compile(
    r"`(?P<code>[^`\n]+)`|\*(?P<bold>[^*\n]+)\*|<@(?P<user>\w+)>|<#(?P<channel>\w+)>|<(?P<url>https?://[^|>]+)\|(?P<label>[^>]*)>|<!date\^(?P<time>\d+)\^(?P<form>[^|]*)\|[^>]*>"
)


def message_html(
    payload: Mapping[str, Any], *, frame: str | None = None, is_private: bool = False
) -> str:
    """The HTML of a message. Where it has blocks, the text is only for notifications."""
    blocks = payload.get("blocks") or [
        {"type": "section", "text": {"type": "mrkdwn", "text": payload["text"]}}
    ]
    files = "".join(clip(frame or "", file["title"]) for file in payload.get("files", ()))
    above = "Only visible to you" if is_private else ""
    note = "(edited)" if payload.get("files") else ""
    return app(
        STYLE, "".join(map(_block, blocks)) + files, above=above, is_private=is_private, note=note
    )


def _block(block: Mapping[str, Any]) -> str:
    match block["type"]:
        case "section":
            return "".join(map(_line, block["text"]["text"].split("\n")))
        case "context":
            return "".join(
                f'<div class="small">{_inline(each["text"])}</div>' for each in block["elements"]
            )
        case "actions":
            return buttons([_label(each) for each in block["elements"]])
        case "header":
            return f'<div class="head heading">{_plain(block["text"]["text"])}</div>'
        case other:
            raise ValueError(f"no style for a block of type {other}")


def _line(line: str) -> str:
    kind = ' class="quote"' if line.startswith("> ") else ""
    return f"<div{kind}>{_inline(line.removeprefix('> '))}</div>"


def home_html(view: Mapping[str, Any]) -> str:
    """The HTML of a Home tab."""
    return f'<div class="form home">{"".join(map(_block, view["blocks"]))}</div>'


def _label(element: Mapping[str, Any]) -> str:
    """A button's words, a list's choice; a menu is drawn as its three dots."""
    match element["type"]:
        case "static_select":
            return f"{element['initial_option']['text']['text']} ▾"
        case "overflow":
            return "⋯"
        case _:
            return str(element["text"]["text"])


def _inline(text: str) -> str:
    done, parts = 0, []
    for found in _SPANS.finditer(text):
        parts += [_plain(text[done : found.start()]), _span(found)]
        done = found.end()
    return "".join([*parts, _plain(text[done:])])


def _plain(text: str) -> str:
    return escape(unescape(text))


def _span(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "code":
            return code(_plain(found["code"]))
        case "bold":
            return f"<b>{_plain(found['bold'])}</b>"
        case "user":
            return f'<span class="at">@{NAMES[found["user"]]}</span>'
        case "label":
            return f'<span class="at">{_plain(found["label"])}</span>'
        case "channel":
            return '<span class="at">#clips</span>'
        case _:
            return _plain(_date(datetime.fromtimestamp(int(found["time"]), UTC), found["form"]))


def _date(moment: datetime, form: str) -> str:
    """A date as Slack writes it for a reader in London."""
    day = (
        "tomorrow"
        if moment.date() == NOW.date() + timedelta(days=1)
        else f"{moment:%b} {moment.day}"
    )
    return form.replace("{date_short_pretty}", day).replace(
        "{time}", f"{moment:%I:%M %p}".lstrip("0")
    )
