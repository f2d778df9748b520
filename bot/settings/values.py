"""What the values of settings look like as people write and paste them."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, SecretStr

from generation.domain.refs import ServerRef, UserRef
from generation.protocol.paths import expanded

_QUOTES: Final = "\"'`“”‘’"
_WORDS: Final = ("bot ", "bearer ", "key ", "token ")
"""What stands before a token in a header, and is copied along."""


def comma_separated(value: Any) -> Any:
    """A list of a text with commas; any other value as it is."""
    return (
        [part.strip() for part in value.split(",") if part.strip()]
        if isinstance(value, str)
        else value
    )


def server_ref(value: Any) -> Any:
    """A server of a text; any other value as it is."""
    return ServerRef.parse(value) if isinstance(value, str) else value


def user_ref(value: Any) -> Any:
    """A member of a text; any other value as it is. Raises ValueError."""
    if not isinstance(value, str):
        return value
    try:
        found = UserRef.parse(value.strip())
    except ValueError:
        found = None
    if found is None or not found.id:
        raise ValueError(
            f"Name the member as platform:id, for example discord:1234567890, not {value!r}."
        )
    return found


def _empty_is_unset(value: Any) -> Any:
    # `NAME=` in a .env file, or an empty variable of a container
    return None if isinstance(value, str) and not value.strip() else value


def _as_pasted(value: SecretStr | None) -> SecretStr | None:
    """A token or key without the spaces around it. Raises ValueError, which never quotes it."""
    if value is None:
        return None
    secret = value.get_secret_value().strip()
    # a line break that was copied along would end the header that holds the secret
    if not (secret.isascii() or secret.strip(_QUOTES).isascii()) or not secret.isprintable():
        raise ValueError("holds characters that no key has")
    if secret.strip(_QUOTES) != secret:
        raise ValueError("has quotation marks around it; take them away")
    if word := next((word for word in _WORDS if secret.lower().startswith(word)), None):
        raise ValueError(f"begins with the word {secret[: len(word)].strip()}; take it away")
    if " " in secret:
        raise ValueError("has a space in it; copy the token again, without the text beside it")
    return SecretStr(secret)


def _of_fals_form(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not _has_two_parts(value.get_secret_value()):
        raise ValueError("is no key of fal's: that has two parts, id:secret; copy both")
    return value


def misread_fal_key(text: str) -> str | None:
    """A sentence about a text that is no key of fal's; None for one of its form."""
    where = (
        "fal's key has two parts, id:secret, and is shown once, at https://fal.ai/dashboard/keys"
    )
    if text.startswith(("http://", "https://")):
        return f"This is an address. {where}."
    if _has_two_parts(text) and text.isascii() and text.isprintable() and " " not in text:
        return None
    return f"This is no key of fal's. {where}."


def _has_two_parts(text: str) -> bool:
    name, _, secret = text.partition(":")
    return bool(name and secret)


def _expanded_place(value: str | None) -> str | None:
    if value is None:
        return None
    before, separator, path = value.partition(":///")
    if separator and before.startswith(("sqlite", "file")):
        # SQLAlchemy's fourth slash begins an absolute path
        return f"{before}:///{expanded(path)}"
    # a password in any other URL may hold a $
    return value if "://" in value else expanded(value)


Text = Annotated[str | None, BeforeValidator(_empty_is_unset)]
Secret = Annotated[SecretStr | None, BeforeValidator(_empty_is_unset)]
Credential = Annotated[Secret, AfterValidator(_as_pasted)]
"""A token or key that goes into a header."""
FalKey = Annotated[Credential, AfterValidator(_of_fals_form)]
Place = Annotated[Text, AfterValidator(_expanded_place)]
"""A folder or a URL."""
