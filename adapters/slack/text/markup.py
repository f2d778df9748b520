"""Slack's markup: removed from what people type, and escaped or added in what the bot writes."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from adapters.slack.text.emoji import shown_emoji
from generation.domain.refs import ChannelRef, Platform
from generation.text.dialect import Dialect, excerpt, utc_moment

_MENTION: Final = re.compile(r"<(?P<kind>[@#!])(?P<id>[^|>]*)(?:\|(?P<label>[^>]*))?>")
_LINK: Final = re.compile(
    r"<(?P<url>(?:https?|mailto|tel|ftp|slack):[^|>]*)(?:\|(?P<label>[^>]*))?>"
)
_QUOTES: Final = str.maketrans("“”„‟«»‘’", '"' * 6 + "'" * 2)


def plain(text: str) -> str:
    """What a person typed, without the entities, links, mentions and curly quotes that Slack's
    clients put into it."""
    return as_typed(text).translate(_QUOTES)


def as_typed(text: str) -> str:
    """What a person typed, to be shown to them again: without entities, links and mentions."""
    text = _LINK.sub(lambda found: found["label"] or found["url"], text)
    text = _MENTION.sub(_mention_words, text)
    # & last: what a person typed as &lt; arrives as &amp;lt;
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def without_mention(text: str, user_id: str) -> str:
    """The words around every mention of one member: what remains of ``<@U1> a fox`` is ``a
    fox``."""
    # a space, so that the words on both sides stay apart
    return re.sub(rf"<@{re.escape(user_id)}(?:\|[^>]*)?>", " ", text).strip()


def escape(text: str) -> str:
    """Text that notifies no one and links nowhere: Slack's three control characters as entities."""
    # & first, else it would escape the other entities again
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escaped_within(text: str, limit: int) -> str:
    """Escaped text of at most ``limit`` characters, cut before the character that would pass it."""
    escaped = escape(text)
    if len(escaped) <= limit:
        return escaped
    # cut between characters: half an entity would be shown as it is
    room = limit - 1
    kept: list[str] = []
    for character in text:
        piece = escape(character)
        room -= len(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept) + "…"


def date(when: datetime) -> str:
    """A moment that Slack shows in each reader's own zone: ``tomorrow at 1:00 AM``."""
    return f"<!date^{int(when.timestamp())}^{{date_short_pretty}} at {{time}}|{utc_moment(when)}>"


def user_mention(user_id: str) -> str:
    """Shows a member's name; text that has not the form of an id is shown as it is."""
    return f"<@{user_id}>" if _is_id(user_id) else escape(user_id)


def channel_mention(channel_id: str) -> str:
    """Shows a channel's name to members who may see it."""
    return f"<#{channel_id}>" if _is_id(channel_id) else escape(channel_id)


def ids_in(text: str, kind: str) -> list[str]:
    """The ids in a text's mentions, in order: ``kind`` is ``@`` for members, ``#`` for
    channels."""
    return [
        found["id"]
        for found in _MENTION.finditer(text)
        if found["kind"] == kind and _is_id(found["id"])
    ]


def _is_id(text: str) -> bool:
    return re.fullmatch(r"[A-Z0-9]{2,32}", text) is not None


def _mention_words(found: re.Match[str]) -> str:
    return _WORDS_OF[found["kind"]](found["id"], found["label"])


def _member(user_id: str, label: str | None) -> str:
    return "@" + (label or user_id).lstrip("@")


def _channel(channel_id: str, label: str | None) -> str:
    return "#" + (label or channel_id)


def _special(name: str, label: str | None) -> str:
    """``<!here>``, ``<!subteam^S1|@painters>`` and ``<!date^…|some day>``."""
    if name.startswith("date"):
        return label or ""
    return "@" + (label or name.partition("^")[0]).lstrip("@")


_WORDS_OF: Final[dict[str, Callable[[str, str | None], str]]] = {
    "@": _member,
    "#": _channel,
    "!": _special,
}


def _quoted(text: str, room: int) -> str:
    return escaped_within(excerpt(text, room), room)


def _bold(text: str) -> str:
    return f"*{text}*"


def _code(text: str) -> str:
    # a backtick would end it
    return f"`{escape(text.replace('`', chr(39)))}`"


def _link(url: str, label: str) -> str:
    return f"<{escape(url)}|{label}>"


def _posted_in(channel: ChannelRef) -> str:
    return channel_mention(channel.id)


def _show(clip: str) -> str:
    return f"/flipbook show {clip}"


SLACK: Final = Dialect(
    Platform.SLACK,
    escape=escape,
    quote=_quoted,
    when=date,
    user=user_mention,
    channel=channel_mention,
    emoji=shown_emoji,
    posted_in=_posted_in,
    bold=_bold,
    code=_code,
    link=_link,
    show=_show,
    bullet="• ",
    admin="/flipbook admin",
    everywhere="/flipbook admin channels everywhere",
)
"""The core's sentences as Slack shows them."""
