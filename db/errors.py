"""From the databases' errors to ours, in one place."""

import sqlite3
from collections.abc import Callable
from types import TracebackType
from typing import Final

from sqlalchemy import exc

from generation.protocol.errors import (
    DatabaseDamaged,
    DatabaseUnusable,
    FlipbookError,
    StorageFull,
    StoreBusy,
    StoreError,
)

_SQLITE_CODES: Final[dict[int, type[FlipbookError]]] = {
    sqlite3.SQLITE_BUSY: StoreBusy,
    sqlite3.SQLITE_LOCKED: StoreBusy,
    sqlite3.SQLITE_CANTOPEN: StoreBusy,
    sqlite3.SQLITE_FULL: StorageFull,
}

_SQLSTATES: Final[dict[str, type[FlipbookError]]] = {
    "53100": StorageFull,  # disk_full
    "08": StoreBusy,  # connection exceptions
    "40": StoreBusy,  # deadlock, serialization
    "53": StoreBusy,  # too many connections, out of memory
    "55P03": StoreBusy,  # lock_not_available
    "57": StoreBusy,  # shutting down, starting up, cancelled
    "25006": DatabaseUnusable,  # a standby, which takes no writes
    "28": DatabaseUnusable,  # wrong user or password
    "3D": DatabaseUnusable,  # no such database
    "XX001": DatabaseDamaged,  # data_corrupted
    "XX002": DatabaseDamaged,  # index_corrupted
}
_REFUSALS: Final = ("authentication failed", "does not exist", "pg_hba.conf", "permission denied")
"""What a server says that will never let us in: libpq has no code for it."""


Judge = Callable[[sqlite3.Error], StoreError | None]
"""Says what an error of SQLite means for its file; None where the file is not to blame."""


def _no_file(_error: sqlite3.Error) -> None:
    return None


class translate_errors:  # noqa: N801 - used as the function that it would be, without a generator
    """Turn every error of SQLAlchemy or a driver into a StoreError, one of its subclasses, or
    StorageFull: ``with translate_errors():``."""

    def __init__(self, judge: Judge = _no_file) -> None:
        self._judge = judge

    def __enter__(self) -> None:
        """Nothing to do before an error."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Raise our error for a foreign one."""
        ours = None if error is None else _translated(error, self._judge)
        if ours is not None:
            raise ours from error


def _translated(error: BaseException, judge: Judge) -> FlipbookError | None:
    match error:
        case exc.TimeoutError():
            return StoreBusy("all connections are in use")
        case exc.DBAPIError(orig=sqlite3.Error() as original):
            return _of_sqlite(original, judge)
        case exc.DBAPIError():
            return _of_server(error)
        case sqlite3.Error():
            return _of_sqlite(error, judge)
        case exc.SQLAlchemyError():
            return StoreError(_first_line(error))
        case _:
            return None


def _of_server(error: exc.DBAPIError) -> FlipbookError:
    ours, said = _class_of(error), _first_line(error.orig)
    if issubclass(ours, DatabaseDamaged):
        return ours(f"The database server has found damage: {said}. Put its backup back.")
    if issubclass(ours, DatabaseUnusable):
        return ours(f"The database server refuses: {said}. Look at FLIPBOOK_DATABASE_URL.")
    return ours(said)


def _class_of(error: exc.DBAPIError) -> type[FlipbookError]:
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is None:  # no connection, or psycopg itself refused
        if any(refusal in str(error.orig) for refusal in _REFUSALS):
            return DatabaseUnusable
        return StoreBusy if isinstance(error, exc.OperationalError) else StoreError
    return next(
        (ours for prefix, ours in _SQLSTATES.items() if sqlstate.startswith(prefix)), StoreError
    )


def _of_sqlite(error: sqlite3.Error, judge: Judge) -> FlipbookError:
    # the low byte is the primary code; the bytes above refine it
    ours = _SQLITE_CODES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, StoreError)
    return judge(error) or ours(_first_line(error))


def _first_line(error: BaseException | None) -> str:
    """Only the first line: PostgreSQL's further lines quote rows, and rows hold prompts."""
    return str(error).partition("\n")[0]
