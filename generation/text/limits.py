"""Limits as admins read and write them in any chat: ``20``, ``none``, ``$5``, ``standard, turbo``.
Pure."""

from decimal import Decimal, InvalidOperation
from typing import Final

from generation.domain.limits import LimitName, Limits
from generation.domain.parsing import shown
from generation.domain.pricing import Micros, dollars, micros
from generation.protocol.errors import InvalidRequest, Violation
from generation.protocol.request import Endpoint
from generation.text.errors import limit_label

_NO_LIMIT: Final = frozenset({"none", "no", "unlimited", "off", "-"})
_OPTIONAL: Final = frozenset(
    {LimitName.USER_CLIPS_PER_DAY, LimitName.SERVER_CLIPS_PER_DAY, LimitName.SERVER_BUDGET_PER_DAY}
)
_MOST_DOLLARS: Final = 1_000_000


def limit_named(text: str) -> LimitName:
    """The limit that an admin has typed the name of. Raises ValueError."""
    return LimitName(text.strip().lower().replace("-", "_"))


def limit_words(limits: Limits, name: LimitName) -> str:
    """One limit's value for people: ``20``, ``$5.00``, ``standard, turbo`` or ``no limit``."""
    value = getattr(limits, name.value)
    if value is None:
        return "no limit"
    match name:
        case LimitName.SERVER_BUDGET_PER_DAY:
            return dollars(Micros(value))
        case LimitName.ENDPOINTS:
            return ", ".join(sorted(endpoint.label for endpoint in value)) or "none"
        case _:
            return f"{value:,}"


def limit_value(name: LimitName, text: str) -> object:
    """What an admin has written, as the field of Limits takes it.

    Raises InvalidRequest for anything else.
    """
    words = text.strip().lower()
    if words in _NO_LIMIT and name in _OPTIONAL:
        return None
    try:
        return _value(name, words)
    except (ValueError, InvalidOperation):
        raise InvalidRequest(
            (Violation(limit_label(name.value), limit_range_words(name), shown(text)),)
        ) from None


def limit_range_words(name: LimitName) -> str:
    """What may be written for a limit."""
    match name:
        case LimitName.SERVER_BUDGET_PER_DAY:
            return f"dollars from 0 to {_MOST_DOLLARS:,}, or none"
        case LimitName.ENDPOINTS:
            return "standard, turbo, or both with a comma between them"
        case _:
            low, high = _range(name)
            return f"a whole number from {low:,} to {high:,}" + (
                ", or none" if name in _OPTIONAL else ""
            )


def _value(name: LimitName, words: str) -> object:
    if name is LimitName.ENDPOINTS:
        labels = {endpoint.label: endpoint for endpoint in Endpoint}
        chosen = [part.strip() for part in words.split(",") if part.strip()]
        if not chosen or not set(chosen) <= set(labels):
            raise ValueError(words)
        return frozenset(labels[label] for label in chosen)
    if name is LimitName.SERVER_BUDGET_PER_DAY:
        amount = Decimal(words.removeprefix("$").replace(",", ""))
        if not 0 <= amount <= _MOST_DOLLARS:
            raise ValueError(words)
        return int(micros(amount))
    # people write 1,000 as they read it
    number = int(words.replace(",", ""))
    low, high = _range(name)
    if not low <= number <= high:
        raise ValueError(words)
    return number


def _range(name: LimitName) -> tuple[int, int]:
    """The smallest and largest value, from the field's own JSON Schema."""
    schema = Limits.model_json_schema()["properties"][name.value]
    number = next(
        (part for part in schema.get("anyOf", []) if part.get("type") == "integer"), schema
    )
    return number["minimum"], number["maximum"]
