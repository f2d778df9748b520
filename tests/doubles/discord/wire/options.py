"""What Discord's own app lets a person type: options checked against the registered command, and put on the wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from doubles.discord.rules.modals import TEXT, answer, untouched
from doubles.discord.state.messages import Attachment, Json
from doubles.discord.state.people import Role, User
from doubles.discord.state.permissions import Permission, permissions_in
from doubles.discord.state.places import Channel
from doubles.discord.state.world import World
from doubles.discord.wire.messages import content_type_of
from doubles.discord.wire.payloads import channel_payload, partial_member_payload, role_payload, user_payload

SUB_COMMAND, SUB_COMMAND_GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, FILE = range(1, 12)
PLAIN: dict[int, tuple[type, ...]] = {STRING: (str,), INTEGER: (int,), BOOLEAN: (bool,), NUMBER: (int, float)}
"""The Python types of values that travel as they are."""
RADIO_GROUP, CHECKBOX = 21, 23


class CannotDoThat(ValueError):
    """Discord's own app would not let a person do this; the test asks for something impossible."""


@dataclass
class Filled:
    """A command's options on the wire, and what they refer to."""

    world: World
    channel: Channel
    files: list[Attachment] = field(default_factory=list)
    resolved: dict[str, Json] = field(default_factory=dict)

    def reference(self, value: Any) -> str:
        """Put a user, role, channel or file among the resolved things; its id is the option's value."""
        if isinstance(value, User):
            self._user(value)
        elif isinstance(value, Role):
            self._resolve("roles", value.id, role_payload(value))
        elif isinstance(value, Channel):
            self._resolve("channels", value.id, {**channel_payload(value, self.world), "permissions": "0"})
        else:
            value = self._file(*value)
        return str(value.id)

    def _user(self, user: User) -> None:
        self._resolve("users", user.id, user_payload(user))
        if self.channel.guild and (member := self.channel.guild.members.get(user.id)):
            permissions = str(int(permissions_in(self.channel, user)))
            self._resolve("members", user.id, {**partial_member_payload(member), "permissions": permissions})

    def _file(self, filename: str, data: bytes) -> Attachment:
        attachment = Attachment(
            self.world.snowflake(), self.channel.id, filename, content_type_of(filename), data, ephemeral=True
        )
        self.files.append(attachment)
        return attachment

    def _resolve(self, kind: str, thing_id: int, payload: Json) -> None:
        self.resolved.setdefault(kind, {})[str(thing_id)] = payload


def find_command(world: World, channel: Channel, name: str, kind: int = 1) -> Json:
    """The registered command of this name: the guild's own before the global one."""
    scopes = [channel.guild.id, None] if channel.guild else [None]
    for scope in scopes:
        for command in world.commands.get(scope, []):
            if command["name"] == name and command["type"] == kind:
                return command
    raise CannotDoThat(f"there is no command {name!r} here; registered are {registered_names(world)}")


def registered_names(world: World) -> list[str]:
    """The names of all registered commands."""
    return sorted({command["name"] for commands in world.commands.values() for command in commands})


def check_offered(command: Json, channel: Channel, user: User) -> None:
    """Refuse where the app would not show the command to this person in this channel."""
    contexts = command.get("contexts")
    if contexts is not None and (0 if channel.guild else 1) not in contexts:
        raise CannotDoThat(f"/{command['name']} is not offered in {channel.name}")
    if command.get("nsfw") and not channel.under_age_restriction:
        raise CannotDoThat(f"/{command['name']} is only offered in age-restricted channels")
    needed = Permission(int(command.get("default_member_permissions") or 0))
    if channel.guild and needed & ~permissions_in(channel, user):
        raise CannotDoThat(f"/{command['name']} is not offered to {user.name}")


def fill(command: Json, path: list[str], values: Mapping[str, Any], filled: Filled, *, focused: str = "") -> list[Json]:
    """The wire form of the options; `path` names group and sub-command below the command.

    With `focused` the person is still typing that option: nothing is required or checked yet.
    """
    options: list[Json] = command.get("options") or []
    if path:
        branch = next((option for option in options if option["name"] == path[0]), None)
        if branch is None or branch["type"] not in {SUB_COMMAND, SUB_COMMAND_GROUP}:
            raise CannotDoThat(f"{command['name']} has no sub-command {path[0]!r}")
        below = fill(branch, path[1:], values, filled, focused=focused)
        return [{"type": branch["type"], "name": branch["name"], "options": below}]
    if any(option["type"] in {SUB_COMMAND, SUB_COMMAND_GROUP} for option in options):
        raise CannotDoThat(f"{command['name']} cannot be used without a sub-command")
    _check_names(command["name"], options, values, complete=not focused)
    given = [option for option in options if option["name"] in values]
    return [_wire_option(option, values[option["name"]], filled, focused) for option in given]


def fill_modal(modal: Json, values: Mapping[str, Any]) -> list[Json]:
    """The components of a submitted modal; fields not named keep what the bot had put there."""
    fields = dict(values)
    rows = [_modal_row(row, fields) for row in modal["components"]]
    if fields:
        raise CannotDoThat(f"the modal {modal['title']!r} has no field {sorted(fields)}")
    return rows


def attachment_limit(user: User, channel: Channel) -> int:
    """`attachment_size_limit`: the larger of the channel's and the person's own."""
    return max(channel.upload_limit, user.upload_limit)


def _check_names(where: str, options: list[Json], values: Mapping[str, Any], *, complete: bool) -> None:
    unknown = values.keys() - {option["name"] for option in options}
    if unknown:
        raise CannotDoThat(f"{where} has no option {sorted(unknown)}")
    missing = {option["name"] for option in options if option.get("required")} - values.keys()
    if complete and missing:
        raise CannotDoThat(f"{where} needs {sorted(missing)}")


def _wire_option(option: Json, value: Any, filled: Filled, focused: str) -> Json:
    wire: Json = {"type": option["type"], "name": option["name"]}
    if option["name"] == focused:
        return {**wire, "value": value, "focused": True}
    if option["type"] not in PLAIN:
        return {**wire, "value": filled.reference(value)}
    if not focused:
        _check_value(option, value)
    return {**wire, "value": value}


def _check_value(option: Json, value: Any) -> None:
    name, kind = option["name"], option["type"]
    if not isinstance(value, PLAIN[kind]) or (kind in {INTEGER, NUMBER} and isinstance(value, bool)):
        raise CannotDoThat(f"{name}={value!r} is not of the option's type")
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and value not in choices:
        raise CannotDoThat(f"{name}={value!r} is none of the choices {choices}")
    measure = len(str(value)) if kind == STRING else value
    suffix = "length" if kind == STRING else "value"
    low, high = option.get(f"min_{suffix}"), option.get(f"max_{suffix}")
    if (low is not None and measure < low) or (high is not None and measure > high):
        raise CannotDoThat(f"{name}={value!r:.60} is outside {low}…{high}")


def _modal_row(row: Json, values: dict[str, Any]) -> Json:
    submitted: Json = {"type": row["type"], "id": row.get("id") or 1}
    if "component" in row:
        return {**submitted, "component": _modal_field(row["component"], values)}
    if "components" in row:
        return {**submitted, "components": [_modal_field(item, values) for item in row["components"]]}
    return submitted


def _modal_field(item: Json, values: dict[str, Any]) -> Json:
    name = item["custom_id"]
    field: Json = {"type": item["type"], "id": item.get("id") or 1, "custom_id": name}
    try:
        given = untouched(item) if name not in values else answer(item, values.pop(name))
        # the app sends off no field that is empty and required
        return {**field, **(answer(item, given["value"]) if item["type"] == TEXT else given)}
    except ValueError as error:
        raise CannotDoThat(str(error)) from None
