"""What every table is made of."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import (
    BigInteger,
    Dialect,
    Integer,
    MetaData,
    Text,
    TypeDecorator,
)

VERSION_TABLE: Final = "flipbook_version"


def cleaned(text: str) -> str:
    """The text as :class:`CleanText` stores it."""
    # UTF-16 joins surrogates that are a pair and replaces lone ones
    return (
        text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


class CleanText(TypeDecorator[str]):
    """Text from strangers: NUL, which PostgreSQL refuses, and lone surrogates, which have no UTF-8
    encoding, become �."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Replace what cannot be stored, in values to compare with too."""
        return _stored(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[str | None], str | None]:  # noqa: ARG002
        """The same as one call: every statement has several such values, and Text itself converts
        nothing."""
        return _stored


def _stored(text: str | None) -> str | None:
    # the usual case, without two conversions
    if text is None or (text.isascii() and "\0" not in text):
        return text
    return cleaned(text)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)
SequenceNumber: Final = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite numbers rows by itself only where the type is exactly INTEGER."""
