"""The payloads of what people do: commands, clicks, shortcuts, submissions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from doubles.slack.inbound import events, response_urls
from doubles.slack.platform import Platform
from doubles.slack.state import render
from doubles.slack.state.workspaces import Channel, Json, Message, OpenView, Trigger, Workspace
from doubles.slack.world import APP_ID, VERIFICATION_TOKEN

_CHANNEL_NAMES = {"private": "privategroup", "dm": "directmessage"}
_SELECTS = {"static_select": "selected_option", "overflow": "selected_option", "radio_buttons": "selected_option"}


def slash(platform: Platform, workspace: Workspace, channel: Channel, user: str, command: str, text: str) -> Json:
    """A command; it says nothing of threads, because it cannot be used in one."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": workspace.team,
        "team_domain": workspace.domain,
        "channel_id": channel.id,
        "channel_name": _channel_name(channel),
        "user_id": user,
        "user_name": workspace.users[user].name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_urls.issue(platform, workspace.team, user, channel.id),
        "trigger_id": _trigger(platform, workspace, user),
    }


def _channel_name(channel: Channel) -> str:
    """A group conversation keeps its own name, other private channels have one name for all."""
    return channel.name if channel.name.startswith("mpdm-") else _CHANNEL_NAMES.get(channel.kind, channel.name)


def message_click(platform: Platform, workspace: Workspace, message: Message, user: str, action: Json) -> Json:
    """A button or menu under a message."""
    container: Json = {"type": "message", "message_ts": message.ts, "channel_id": message.channel}
    container["is_ephemeral"] = message.ephemeral_for is not None
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    return _act(platform, workspace, "block_actions", user) | {
        "user": _person(workspace, user, "username"),
        "container": container,
        "channel": _channel(workspace, message.channel),
        "message": events.as_told(message) | {"app_id": APP_ID},
        "state": {"values": {}},
        "response_url": response_urls.issue(platform, workspace.team, user, message.channel, message.ts),
        "trigger_id": _trigger(platform, workspace, user),
        "actions": [action],
    }


def view_click(platform: Platform, workspace: Workspace, view: OpenView, user: str, action: Json) -> Json:
    """A button or menu in a modal or Home tab: no channel, no response URL."""
    return _act(platform, workspace, "block_actions", user) | {
        "user": _person(workspace, user, "username", "name"),
        "container": {"type": "view", "view_id": view.id},
        "view": _told_view(view, workspace),
        "trigger_id": _trigger(platform, workspace, user),
        "actions": [action],
    }


def submission(platform: Platform, workspace: Workspace, view: OpenView, user: str, values: Json) -> Json:
    """A modal sent off; `values` are ViewStateValues by block_id and action_id."""
    return _act(platform, workspace, "view_submission", user) | {
        "view": _told_view(view, workspace, values),
        "trigger_id": _trigger(platform, workspace, user),
        "response_urls": [],
    }


def closing(platform: Platform, workspace: Workspace, view: OpenView, user: str) -> Json:
    """A modal closed by its X, when the bot asked for that."""
    return _act(platform, workspace, "view_closed", user) | {"view": _told_view(view, workspace), "is_cleared": False}


def message_shortcut(platform: Platform, workspace: Workspace, message: Message, user: str, callback_id: str) -> Json:
    """A shortcut from the menu of a message."""
    return _without_app(_act(platform, workspace, "message_action", user)) | {
        "callback_id": callback_id,
        "action_ts": platform.world.next_ts(platform.clock.now()),
        "channel": _channel(workspace, message.channel),
        "message": events.as_told(message),
        "message_ts": message.ts,
        "response_url": response_urls.issue(platform, workspace.team, user, message.channel, message.ts),
        "trigger_id": _trigger(platform, workspace, user),
    }


def global_shortcut(platform: Platform, workspace: Workspace, user: str, callback_id: str) -> Json:
    """A shortcut from anywhere."""
    return _without_app(_act(platform, workspace, "shortcut", user)) | {
        "user": _person(workspace, user, "username"),
        "callback_id": callback_id,
        "action_ts": platform.world.next_ts(platform.clock.now()),
        "trigger_id": _trigger(platform, workspace, user),
    }


def action_in(platform: Platform, blocks: list[Json], action_id: str, value: str | None) -> Json:
    """What using the element with that action_id sends; LookupError when no such element is visible."""
    for block_id, element in _elements(render.with_block_ids(blocks)):
        if element.get("action_id") != action_id:
            continue
        common = {"action_id": action_id, "block_id": block_id, "type": element["type"]}
        common["action_ts"] = platform.world.next_ts(platform.clock.now())
        return common | _chosen(element, value)
    raise LookupError(f"no element {action_id!r} in {[element.get('action_id') for _, element in _elements(blocks)]}")


def state_values(view: OpenView, given: dict[str, str]) -> Json:
    """The state of a submitted modal: `given` by action_id, else what each input starts with."""
    values: Json = {}
    blocks = {str(block.get("block_id")): block for block in render.with_block_ids(view.body.get("blocks", []))}
    for block_id, element in _elements(list(blocks.values()), only_inputs=True):
        chosen = given.pop(element["action_id"], None)
        state = _state_value(element, chosen)
        if not blocks[block_id].get("optional") and not any(value for name, value in state.items() if name != "type"):
            raise LookupError(f"{block_id} has to be filled in")
        values.setdefault(block_id, {})[element["action_id"]] = state
    if given:
        raise LookupError(f"the modal has no inputs {sorted(given)}")
    return values


def _state_value(element: Json, chosen: str | None) -> Json:
    kind = element["type"]
    if kind in _SELECTS:
        option = element.get("initial_option") if chosen is None else _option(element, chosen)
        return {"type": kind, "selected_option": option}
    if kind == "checkboxes":
        names = [] if not chosen else chosen.split(",")
        picked = element.get("initial_options", []) if chosen is None else [_option(element, name) for name in names]
        return {"type": kind, "selected_options": picked}
    if kind == "conversations_select":
        return {"type": kind, "selected_conversation": chosen or element.get("initial_conversation")}
    value = element.get("initial_value") if chosen is None else chosen or None
    _check_typed(element, value)
    return {"type": kind, "value": value}


def _check_typed(element: Json, value: str | None) -> None:
    """LookupError for what Slack's app does not let a person type."""
    if value is None:
        return
    if len(value) > element.get("max_length", 3000):
        raise LookupError(f"{element['action_id']} takes at most {element['max_length']} characters")
    if element["type"] == "number_input":
        low, high = float(element.get("min_value", "-inf")), float(element.get("max_value", "inf"))
        if not low <= float(value) <= high or ("." in value and not element["is_decimal_allowed"]):
            raise LookupError(f"{element['action_id']} takes no {value}")


def _chosen(element: Json, value: str | None) -> Json:
    if element["type"] in _SELECTS:
        assert value is not None, "a menu needs the value of the option to choose"
        return {_SELECTS[element["type"]]: _option(element, value)}
    kept = {name: element[name] for name in ("value", "url") if name in element}
    return {"text": element["text"]} | kept | ({"value": value} if value is not None else {})


def _option(element: Json, value: str) -> Json:
    found: Json | None = next((each for each in element.get("options", []) if each.get("value") == value), None)
    if found is None:
        raise LookupError(f"{element.get('action_id')} has no option {value!r}")
    return found


def _elements(blocks: list[Json], *, only_inputs: bool = False) -> Iterator[tuple[str, Json]]:
    for block in blocks:
        held: list[Any] = [block.get("element")] if block.get("type") == "input" else []
        if not only_inputs:
            held += [block.get("accessory"), *(block.get("elements") or [])]
        yield from ((str(block.get("block_id")), each) for each in held if isinstance(each, dict))


def _act(platform: Platform, workspace: Workspace, kind: str, user: str) -> Json:
    return {
        "type": kind,
        "team": {"id": workspace.team, "domain": workspace.domain},
        "user": _person(workspace, user, "name"),
        "api_app_id": APP_ID,
        "token": VERIFICATION_TOKEN,
        "is_enterprise_install": False,
    }


def _without_app(act: Json) -> Json:
    """Shortcuts name no app."""
    return {name: value for name, value in act.items() if name != "api_app_id"}


def _person(workspace: Workspace, user: str, *names: str) -> Json:
    known = workspace.users[user]
    return {"id": user, "team_id": known.team} | dict.fromkeys(names, known.name)


def _channel(workspace: Workspace, channel_id: str) -> Json:
    channel = workspace.channels[channel_id]
    return {"id": channel.id, "name": _CHANNEL_NAMES.get(channel.kind, channel.name)}


def _told_view(view: OpenView, workspace: Workspace, values: Json | None = None) -> Json:
    empty = {"submit": None, "close": None, "previous_view_id": view.previous_id}
    return empty | render.view_object(view, workspace, values)


def _trigger(platform: Platform, workspace: Workspace, user: str) -> str:
    trigger = Trigger(platform.world.next_id("trigger."), workspace.team, user, platform.clock.now())
    platform.world.triggers[trigger.id] = trigger
    return trigger.id
