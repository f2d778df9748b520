"""The kinds of values that a policy's fields have: how each is read from what an admin writes, and
how it is written."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import available_timezones

from generation.domain.style import MAX_NAME
from generation.protocol.messages import mark
from generation.protocol.request import Endpoint, ImageSize, VideoSizePreset
from generation.rules.policy import MAX_ADDED_NEGATIVE, MAX_EMOJI, MAX_TERM, AgeRule, NotifyWhen
from generation.text.dialect import Dialect, Markup, excerpt
from generation.text.limits import NONE, NUMBER, NUMBER_OR_NONE, sides_of

MOST_NAMED: Final = 20
_TERM_ROOM: Final = 60
_NEGATIVE_ROOM: Final = 200
_MOST_ID: Final = 64
_QUALITIES: Final = {endpoint.label: endpoint for endpoint in Endpoint}
_CHANNEL_IDS: Final = mark("ids of channels, or none")
_MEMBER_IDS: Final = mark("ids of members, or none")
_ROLE_IDS: Final = mark("ids of roles, or none")
_NOTHING: Final = frozenset({"none", "no", "off", "-", "default"})

Read = Callable[[str], object]
Write = Callable[[Any, Dialect], str]


@dataclass(frozen=True, slots=True)
class FieldKind:
    """``read`` raises ValueError for what is no such value; ``write`` takes a value of the field's
    type or as JSON has it; ``allowed`` says what may be written."""

    read: Read
    write: Write
    allowed: str
    """A message of the catalogue."""
    bounds: tuple[int, int] | None = None
    is_list: bool = False

    def allowed_words(self, d: Dialect) -> Markup:
        """What may be written."""
        low, high = self.bounds or (0, 0)
        return d.gettext(self.allowed, low=f"{low:,}", high=f"{high:,}")


def listed(names: Sequence[str], d: Dialect) -> Markup:
    """``a, b, c`` and how many more; empty for none."""
    shown, more = ", ".join(names[:MOST_NAMED]), len(names) - MOST_NAMED
    if more <= 0:
        return Markup(shown)
    return d.ngettext("{names} and {n} more", "{names} and {n} more", more, names=Markup(shown))


def term_words(term: str, d: Dialect) -> str:
    """As it was written, in a form in which no markup is read: asterisks are part of a term."""
    line = excerpt(term, _TERM_ROOM)
    code = d.code(line)
    # the terminal has no code, and in code no backtick can be written
    return f"“{d.quote(term, _TERM_ROOM)}”" if code == line or "`" in line else code


def _list_of(write_one: Callable[[str, Dialect], str], allowed: str, empty: str) -> FieldKind:
    def write(values: Iterable[str] | None, d: Dialect) -> str:
        return listed([write_one(each, d) for each in sorted(values or ())], d) or d.gettext(empty)

    return FieldKind(_refs, write, allowed, is_list=True)


def _ids(text: str) -> frozenset[str]:
    if text.strip().lower() in _NOTHING:
        return frozenset()
    found = frozenset(text.replace(",", " ").split())
    if not found or max(map(len, found)) > _MOST_ID:
        raise ValueError(text)
    return found


def _refs(text: str) -> frozenset[str]:
    """Ids of channels, members or roles: no chat has others than letters and digits."""
    found = _ids(text)
    if not all(map(_is_id, found)):
        raise ValueError(text)
    return found


def _is_id(text: str) -> bool:
    return text.isascii() and text.replace("-", "").replace("_", "").isalnum()


def _terms(text: str) -> frozenset[str]:
    if text.strip().lower() in _NOTHING:
        return frozenset()
    # a term may be of several words, so only commas part them
    found = frozenset(term for part in text.split(",") if (term := " ".join(part.split())))
    if not found or max(map(len, found)) > MAX_TERM:
        raise ValueError(text)
    return found


def _choice(words: Mapping[str, str], allowed: str) -> FieldKind:
    def read(text: str) -> str:
        typed = text.strip().lower().replace(" ", "_").replace("-", "_")
        if typed not in words:
            raise ValueError(text)
        return typed

    return FieldKind(read, lambda value, d: d.gettext(words[str(value)]), allowed)


def number(low: int, high: int, *, default: str | None = None) -> FieldKind:
    """A whole number; with a ``default`` it may be left to others, which that says."""

    def read(text: str) -> int | None:
        if default is not None and text.strip().lower() in _NOTHING:
            return None
        value = int(text.replace(",", ""))
        if not low <= value <= high:
            raise ValueError(text)
        return value

    def write(value: int | None, d: Dialect) -> str:
        return d.gettext(default or NONE) if value is None else f"{value:,}"

    return FieldKind(read, write, NUMBER_OR_NONE if default else NUMBER, (low, high))


def _quality(text: str) -> Endpoint | None:
    typed = text.strip().lower()
    if typed in _NOTHING:
        return None
    return _QUALITIES[typed]


def _quality_words(value: str | None, d: Dialect) -> str:
    return d.gettext(MEMBERS_OWN) if value is None else Endpoint(value).label


def _size(text: str) -> object:
    typed = text.strip().lower()
    if typed in _NOTHING:
        return None
    if typed in set(VideoSizePreset):
        return VideoSizePreset(typed)
    width, height = sides_of(typed)
    return ImageSize(width=width, height=height)


def _size_words(value: object, d: Dialect) -> str:
    if value is None:
        return d.gettext(MEMBERS_OWN)
    if isinstance(value, str):
        return value
    sides = value if isinstance(value, Mapping) else vars(value)
    return f"{sides['width']}×{sides['height']}"


def _text(text: str) -> str:
    words = " ".join(text.split())
    if words.lower() in _NOTHING:
        return ""
    if len(words) > MAX_ADDED_NEGATIVE:
        raise ValueError(text)
    return words


def _text_words(value: str | None, d: Dialect) -> str:
    return d.quote(value, _NEGATIVE_ROOM) if value else d.gettext(NONE)


def _style(text: str) -> str | None:
    typed = text.strip()
    if typed.lower() in _NOTHING:
        return None
    if len(typed) > MAX_NAME:
        raise ValueError(text)
    return typed


def _zone(text: str) -> str:
    typed = text.strip().replace(" ", "_")
    known = {zone.lower(): zone for zone in available_timezones()}
    return known[typed.lower()]


def _channel(text: str) -> str | None:
    typed = text.strip()
    if typed.lower() in _NOTHING:
        return None
    if len(typed) > _MOST_ID or not _is_id(typed):
        raise ValueError(text)
    return typed


def _emoji(text: str) -> frozenset[str]:
    found = _ids(text)
    if len(found) > MAX_EMOJI:
        raise ValueError(text)
    return found


def _emoji_words(values: Iterable[str] | None, d: Dialect) -> str:
    return " ".join(map(d.emoji, sorted(values or ()))) or d.gettext(NONE)


MEMBERS_OWN: Final = mark("the usual")
"""Where a server has no default of its own."""
NO_STYLE: Final = mark("no style")

CHANNELS: Final = _list_of(lambda each, d: d.channel(each), _CHANNEL_IDS, mark("every channel"))
DENIED_CHANNELS: Final = _list_of(lambda each, d: d.channel(each), _CHANNEL_IDS, NONE)
BLOCKED_USERS: Final = _list_of(lambda each, d: d.user(each), _MEMBER_IDS, mark("nobody"))
ALLOWED_USERS: Final = _list_of(lambda each, d: d.user(each), _MEMBER_IDS, mark("everybody"))
ALLOWED_ROLES: Final = _list_of(lambda each, d: d.role(each), _ROLE_IDS, mark("every role"))
EXEMPT_ROLES: Final = _list_of(lambda each, d: d.role(each), _ROLE_IDS, NONE)
TERMS: Final = FieldKind(
    _terms,
    lambda values, d: (
        listed([term_words(each, d) for each in sorted(values or ())], d) or d.gettext(NONE)
    ),
    mark("words of at most {high} characters with commas between them, or none"),
    (1, MAX_TERM),
    is_list=True,
)
AGE: Final = _choice(
    {
        AgeRule.ANYWHERE: mark("anywhere"),
        AgeRule.ONLY_RESTRICTED: mark("only in age-restricted channels"),
        AgeRule.NEVER_RESTRICTED: mark("never in age-restricted channels"),
    },
    mark("anywhere, only or never"),
)
NOTIFY: Final = _choice(
    {
        NotifyWhen.NEVER: mark("never"),
        NotifyWhen.WHEN_SLOW: mark("when slow"),
        NotifyWhen.ALWAYS: mark("always"),
    },
    mark("never, when slow or always"),
)
QUALITY: Final = FieldKind(_quality, _quality_words, mark("standard, turbo or none"))
SIZE: Final = FieldKind(_size, _size_words, mark("a size such as 512x512, or none"))
NEGATIVE: Final = FieldKind(_text, _text_words, mark("at most 500 characters, or none"))
STYLE: Final = FieldKind(
    _style,
    lambda value, d: d.escape(value) if value else d.gettext(NO_STYLE),
    mark("the name of a style, or none"),
)
ZONE: Final = FieldKind(
    _zone,
    lambda value, _: str(value),
    mark("a time zone such as Europe/Berlin or America/New_York"),
)
LOG_CHANNEL: Final = FieldKind(
    _channel,
    lambda value, d: d.channel(value) if value else d.gettext(NONE),
    mark("the id of a channel, or none"),
)
EMOJI: Final = FieldKind(
    _emoji, _emoji_words, mark("at most 5 emoji with spaces between them, or none")
)
