"""What a backend finds wrong with an input, field by field, in the words of
:class:`generation.protocol.errors.Violation`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from pydantic import JsonValue

from generation.domain.parsing import shown
from generation.protocol.errors import Violation
from generation.protocol.wire import DetailItem

_MOST_ITEMS: Final = 20
_LONGEST: Final = 120
_LONGEST_FIELD: Final = 60

Context = Mapping[str, JsonValue]


def violations_of(items: Iterable[DetailItem]) -> tuple[Violation, ...]:
    """One violation per field, in the backend's order: its first complaint about that field."""
    found: dict[str, Violation] = {}
    for item in list(items)[:_MOST_ITEMS]:
        field = field_of(item.loc)
        found.setdefault(field, Violation(field, _allowed(item), _given(item, field)))
    return tuple(found.values())


def field_of(loc: Iterable[str | int]) -> str:
    """``video_size.width`` from ``("body", "video_size", "custom", "width")``: without the body,
    tags and list positions."""
    # pydantic's tags of our size union and positions in a list mean nothing to members
    first, *rest = [*loc] or [""]
    parts = [*([] if first == "body" else [first]), *rest]
    names = (
        str(part)
        for part in parts
        if not isinstance(part, int) and part not in {"custom", "preset"}
    )
    return _plain(".".join(names), _LONGEST_FIELD)


def _allowed(item: DetailItem) -> str:
    words = _ALLOWED.get(item.type)
    try:
        allowed = words(item.ctx or {}) if words else item.msg
    except KeyError:
        # the backend left the bound out, so its own message has to do
        allowed = item.msg
    return _plain(allowed, _LONGEST)


def _given(item: DetailItem, field: str) -> str:
    # the input of a missing field is the object around it
    if item.type in {"missing", "value_error.missing"}:
        return "nothing"
    return (
        _plain(shown(item.input, field=field), _LONGEST_FIELD)
        if "input" in item.model_fields_set
        else ""
    )


def _plain(text: str, longest: int) -> str:
    # cut before it is filtered: a message may be a megabyte
    return "".join(c for c in text[: 4 * longest] if c.isprintable())[:longest]


def _choices(context: Context) -> str:
    expected = context["expected"]
    return (
        "one of " + ", ".join(map(str, expected)) if isinstance(expected, list) else str(expected)
    )


_ALLOWED: Final[Mapping[str, Callable[[Context], str]]] = {
    "greater_than": lambda context: f"more than {context['gt']}",
    "greater_than_equal": lambda context: f"at least {context['ge']}",
    "less_than": lambda context: f"less than {context['lt']}",
    "less_than_equal": lambda context: f"at most {context['le']}",
    "multiple_of": lambda context: f"a multiple of {context['multiple_of']}",
    "sequence_too_short": lambda context: f"at least {context['min_length']} long",
    "sequence_too_long": lambda context: f"at most {context['max_length']} long",
    "too_short": lambda context: f"at least {context['min_length']} long",
    "too_long": lambda context: f"at most {context['max_length']} long",
    "string_too_short": lambda context: f"at least {context['min_length']} characters",
    "string_too_long": lambda context: f"at most {context['max_length']} characters",
    "one_of": _choices,
    "enum": _choices,
    "literal_error": _choices,
    "missing": lambda _: "a value",
    "value_error.missing": lambda _: "a value",
}
