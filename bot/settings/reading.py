"""Reads the settings, and says in words what is wrong with them; never with a value."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import (
    ValidationError,
)
from pydantic_settings import SettingsError as UndecodableSetting

from bot.settings.settings import Settings, SettingsError, SharedSettings
from generation.protocol import secret_files
from generation.protocol.proxies import ProxyUnusable
from generation.protocol.secret_files import SecretFileUnusable


def load_settings(**overrides: object) -> Settings:
    """Read the environment and ``.env``; ``overrides`` (by field name) win over both.

    Raises SettingsError, which names each wrong variable and never its value.
    """
    with as_settings_error(variable_of):
        return Settings(**overrides)  # type: ignore[arg-type]


def load_shared_settings() -> SharedSettings:
    """Read only what the worker's commands need of the environment and ``.env``. Raises
    SettingsError."""
    with as_settings_error(variable_of):
        return SharedSettings()


@contextmanager
def as_settings_error(variable: Callable[[str], str]) -> Iterator[None]:
    """Within, every error of reading settings becomes a SettingsError in words for people.

    ``variable`` gives the environment variable of a field.
    """
    try:
        yield
    except ValidationError as error:
        raise SettingsError(_sentences(error, variable)) from None  # its cause holds the values
    except UndecodableSetting as error:
        # the field's name is only in the message
        field = re.search(r'field "(\w+)"', str(error))
        raise SettingsError(
            f"{variable(field[1]) if field else 'A setting'}: cannot be read as JSON"
        ) from None
    except SecretFileUnusable as error:
        raise SettingsError(str(error)) from None
    except UnicodeDecodeError:
        raise SettingsError(".env: is not text in UTF-8") from None
    except OSError as error:
        raise SettingsError(f".env: cannot be read ({error.strerror})") from None


def proxy_of(settings: Settings, url: str) -> str | None:
    """The proxy for an address, None where it is reached directly. Raises SettingsError where the
    variable for it cannot be understood."""
    try:
        return settings.proxies.for_url(url)
    except ProxyUnusable as error:
        raise SettingsError(str(error)) from None


def variable_of(field: str) -> str:
    """The environment variable that sets a field."""
    return secret_files.variable_of(Settings, field)


def _sentences(error: ValidationError, variable: Callable[[str], str]) -> str:
    """One line per wrong variable, never with a value."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "\n".join(_sentence(each["loc"], each["msg"], variable) for each in found)


def _sentence(loc: tuple[int | str, ...], message: str, variable: Callable[[str], str]) -> str:
    words = message.removeprefix("Value error, ")
    if not loc:  # from the validator of the whole model, which names the variables itself
        return words
    first, *rest = map(str, loc)
    # pydantic names a field by its alias where it has one, which is the variable itself
    name = variable(first) if first.islower() else first
    return f"{'.'.join([name, *rest])}: {words}"
