"""What command definitions must keep to that the official description does not say."""

import re
from collections import Counter
from collections.abc import Iterator

from doubles.discord.state.messages import Json

NAME = re.compile(r"[-_'\w]{1,32}", re.UNICODE)
MAX_OPTIONS = MAX_CHOICES = 25
MAX_CHARACTERS = 8000
MAX_OF_TYPE = {1: 100, 2: 15, 3: 15}
SLASH, SUB_COMMAND, SUB_COMMAND_GROUP = 1, 1, 2


def command_violations(commands: list[Json]) -> list[str]:
    """Everything wrong with a bulk overwrite; empty when it is right."""
    return [*_set_violations(commands), *(text for command in commands for text in _violations_of(command))]


def kind_of(command: Json) -> int:
    """The command's type; a slash command when nothing is said."""
    return command.get("type") or SLASH


def _set_violations(commands: list[Json]) -> Iterator[str]:
    for (kind, name), n in Counter((kind_of(command), command["name"]) for command in commands).items():
        if n > 1:
            yield f"command {name!r} (type {kind}) is defined {n} times"
    for kind, n in Counter(kind_of(command) for command in commands).items():
        if n > MAX_OF_TYPE[kind]:
            yield f"{n} commands of type {kind}; {MAX_OF_TYPE[kind]} are allowed"


def _violations_of(command: Json) -> Iterator[str]:
    name = command["name"]
    if kind_of(command) == SLASH:
        yield from _name_violations(name)
        if not command.get("description"):
            yield f"command {name!r} has no description"
    if _characters(command) > MAX_CHARACTERS:
        yield f"command {name!r} has {_characters(command)} characters; {MAX_CHARACTERS} are allowed"
    yield from _option_violations(name, command.get("options") or [])


def _option_violations(where: str, options: list[Json]) -> Iterator[str]:
    names = [option["name"] for option in options]
    if len(set(names)) < len(names):
        yield f"{where}: duplicate option names in {names}"
    if len(options) > MAX_OPTIONS:
        yield f"{where}: {len(options)} options; {MAX_OPTIONS} are allowed"
    if _required_after_optional(options):
        yield f"{where}: a required option after an optional one"
    for option in options:
        yield from _name_violations(option["name"])
        if len(option.get("choices") or []) > MAX_CHOICES:
            yield f"{where} {option['name']}: more than {MAX_CHOICES} choices"
        if option.get("autocomplete") and option.get("choices"):
            yield f"{where} {option['name']}: autocomplete and choices exclude each other"
        yield from _option_violations(f"{where} {option['name']}", option.get("options") or [])


def _required_after_optional(options: list[Json]) -> bool:
    values = [option for option in options if option["type"] not in {SUB_COMMAND, SUB_COMMAND_GROUP}]
    required = [bool(option.get("required")) for option in values]
    return required != sorted(required, reverse=True)


def _name_violations(name: str) -> Iterator[str]:
    if not NAME.fullmatch(name):
        yield f"name {name!r} is not 1 to 32 of letters, digits, - _ '"
    elif name != name.lower():
        yield f"name {name!r} is not lower case"


def _characters(node: Json) -> int:
    own = len(node["name"]) + len(node.get("description") or "")
    choices = sum(len(choice["name"]) + len(str(choice["value"])) for choice in node.get("choices") or [])
    return own + choices + sum(_characters(option) for option in node.get("options") or [])
