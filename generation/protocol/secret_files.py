"""Secrets in files of their own: ``DISCORD_TOKEN_FILE=/run/secrets/discord`` in place of
``DISCORD_TOKEN``, as containers and systemd hand them over."""

from pathlib import Path
from typing import Any, Final, get_args

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

SUFFIX: Final = "_FILE"
MAX_BYTES: Final = 64 * 1024
"""More is no secret: somebody named the wrong file."""


class SecretFileUnusable(Exception):
    """A file that was named for a secret and cannot be used; the message names the variable and the
    file, never what is in it."""


class SecretFiles(PydanticBaseSettingsSource):
    """Reads every secret field, and those in ``also``, from the file that ``<variable>_FILE``
    names in one of ``sources``, the environment or the settings file; the first one wins.

    Raises SecretFileUnusable.
    """

    def __init__(
        self,
        settings: type[BaseSettings],
        *sources: PydanticBaseSettingsSource,
        also: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(settings)
        self._also = also
        self._named: dict[str, str | None] = {}
        for source in reversed(sources):
            if isinstance(source, EnvSettingsSource):
                self._named |= {name.upper(): value for name, value in source.env_vars.items()}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The field's secret, if a file has it."""
        variable = variable_of(self.settings_cls, field_name)
        path = (self._named.get(variable + SUFFIX) or "").strip()
        if not path or not (field_name in self._also or _is_secret(field.annotation)):
            return None, field_name, False
        if (self._named.get(variable) or "").strip():
            raise SecretFileUnusable(f"{variable} and {variable}{SUFFIX} are both set; keep one")
        return _secret_in(Path(path), variable), field_name, False

    def __call__(self) -> dict[str, Any]:
        """The secrets that files have, by field."""
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: secret for name, secret in found.items() if secret is not None}


def variable_of(settings: type[BaseSettings], field_name: str) -> str:
    """The environment variable that sets a field."""
    alias = settings.model_fields[field_name].validation_alias
    if isinstance(alias, AliasChoices):
        return str(alias.choices[0])
    return f"{settings.model_config.get('env_prefix', '')}{field_name}".upper()


def file_variables(
    settings: type[BaseSettings], *, also: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Every variable that may name a file with a secret."""
    return frozenset(
        variable_of(settings, name) + SUFFIX
        for name, field in settings.model_fields.items()
        if name in also or _is_secret(field.annotation)
    )


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_is_secret, get_args(annotation)))


def _secret_in(path: Path, variable: str) -> str:
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        # editors and `echo` end a file with a line break
        secret = content.decode("utf-8").strip()
    except OSError as error:
        reason = error.strerror or "it cannot be read"
    except UnicodeDecodeError:
        reason = "it is not text in UTF-8"
    else:
        if secret and len(content) <= MAX_BYTES:
            return secret
        reason = "it is empty" if not secret else "it is too large for a secret"
    raise SecretFileUnusable(f"{variable}{SUFFIX}: {path}: {reason}")
