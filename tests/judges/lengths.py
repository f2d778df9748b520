"""How long things may be by the pages of both platforms, where their machine-readable descriptions do not say it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

MOST_CONTENT: Final = 2_000
"""Characters of a message's content on Discord."""

_SLACK: Final[Mapping[str, Mapping[str, int]]] = {
    "header": {"text": 150},
    "section": {"text": 3_000},
    "context": {"elements": 10},
    "actions": {"elements": 25},
    "input": {"label": 2_000, "hint": 2_000},
    "button": {"text": 75, "value": 2_000, "accessibility_label": 75, "action_id": 255},
    "overflow": {"options": 5},
    "radio_buttons": {"options": 10},
    "checkboxes": {"options": 10},
    "static_select": {"options": 100, "placeholder": 150},
    "plain_text_input": {"initial_value": 3_000, "placeholder": 150},
    "number_input": {"placeholder": 150},
    "modal": {"title": 24, "submit": 24, "close": 24, "private_metadata": 3_000, "blocks": 100},
    "home": {"private_metadata": 3_000, "blocks": 100},
}
_SLACK_CONFIRM: Final = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
_SLACK_OPTION: Final = {"text": 75, "value": 150, "description": 75}
_DISCORD: Final[Mapping[int, Mapping[str, int]]] = {
    1: {"components": 5},
    2: {"label": 80, "custom_id": 100},
    3: {"options": 25, "placeholder": 150, "custom_id": 100},
    4: {"label": 45, "placeholder": 100, "value": 4_000, "custom_id": 100},
    18: {"label": 45, "description": 100},
    21: {"options": 10, "custom_id": 100},
    22: {"options": 10, "custom_id": 100},
}
_DISCORD_MODAL: Final = {"title": 45, "custom_id": 100, "components": 5}
_DISCORD_OPTION: Final = {"label": 100, "value": 100, "description": 100}


def too_long_for_slack(thing: object) -> list[str]:
    """Every part of blocks, or of a view, that is longer than Slack takes, or empty where it may not be."""
    return [complaint for part in _objects(thing) for complaint in _of_slack(part)]


def too_long_for_discord(thing: object) -> list[str]:
    """Every part of components, or of a modal, that is longer than Discord takes."""
    return [complaint for part in _objects(thing) for complaint in _of_discord(part)]


def _of_slack(part: Mapping[str, Any]) -> Iterator[str]:
    yield from _over(part, _SLACK.get(str(part.get("type")), {}))
    if isinstance(part.get("confirm"), dict) and part.get("type"):
        yield from _over(part["confirm"], _SLACK_CONFIRM)
    for option in part.get("options") or ():
        yield from _over(option, _SLACK_OPTION)
    if part.get("type") in ("plain_text", "mrkdwn") and not str(part.get("text", "")).strip():
        yield f"{part['type']}: an empty text"


def _of_discord(part: Mapping[str, Any]) -> Iterator[str]:
    kind = part.get("type")
    yield from _over(part, _DISCORD.get(kind, {}) if isinstance(kind, int) else _DISCORD_MODAL)
    for option in part.get("options") or ():
        yield from _over(option, _DISCORD_OPTION)


def _over(part: Mapping[str, Any], most: Mapping[str, int]) -> Iterator[str]:
    for name, limit in most.items():
        length = len(_measured(part.get(name)))
        if length > limit:
            yield f"{part.get('type')}: {name} has {length}, at most {limit}"


def _measured(value: object) -> Any:
    """A text itself, of a text object its text, of a list its entries."""
    if isinstance(value, dict):
        value = value.get("text")
    return value if isinstance(value, str | list | tuple) else ""


def _objects(thing: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(thing, Mapping):
        yield thing
        for value in thing.values():
            yield from _objects(value)
    elif isinstance(thing, list | tuple):
        for value in thing:
            yield from _objects(value)
