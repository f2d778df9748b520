"""``flipbook config``: the settings in force as lines of a ``.env`` file."""

import re
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from bot.settings import Settings, variable_of

_MASK: Final = "********"
_PASSWORD: Final = re.compile(r"(://[^/@]*?:)[^/@]+@")


def effective_settings(settings: Settings) -> list[str]:
    """One line per setting, in the form of a ``.env`` file, secrets masked."""
    values = {name: getattr(settings, name) for name in type(settings).model_fields}
    values["backends"] = settings.preferred_backends  # where not set, they follow from the keys
    return [f"{variable_of(name)}={_masked(value)}" for name, value in values.items()]


def _masked(value: object) -> str:
    if isinstance(value, Path):
        value = str(value.absolute())  # a relative one depends on where it is read
    match value:
        case None:
            return ""
        case SecretStr():
            return _MASK
        case str():
            return _PASSWORD.sub(rf"\1{_MASK}@", value)
        case tuple() | frozenset():
            # a tuple's order means something, a set has none
            parts = sorted(map(str, value)) if isinstance(value, frozenset) else map(str, value)
            return ",".join(parts)
        case _ if hasattr(value, "model_dump_json"):
            return str(value.model_dump_json())
        case _:
            return str(value)
