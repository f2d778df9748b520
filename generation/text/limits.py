"""Limits as admins read and write them in any chat: ``20``, ``none``, ``$5``, ``512×512``,
``standard, turbo``."""

import math
import re
from collections.abc import Iterable, Sequence
from decimal import InvalidOperation
from typing import Final

from generation.domain.money.currency import shown_currency
from generation.domain.parsing import shown
from generation.domain.pricing import Micros, micros, money
from generation.domain.refs import Platform
from generation.protocol.errors import InvalidRequest, Violation
from generation.protocol.messages import mark
from generation.protocol.request import SIDE_MULTIPLE, Endpoint
from generation.protocol.visible import is_blank
from generation.rules.limits import BUDGETS, Bounds, LimitName, Limits, bounds_of_limit
from generation.text.dialect import PLAIN, Dialect, Markup, capital, excerpt

NONE: Final = mark("none")
QUALITY: Final = mark("quality")
NO_CHANGE: Final = mark("No change. {label}: {value}, as before.")
FROM_NOW_ON: Final = mark("{label}: {value} from now on.")
NUMBER: Final = mark("a whole number from {low} to {high}")
NUMBER_OR_NONE: Final = mark("a whole number from {low} to {high}, or none")
_UNLIMITED: Final = mark("no limit")
_NO_LIMIT: Final = frozenset({NONE, _UNLIMITED, "no", "unlimited", "off", "-"})
_NAME_ROOM: Final = 40
_MOST_MONEY: Final = 1_000_000
_SIZE: Final = re.compile(r"(\d{1,5})\s*[x×*]\s*(\d{1,5})")

_LABELS: Final = {
    LimitName.USER_CLIPS_PER_HOUR: mark("clips per member per hour"),
    LimitName.USER_CLIPS_PER_DAY: mark("clips per member per day"),
    LimitName.USER_CLIPS_PER_MONTH: mark("clips per member per month"),
    LimitName.SERVER_CLIPS_PER_DAY: mark("clips per day in this {place}"),
    LimitName.SERVER_CLIPS_PER_MONTH: mark("clips per month in this {place}"),
    LimitName.USER_ACTIVE_JOBS: mark("clips under way per member"),
    LimitName.SERVER_ACTIVE_JOBS: mark("clips under way in this {place}"),
    LimitName.COOLDOWN_SECONDS: mark("seconds between two clips of a member"),
    LimitName.USER_BUDGET_PER_DAY: mark("budget of a member per day"),
    LimitName.USER_BUDGET_PER_MONTH: mark("budget of a member per month"),
    LimitName.SERVER_BUDGET_PER_DAY: mark("budget per day in this {place}"),
    LimitName.SERVER_BUDGET_PER_MONTH: mark("budget per month in this {place}"),
    LimitName.MAX_FRAMES: mark("frames per clip"),
    LimitName.MAX_STEPS: mark("steps per clip"),
    LimitName.MAX_PIXELS: mark("size of a clip"),
    LimitName.ENDPOINTS: QUALITY,
    LimitName.CLIP_RETENTION_DAYS: mark("days that clips are kept"),
    LimitName.PROMPT_RETENTION_DAYS: mark("days that prompts are kept"),
}
_TYPED: Final = {LimitName.MAX_PIXELS: "max_size", LimitName.ENDPOINTS: "quality"}
"""Limits that people type by another name than the one that is stored."""
_SERVER, _WORKSPACE = "server_", "workspace_"


def limit_label(name: LimitName, d: Dialect = PLAIN) -> Markup:
    """What a limit is called within a sentence."""
    return d.gettext(_LABELS[name])


def typed_name(name: LimitName, d: Dialect = PLAIN) -> str:
    """A limit's name as admins type it: ``max_frames``; ``workspace_clips_per_day`` on Slack."""
    typed = _TYPED.get(name, name.value)
    if d.platform is Platform.SLACK and typed.startswith(_SERVER):
        return _WORKSPACE + typed.removeprefix(_SERVER)
    return typed


def limit_named(text: str) -> LimitName:
    """The limit that an admin has typed the name of, by its stored name too. Raises ValueError."""
    typed = text.strip().lower().replace("-", "_")
    if typed.startswith(_WORKSPACE):
        typed = _SERVER + typed.removeprefix(_WORKSPACE)
    return next((name for name in LimitName if typed == typed_name(name)), None) or LimitName(typed)


def unknown_limit_words(given: str, d: Dialect = PLAIN) -> Markup:
    """After a name that no limit has, or none at all."""
    names = Markup(", ".join(d.code(typed_name(name, d)) for name in LimitName))
    if is_blank(given):
        return d.gettext("Name one of the limits: {names}.", names=names)
    return d.gettext(
        "There is no limit named {name}. The limits are {names}.",
        name=excerpt(given, _NAME_ROOM),
        names=names,
    )


def limit_words(limits: Limits, name: LimitName, d: Dialect = PLAIN) -> Markup:
    """One limit's value: ``20``, ``$5.00``, ``512×512``, ``standard, turbo`` or ``no limit``."""
    return value_words(name, getattr(limits, name.value), d)


def value_words(name: LimitName, value: object, d: Dialect = PLAIN) -> Markup:
    """A value of that limit, of the type that the field of Limits has."""
    match value:
        case None:
            return d.gettext(_UNLIMITED)
        case int() if name in BUDGETS:
            return Markup(money(Micros(value)))
        case int() if name is LimitName.MAX_PIXELS:
            return size_words(value)
        case int():
            return Markup(f"{value:,}")
        case _ if isinstance(value, Iterable):
            labels = sorted(Endpoint(each).label for each in value)
            return Markup(", ".join(labels)) or d.gettext(NONE)
    raise TypeError(f"{name} cannot be {type(value).__name__}")


def labelled(label: str, value: Markup, d: Dialect) -> Markup:
    """``Frames per clip: 32``."""
    return d.gettext("{label}: {value}", label=capital(label), value=value)


def size_words(pixels: int) -> Markup:
    """So many pixels as the most nearly square size that has them: ``512×512``, ``640×384``."""
    side = math.isqrt(pixels)
    for height in range(side, side // 2, -1):
        width, rest = divmod(pixels, height)
        if not rest and not width % SIDE_MULTIPLE and not height % SIDE_MULTIPLE:
            return Markup(f"{width}×{height}")
    # no size has exactly so many: the largest square that has no more
    return Markup(f"{side}×{side}")


def sides_of(words: str) -> tuple[int, int]:
    """Width and height of ``512x512``. Raises ValueError for what is no size."""
    sides = _SIZE.fullmatch(words)
    if sides is None:
        raise ValueError(words)
    return int(sides[1]), int(sides[2])


def frames_words(number: int, d: Dialect = PLAIN) -> Markup:
    """``16 frames``."""
    return d.ngettext("{n} frame", "{n} frames", number)


def steps_words(number: int, d: Dialect = PLAIN) -> Markup:
    """``25 steps``."""
    return d.ngettext("{n} step", "{n} steps", number)


def limit_value(
    name: LimitName, text: str, d: Dialect = PLAIN, *, called: str | None = None
) -> object:
    """What an admin has written, as the field of Limits takes it; ``called`` is what the admin
    calls the limit, if not by its label.

    Raises InvalidRequest for anything else.
    """
    words = text.strip().lower()
    if words in _NO_LIMIT and _bounds(name).is_optional:
        return None
    try:
        return _value(name, words)
    except (ValueError, InvalidOperation):
        # plain text: it is escaped where it is shown
        label, allowed = (
            called or str(capital(limit_label(name, d))),
            str(limit_range_words(name, d)),
        )
        raise InvalidRequest((Violation(label, allowed, shown(text)),)) from None


def limit_range_words(name: LimitName, d: Dialect = PLAIN) -> Markup:
    """What may be written for a limit."""
    if name in BUDGETS:
        return d.gettext("an amount from 0 to {most}, or none", most=f"{_MOST_MONEY:,}")
    if name is LimitName.ENDPOINTS:
        return d.gettext("standard, turbo, or both with a comma between them")
    low, high, is_optional = _bounds(name)
    if name is LimitName.MAX_PIXELS:
        return d.gettext("a size from {low} to {high}", low=size_words(low), high=size_words(high))
    bounds = {"low": f"{low:,}", "high": f"{high:,}"}
    if is_optional:
        return d.gettext(NUMBER_OR_NONE, **bounds)
    return d.gettext(NUMBER, **bounds)


def changed_limit_words(
    limits: Limits, name: LimitName, d: Dialect = PLAIN, *, before: Limits | None = None
) -> Markup:
    """After one limit was set; ``before`` are the limits until then."""
    value = limit_words(limits, name, d)
    said = {"label": capital(limit_label(name, d)), "value": Markup(d.bold(value))}
    if before is not None and limit_words(before, name, d) == value:
        return d.gettext(NO_CHANGE, **said)
    return d.gettext(FROM_NOW_ON, **said)


def _value(name: LimitName, words: str) -> object:
    if name is LimitName.ENDPOINTS:
        return _endpoints([part.strip() for part in words.split(",") if part.strip()])
    if name in BUDGETS:
        amount = shown_currency().number(words)
        if not 0 <= amount <= _MOST_MONEY:
            raise ValueError(words)
        return int(micros(amount))
    is_size = name is LimitName.MAX_PIXELS and _SIZE.fullmatch(words)
    # people write 1,000 as they read it
    number = math.prod(sides_of(words)) if is_size else int(words.replace(",", ""))
    low, high, _ = _bounds(name)
    if not low <= number <= high:
        raise ValueError(words)
    return number


def _endpoints(chosen: Sequence[str]) -> frozenset[Endpoint]:
    labels = {endpoint.label: endpoint for endpoint in Endpoint}
    if not chosen or not set(chosen) <= set(labels):
        raise ValueError(", ".join(chosen))
    return frozenset(labels[label] for label in chosen)


def _bounds(name: LimitName) -> Bounds:
    return bounds_of_limit(name) or Bounds(0, 0, is_optional=False)
