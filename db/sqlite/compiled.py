"""Statements that SQLAlchemy compiles once and Python's sqlite3 then executes.

The statements of a job's path run thousands of times with other values. Looking each up in
SQLAlchemy's cache and preparing a result for it takes several times as long as SQLite needs.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import ColumnElement, Date, Delete, Dialect, Insert, Select, Update
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from generation.protocol.errors import StoreError

MOST_KEPT: Final = 512
"""Compiled statements that are kept: more than there are."""

_MOST_DAYS: Final = 64
Change = Insert | Update | Delete
"""A statement without RETURNING."""
Values = Mapping[str, object]
StoredRow = Mapping[Any, Any]
"""A row's values by the table's columns."""
_Convert = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """SQL with question marks, and how to convert what goes in and what comes out."""

    sql: str
    parameters: tuple[tuple[str, _Convert, object], ...]
    """For each question mark: a name and how to convert its value; the statement's own value where
    the name is empty."""
    row: Callable[..., Any]
    """Makes a named tuple of a row's values."""
    columns: tuple[_Convert, ...]
    """How to convert each column of a row."""
    selected: tuple[ColumnElement[Any], ...]
    """The columns themselves."""

    def bound(self, values: Values) -> list[object]:
        """The values in the order of the question marks. Raises StoreError for one that its column
        cannot take."""
        try:
            return [
                (convert(values[name]) if convert else values[name]) if name else own
                for name, convert, own in self.parameters
            ]
        except (TypeError, ValueError) as error:
            raise StoreError("a value is not of its column's type") from error

    def read(self, row: Sequence[Any]) -> Any:
        """A row as SQLite gives it, as a named tuple of Python's values."""
        return self.row(*self._converted(row))

    def mapped(self, row: Sequence[Any]) -> StoredRow:
        """The same by column."""
        return dict(zip(self.selected, self._converted(row), strict=True))

    def _converted(self, row: Sequence[Any]) -> list[Any]:
        pairs = zip(row, self.columns, strict=True)
        return [convert(value) if convert else value for value, convert in pairs]


@lru_cache(MOST_KEPT)
def compiled(
    statement: Change | Select[Any], names: tuple[str, ...], dialect: Dialect
) -> CompiledStatement:
    """Compile a statement for values of these names. Raises LookupError when it needs another.

    Cached by the statement itself, so it is meant for those that are built once.
    """
    made = statement.compile(dialect=dialect, column_keys=list(names))
    # of a change: what it returns, none for most
    found = statement.exported_columns
    return CompiledStatement(
        str(made),
        tuple(_parameter(made, name, names) for name in made.positiontup or ()),
        namedtuple("Row", [column.key or "" for column in found], rename=True),  # noqa: PYI024
        tuple(
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in found
        ),
        tuple(found),
    )


def _parameter(
    made: SQLCompiler, name: str, names: tuple[str, ...]
) -> tuple[str, _Convert, object]:
    bind = made.binds[name]
    kind: TypeEngine[Any] = bind.type
    convert = kind.dialect_impl(made.dialect).bind_processor(made.dialect)
    if convert and isinstance(kind, Date):
        # days are few, and SQLAlchemy formats each with a dictionary
        convert = lru_cache(_MOST_DAYS)(convert)
    if name in names:
        return name, convert, None
    if bind.required:
        raise LookupError(f"the statement needs a value for {name}")
    own = bind.effective_value
    return "", None, convert(own) if convert else own
