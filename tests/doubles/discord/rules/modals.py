"""What a modal must keep to that the official description does not say, and what comes back from one."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from doubles.discord.state.messages import Json

MAX_PARTS = 5
"""The official description allows 40."""
LABEL, TEXT, TEXT_DISPLAY, STRING_SELECT, FILE_UPLOAD, RADIO, CHECKBOX_GROUP, CHECKBOX = 18, 4, 10, 3, 19, 21, 22, 23
PARTS = frozenset({1, TEXT_DISPLAY, LABEL})
AS_VALUE = frozenset({TEXT, RADIO, CHECKBOX})
"""Fields whose answer is one value; the others come back as a list."""
OPTIONS = {STRING_SELECT: (1, 25), RADIO: (2, 10), CHECKBOX_GROUP: (1, 10)}
LENGTHS = {"title": 45, "label": 45, "description": 100, "placeholder": 100, "custom_id": 100}


def modal_violations(modal: Json) -> list[str]:
    """Everything wrong with a modal; empty when it is right."""
    return [*_shape_violations(modal), *(text for field in fields_of(modal) for text in _field_violations(field))]


def fields_of(modal: Json) -> Iterator[Json]:
    """The fields that a person fills in, in labels and in rows alike."""
    for part in modal.get("components") or []:
        inside = [part["component"]] if "component" in part else part.get("components") or []
        yield from (field for field in inside if "custom_id" in field)


def untouched(field: Json) -> Json:
    """The answer of a field that the person leaves as it is: its defaults."""
    if field["type"] == TEXT:
        return {"value": field.get("value") or ""}
    if field["type"] == CHECKBOX:
        return {"value": bool(field.get("default"))}
    chosen = [option["value"] for option in field.get("options") or [] if option.get("default")]
    return {"value": chosen[0] if chosen else None} if field["type"] == RADIO else {"values": chosen}


def answer(field: Json, given: Any) -> Json:
    """The answer of a field with what the person has put into it. Raises ValueError for what Discord's app refuses."""
    kind = field["type"]
    if kind == TEXT:
        _check_text(field, str(given))
        return {"value": str(given)}
    if kind == CHECKBOX:
        return {"value": bool(given)}
    chosen = [given] if isinstance(given, str) else list(given)
    _check_chosen(field, chosen)
    return {"value": chosen[0] if chosen else None} if kind == RADIO else {"values": chosen}


def _shape_violations(modal: Json) -> Iterator[str]:
    parts = modal.get("components") or []
    if not 1 <= len(parts) <= MAX_PARTS:
        yield f"a modal of {len(parts)} components; 1 to {MAX_PARTS} are allowed"
    yield from (f"a part of type {part['type']} in a modal" for part in parts if part["type"] not in PARTS)
    repeated = [name for name, n in Counter(field["custom_id"] for field in fields_of(modal)).items() if n > 1]
    if repeated:
        yield f"custom_id {repeated} is not unique in the modal"
    for node in (modal, *parts, *fields_of(modal)):
        for name, most in LENGTHS.items():
            if len(str(node.get(name) or "")) > most:
                yield f"{name} of {len(str(node[name]))} characters; {most} are allowed"


def _field_violations(field: Json) -> Iterator[str]:
    name, kind = field["custom_id"], field["type"]
    if field.get("disabled"):
        yield f"{name} is disabled, which a modal does not know"
    if kind == TEXT and len(field.get("value") or "") > (field.get("max_length") or 4000):
        yield f"{name} holds {len(field['value'])} characters; its max_length is {field.get('max_length') or 4000}"
    if field.get("required", True) and field.get("min_values") == 0:
        yield f"{name} is required, and nothing need be chosen"
    if kind == CHECKBOX and "required" in field:
        yield f"{name} is a checkbox, which cannot be required"
    if kind in OPTIONS:
        yield from _option_violations(field)


def _option_violations(field: Json) -> Iterator[str]:
    name, (low, high), options = field["custom_id"], OPTIONS[field["type"]], field.get("options") or []
    if not low <= len(options) <= high:
        yield f"{name} has {len(options)} options; {low} to {high} are allowed"
    if len({option["value"] for option in options}) < len(options):
        yield f"{name} offers a value twice"
    texts = [str(option.get(key) or "") for option in options for key in ("label", "value", "description")]
    if any(len(text) > 100 for text in texts):
        yield f"{name} has an option of more than 100 characters"
    if sum(bool(option.get("default")) for option in options) > _most(field):
        yield f"{name} has more defaults than may be chosen"


def _most(field: Json) -> int:
    most = field.get("max_values")
    # a group of checkboxes lets all be chosen, a select one
    return int(most or (len(field.get("options") or []) if field["type"] == CHECKBOX_GROUP else 1))


def _check_text(field: Json, value: str) -> None:
    low, high = field.get("min_length") or 0, field.get("max_length") or 4000
    if (field.get("required", True) and not value) or not (low <= len(value) <= high or not value):
        raise ValueError(f"{field['custom_id']}={value!r:.60} does not fit the field ({low}…{high} characters)")


def _check_chosen(field: Json, chosen: list[str]) -> None:
    offered = {option["value"] for option in field.get("options") or []}
    if offered and not set(chosen) <= offered:
        raise ValueError(f"{field['custom_id']} does not offer {chosen}")
    least = 1 if field.get("required", True) else 0
    if not max(field.get("min_values") or 0, least) <= len(chosen) <= _most(field):
        raise ValueError(f"{field['custom_id']} does not take {len(chosen)} choices")
