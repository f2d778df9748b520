"""The connection that statements run on, whichever database is behind it."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias, TypeVar

from sqlalchemy import Connection, CursorResult, Dialect, ScalarResult

T = TypeVar("T")

AnyResult: TypeAlias = CursorResult[*tuple[Any, ...]]
"""Rows of any columns."""


class DatabaseConnection(Protocol):
    """What SQLAlchemy's ``AsyncConnection`` offers, as far as our statements use it: PostgreSQL has
    that class, SQLite has two of its own in :mod:`db.sqlite`."""

    @property
    def dialect(self) -> Dialect:
        """SQLAlchemy's dialect; its ``name`` is ``sqlite`` or ``postgresql``."""

    def execute(self, statement: Any, parameters: Any = None, /) -> Awaitable[AnyResult]:
        """Execute a statement of SQLAlchemy."""

    def exec_driver_sql(self, statement: str, parameters: Any = None, /) -> Awaitable[AnyResult]:
        """Execute SQL as it is written."""

    def scalar(self, statement: Any, parameters: Any = None, /) -> Awaitable[Any]:
        """The first column of the first row; None without one."""

    def scalars(self, statement: Any, parameters: Any = None, /) -> Awaitable[ScalarResult[Any]]:
        """The first column of every row."""

    def run_sync(self, function: Callable[[Connection], T], /) -> Awaitable[T]:
        """Call a function with SQLAlchemy's own connection."""
