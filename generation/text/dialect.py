"""How sentences are written on one platform: its word for a place, its dates, mentions and markup.

Every sentence that members read stands once, in English, in a call of :meth:`Dialect.gettext`,
:meth:`Dialect.ngettext` or ``mark``, with its placeholders by name. ``pybabel extract -k mark``
collects them for translators; a language is a dialect with another catalogue.
"""

import gettext
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from generation.domain.refs import ITSELF, ChannelRef, Platform, UserRef
from generation.protocol.messages import mark
from generation.rules.pseudonyms import is_pseudonym

_JOINERS: Final = frozenset("\u200c\u200d")
"""Invisible, but Persian, Indic scripts and emoji are spelled with them."""


class Markup(str):
    """Text that carries its platform's markup: nothing of it is escaped when it is put into a
    sentence."""

    __slots__ = ()


def excerpt(text: str, limit: int) -> str:
    """Any text on one line of at most ``limit`` characters, without those that are invisible or
    change its direction."""
    # split twice: an invisible character may be between two spaces
    line = " ".join(text.split())
    if not line.isprintable():
        line = " ".join("".join(c for c in line if _shows(c)).split())
    if not line:
        return "…"
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def capital(words: str) -> Markup:
    """The words as a sentence begins."""
    return Markup(words[:1].upper() + words[1:])


def utc_moment(moment: datetime) -> str:
    """A moment for readers of whom no zone is known: ``2026-11-21 00:00 UTC``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def local_time(moment: datetime) -> str:
    """A moment in the zone of this machine: ``at 2026-11-21 01:00 CET``."""
    return moment.astimezone().strftime("at %Y-%m-%d %H:%M %Z")


def _channel_id(channel: ChannelRef) -> str:
    return channel.id


@dataclass(frozen=True, slots=True)
class Dialect:
    """What tells one platform's sentences from another's.

    ``when`` writes a moment so that it needs no preposition, in the reader's own zone; ``quote``
    writes a stranger's text on one line within a number of characters; ``show``, ``admin`` and
    ``everywhere`` are commands: to send a clip again, to see what admins can do, and to let the bot
    answer in every channel.
    """

    platform: Platform = Platform.TERMINAL
    escape: Callable[[str], str] = str
    quote: Callable[[str, int], str] = excerpt
    when: Callable[[datetime], str] = local_time
    user: Callable[[str], str] = str
    channel: Callable[[str], str] = str
    role: Callable[[str], str] = "role {}".format
    emoji: Callable[[str], str] = str
    posted_in: Callable[[ChannelRef], str] = _channel_id
    bold: Callable[[str], str] = str
    code: Callable[[str], str] = str
    link: Callable[[str, str], str] = "{1}: {0}".format
    show: Callable[[str], str] = str
    bullet: str = "- "
    admin: str = "flipbook admin"
    everywhere: str = "flipbook admin channels everywhere"
    catalogue: gettext.NullTranslations = field(default_factory=gettext.NullTranslations)

    @property
    def place(self) -> str:
        """What this platform's members call the place that limits belong to."""
        return self.catalogue.gettext(_PLACES[self.platform])

    def gettext(self, message: str, /, **values: object) -> Markup:
        """A sentence of the catalogue with its values, which are escaped unless they are
        :class:`Markup`; ``{place}`` is always known."""
        return self._filled(self.catalogue.gettext(message), values)

    def ngettext(self, one: str, many: str, number: int, /, **values: object) -> Markup:
        """A sentence about ``{n}`` things, in the form that the number takes."""
        message = self.catalogue.ngettext(one, many, number)
        return self._filled(message, values | {"n": f"{number:,}"})

    def who(self, user: UserRef) -> Markup:
        """A member's name; one of another platform is not mentioned."""
        if user == ITSELF:
            return Markup("Flipbook")
        if is_pseudonym(user):
            return self.gettext("a member who was forgotten")
        if user.platform is self.platform:
            return Markup(self.user(user.id))
        if user.platform is Platform.TERMINAL:
            return self.gettext("the operator ({name})", name=user.id)
        return Markup(self.escape(str(user)))

    def _filled(self, message: str, values: dict[str, object]) -> Markup:
        written = {
            name: value if isinstance(value, Markup) else self.escape(str(value))
            for name, value in values.items()
        }
        if "{place}" in message:
            written.setdefault("place", self.place)
        return Markup(message.format_map(written))


_PLACES: Final = {
    Platform.DISCORD: mark("server"),
    Platform.SLACK: mark("workspace"),
    Platform.TERMINAL: mark("machine"),
}

PLAIN: Final = Dialect()
"""The terminal's, and that of logs and health pages."""


def plain_for(platform: Platform) -> Dialect:
    """Without markup, for an operator who reads of another platform's server."""
    return replace(PLAIN, platform=platform, user="member {}".format, channel="channel {}".format)


def _shows(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co"}
