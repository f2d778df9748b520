"""``flipbook config``: the settings in force as lines of a ``.env`` file."""

import re
from typing import Final

from pydantic import SecretStr

from bot.settings import Settings, variable_of

_MASK: Final = "********"
_PASSWORD: Final = re.compile(r"(://[^/@]*?:)[^/@]+@")


def effective_settings(settings: Settings) -> list[str]:
    """One line per setting, in the form of a ``.env`` file, secrets masked."""
    return [
        f"{variable_of(name)}={_masked(getattr(settings, name))}"
        for name in type(settings).model_fields
    ]


def _masked(value: object) -> str:
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
