"""Judge of Discord's gateway payloads: JSON Schemas generated from discord-api-types, as the OpenAPI has no gateway."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from judges.complaints import explain
from judges.schemas import draft7

FILE = "discord-gateway-payloads.schema.json"

EVENTS = {
    "HELLO": "GatewayHelloData",
    "IDENTIFY": "GatewayIdentifyData",
    "READY": "GatewayReadyDispatchData",
    "GUILD_CREATE": "GatewayGuildCreateDispatchData",
    "MESSAGE_CREATE": "GatewayMessageCreateDispatchData",
    "MESSAGE_UPDATE": "GatewayMessageUpdateDispatchData",
    "MESSAGE_REACTION_ADD": "GatewayMessageReactionAddDispatchData",
}
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
INTERACTIONS = {
    COMMAND: "APIChatInputApplicationCommandInteraction",
    COMPONENT: "APIMessageComponentButtonInteraction",
    AUTOCOMPLETE: "APIApplicationCommandAutocompleteInteraction",
    MODAL: "APIModalSubmitInteraction",
}
SLASH, BUTTON = 1, 2
ANY_INTERACTION = "GatewayInteractionCreateDispatchData"  # context menus and selects fit only the whole union

UNJUDGED = frozenset(
    {
        "CHANNEL_DELETE",
        "CHANNEL_UPDATE",
        "GUILD_DELETE",
        "MESSAGE_DELETE",
        "MESSAGE_REACTION_REMOVE",
        "RESUMED",
        "THREAD_DELETE",
        "THREAD_UPDATE",
    }
)
"""Events without a schema in the generated set, named so that a new one is noticed."""


class GatewaySpec:
    """`payload` returns a list of complaints; an empty list is a pass."""

    def __init__(self, path: Path) -> None:
        schemas = json.loads(path.read_text(encoding="utf-8"))
        self._validators = {name: draft7(schema) for name, schema in schemas.items()}

    def payload(self, event: str, data: Any) -> list[str]:
        """Judge the `d` of one event, or of HELLO and IDENTIFY under these names."""
        if event in UNJUDGED:
            return []
        name = _interaction(data) if event == "INTERACTION_CREATE" else EVENTS.get(event)
        if name is None:
            return [f"gateway {event}: no schema"]
        judged = _modern_presence(data) if event == "IDENTIFY" else data
        return [f"gateway {event} {text}" for text in explain(self._validators[name].errors(judged))]


def is_judged(event: str) -> bool:
    """Whether there is a schema for this event at all."""
    return event == "INTERACTION_CREATE" or event in EVENTS


@cache
def gateway_spec(folder: Path) -> GatewaySpec:
    """The judge for a folder of descriptions, loaded once per process."""
    return GatewaySpec(folder / FILE)


def _modern_presence(identify: Any) -> Any:
    # A tolerance: discord.py and hikari both still name their activity `game`, which Discord takes.
    presence = identify.get("presence")
    if not isinstance(presence, dict) or "game" not in presence:
        return identify
    activities = [presence["game"]] if presence["game"] else []
    return {**identify, "presence": {"activities": activities, **presence}}


def _interaction(data: Any) -> str | None:
    kind, inner = data.get("type"), data.get("data", {})
    if kind == COMMAND and inner.get("type") != SLASH:
        return ANY_INTERACTION
    if kind == COMPONENT and inner.get("component_type") != BUTTON:
        return ANY_INTERACTION
    return INTERACTIONS.get(kind)
