"""Bounds for JSON from outside: how many values it holds and how deep they nest, before anything
looks at them one by one."""

from typing import Final

from pydantic import JsonValue
from pydantic_core import from_json

_NO_MARKS: Final = bytes(set(range(256)) - set(b'[{"'))


class JsonTooLarge(ValueError):
    """The JSON holds more values, or nests deeper, than anything that was meant."""


def read_json(body: bytes | str, *, values: int, depth: int) -> JsonValue:
    """The value of a JSON text of at most so many values and levels. Raises JsonTooLarge, or
    ValueError for what is no JSON.

    Parsing a megabyte of numbers costs ten milliseconds; a validation that complains about each of
    them costs seconds.
    """
    value = parse_json(body, holders=values)
    if exceeds(value, values=values, depth=depth):
        raise JsonTooLarge(f"more than {values} values, or more than {depth} levels")
    return value


def parse_json(body: bytes | str, *, holders: int, allow_inf_nan: bool = False) -> JsonValue:
    """The value of a JSON text with at most so many lists and objects. Raises JsonTooLarge, or
    ValueError for what is no JSON: NaN and Infinity are none, and could not be sent back."""
    if _has_more_holders(body.encode() if isinstance(body, str) else body, holders):
        raise JsonTooLarge(f"more than {holders} lists and objects")
    value: JsonValue = from_json(body, allow_inf_nan=allow_inf_nan)
    return value


def is_small(body: bytes | str, *, values: int, depth: int) -> bool:
    """Whether a JSON text is too short for more than so many values, and has too few brackets for
    more than so many levels: most texts are, and need not be looked through."""
    if isinstance(body, str):
        body = body.encode()
    # a value and what separates it from the next one are two bytes
    is_short = len(body) <= 2 * values
    return is_short and body.count(b"[") + body.count(b"{") < depth


def exceeds(value: JsonValue, *, values: int, depth: int) -> bool:
    """Whether a value contains more than so many others, or nests deeper than so many levels."""
    # level by level: a recursive check could exhaust the stack
    level = [value]
    for _ in range(depth):
        holders = [holder for holder in level if isinstance(holder, dict | list)]
        # counted before they are listed: one holder may have half a million values
        values -= sum(map(len, holders))
        if values < 0:
            return True
        if not holders:
            return False
        level = [inner for holder in holders for inner in _inside(holder)]
    return True


def _has_more_holders(body: bytes, most: int) -> bool:
    """Counted in the text: making a megabyte of empty lists takes a quarter of a second."""
    if body.count(b"[") + body.count(b"{") <= most:
        return False
    # the brackets may stand in texts: every second part between two quotes is one
    unescaped = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    # without pairs of quotes that have no bracket between, of which there may be millions
    marks = unescaped.translate(None, _NO_MARKS).replace(b'""', b"")
    outside = b"".join(marks.split(b'"')[::2])
    return outside.count(b"[") + outside.count(b"{") > most


def _inside(holder: dict[str, JsonValue] | list[JsonValue]) -> list[JsonValue]:
    return list(holder.values()) if isinstance(holder, dict) else holder
