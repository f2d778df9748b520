"""The page that a picture is taken of, in a plain style without anything from outside, and its
words."""

import re
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import Final

WIDTH: Final = 640
_SHORT: Final = 45
"""Characters of code that fit into one line."""
_CSS: Final = """
* { box-sizing: border-box; margin: 0 }
body { width: 640px; font: 15px/1.42 "DejaVu Sans", "Noto Color Emoji", sans-serif;
       color: #24292f; background: #fff }
#picture { padding: 14px 18px 16px; background: #fff; border: 1px solid #d8dee4 }
.message { display: grid; grid-template-columns: 40px 1fr; gap: 0 12px; margin-top: 12px }
.message:first-child { margin-top: 0 }
.face { width: 40px; height: 40px; color: #fff; font-weight: bold; font-size: 18px;
        line-height: 40px; text-align: center; background: #0f766e }
.person .face { background: #7c5c2e }
.discord .face { border-radius: 50% }
.slack .face { border-radius: 7px }
.head { font-weight: bold }
.head .when, .note { font-weight: normal; font-size: 12px; color: #6e7781 }
.badge { font-size: 10px; padding: 1px 4px; margin-left: 5px; border-radius: 3px;
         vertical-align: 1px; color: #fff; background: #4f5b93 }
.slack .badge { color: #57606a; background: #eaeef2 }
.private { background: #f3f5fd; border-left: 3px solid #4f5b93; margin: 12px -10px 0; padding: 7px }
.message.private:first-child { margin: -4px -10px -6px }
.slack .private { background: #f7f7f4; border-color: #b8a66a }
.small { font-size: 12px; color: #57606a }
.quote { border-left: 4px solid #d0d7de; padding-left: 10px; margin: 2px 0 }
.item { padding-left: 16px; text-indent: -11px }
code { font: 13px "DejaVu Sans Mono", monospace; background: #eff1f3; padding: 1px 4px;
       border-radius: 3px }
.at, .time, code { white-space: nowrap }
code.long { white-space: normal; overflow-wrap: anywhere }
.message > div { min-width: 0 }
.at { color: #3b4a9c; background: #e9ecfb; border-radius: 3px; padding: 0 2px }
.time { background: #eff1f3; border-radius: 3px; padding: 0 3px }
.clip { position: relative; width: 352px; margin-top: 6px }
.clip img { display: block; width: 352px; border-radius: 6px }
.clip i { position: absolute; left: 50%; top: 50%; width: 52px; height: 52px; margin: -26px;
          border-radius: 50%; background: rgba(0, 0, 0, .55) }
.clip i::after { content: ""; position: absolute; left: 20px; top: 15px; border: solid transparent;
                 border-width: 11px 0 11px 18px; border-left-color: #fff }
.moving { min-height: 422px }
.moving .clip i { display: none }
.buttons { margin-top: 8px }
.button { display: inline-block; font-size: 14px; padding: 4px 13px; border-radius: 6px;
          border: 1px solid #c4cbd2; background: #f3f5f7 }
.slack .button { background: #fff; font-weight: bold }
.form { padding: 4px 8px }
.heading { font-size: 17px; margin: 18px 0 4px }
.field { margin-top: 10px }
.input { border: 1px solid #c4cbd2; border-radius: 6px; padding: 5px 10px; margin-top: 3px }
.input.note { font-size: 14px }
.choice { display: inline-block; margin-right: 18px }
.form .buttons { text-align: right }
.home .buttons { text-align: left; margin-bottom: 12px }
.reactions { margin-top: 8px }
.reaction { display: inline-block; font-size: 13px; padding: 1px 8px; border-radius: 9px;
            border: 1px solid #9aa5e0; background: #eef0fc }
"""


@dataclass(frozen=True, slots=True)
class ChatStyle:
    """How one platform's messages are drawn; ``badge`` is the word beside an app's name."""

    platform: str
    badge: str


def page(style: ChatStyle, messages: list[str], *, is_moving: bool = False) -> str:
    """A whole page with messages on it, oldest first. One of a moving picture is as high
    as the others, and its clip plays."""
    kind = f"{style.platform} moving" if is_moving else style.platform
    body = f'<div id="picture" class="{kind}">{"".join(messages)}</div>'
    head = f'<meta charset="utf-8"><link rel="icon" href="data:,"><style>{_CSS}</style>'
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


def person(name: str, words: str) -> str:
    """A message of a member."""
    return _message("person", _head(name), name, f"<div>{escape(words)}</div>")


def app(
    style: ChatStyle, body: str, *, note: str = "", above: str = "", is_private: bool = False
) -> str:
    """A message of the bot: ``above`` says what it answers, ``note`` is put beside the time."""
    answered = f'<div class="note">{escape(above)}</div>' if above else ""
    head = answered + _head("Flipbook", f'<span class="badge">{style.badge}</span>', note)
    return _message("private" if is_private else "app", head, "Flipbook", body)


def _head(name: str, badge: str = "", note: str = "") -> str:
    when = f'<span class="when"> 12:00{f" {escape(note)}" if note else ""}</span>'
    return f'<div class="head">{escape(name)}{badge}{when}</div>'


def _message(kind: str, head: str, name: str, inside: str) -> str:
    return (
        f'<div class="message {kind}"><div class="face">{escape(name[:1])}</div>'
        f"<div>{head}{inside}</div></div>"
    )


def clip(frame: str, words: str) -> str:
    """A video in a message, with its name below."""
    return (
        f'<div class="clip"><img alt="" src="{frame}"><i></i></div>'
        f'<div class="note">{escape(words)}</div>'
    )


def code(words: str) -> str:
    """Escaped words as code: a long one goes on in the next line, a short one does not."""
    kind = ' class="long"' if len(words) > _SHORT else ""
    return f"<code{kind}>{words}</code>"


def buttons(labels: list[str]) -> str:
    """A row of buttons."""
    drawn = " ".join(f'<span class="button">{escape(label)}</span>' for label in labels)
    return f'<div class="buttons">{drawn}</div>' if labels else ""


def reaction(emoji: str, count: int) -> str:
    """A reaction below a message."""
    return f'<div class="reactions"><span class="reaction">{emoji} {count}</span></div>'


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._is_hidden = False

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self._is_hidden = tag == "style"
        if tag in {"div", "br"}:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._is_hidden = False
        if tag == "div":
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._is_hidden:
            self.found.append(data)


def words_of(html: str) -> str:
    """The words that a page shows, line by line."""
    parser = _Words()
    parser.feed(html)
    return tidy("".join(parser.found))


def tidy(text: str) -> str:
    """Lines without empty ones, words with one space between them."""
    lines = (re.sub(r"\s+", " ", line).strip() for line in text.splitlines())
    return "\n".join(line for line in lines if line)
