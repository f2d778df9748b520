"""Escapes members' text for Discord, so that it makes no mention, formatting or link; and Discord's
markup for what the bot writes."""

import re
from datetime import datetime
from functools import partial
from typing import Final

from adapters.discord.refs import posting_id
from adapters.discord.text.emoji import shown_emoji
from generation.domain.job import Job
from generation.domain.refs import ChannelRef, MessageRef, Platform
from generation.text.dialect import Dialect, excerpt

_MARKUP: Final = re.compile(r"[\\*_~`|<>\[\]@#]|:(?=//)|^[-+](?=\s)|^\d+(?=[.)]\s)")


def relative_moment(moment: datetime) -> str:
    """A timestamp that Discord shows to each reader as "in 5 minutes"."""
    return f"<t:{int(moment.timestamp())}:R>"


def time_of_day(moment: datetime) -> str:
    """A timestamp that Discord shows to each reader as "16:20"."""
    return f"<t:{int(moment.timestamp())}:t>"


def escaped(text: str) -> str:
    """The text with every character escaped that Discord would take for markup."""
    return _MARKUP.sub(lambda match: _escape(match[0]), text)


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


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"


def _link(url: str, label: str) -> str:
    # angle brackets: no preview of the page
    return f"[{label}](<{url}>)"


def _posted_in(channel: ChannelRef) -> str:
    return f"<#{posting_id(channel)}>"


def message_url(message: MessageRef | None) -> str | None:
    """The address of a message for people."""
    if message is None:
        return None
    channel = message.channel
    return f"https://discord.com/channels/{channel.server.id}/{posting_id(channel)}/{message.id}"


def clip_url(job: Job, message: MessageRef | None) -> str | None:
    """The address of the message that shows a clip: one elsewhere than its job is a direct message,
    which belongs to no server."""
    if message is None or message.channel.id in {job.channel.id, job.channel.thread}:
        return message_url(message)
    return f"https://discord.com/channels/@me/{message.channel.id}/{message.id}"


def _show(clip: str) -> str:
    return f"/flipbook show id:{clip}"


DISCORD: Final = Dialect(
    Platform.DISCORD,
    escape=escaped,
    quote=quoted,
    when=relative_moment,
    user=partial(str.format, "<@{}>"),
    channel=partial(str.format, "<#{}>"),
    role=partial(str.format, "<@&{}>"),
    emoji=shown_emoji,
    posted_in=_posted_in,
    bold=partial(str.format, "**{}**"),
    code=_code,
    link=_link,
    show=_show,
    admin="/flipbook-admin",
    everywhere="/flipbook-admin channels everywhere",
)
"""The core's sentences as Discord shows them."""
