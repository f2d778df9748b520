"""From the databases' errors to ours, in one place."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def translate_errors(judge: Judge = _no_file) -> Iterator[None]:
    """Turn every error of SQLAlchemy or a driver into a StoreError, one of its subclasses, or
    StorageFull."""
    try:
        yield
    except exc.TimeoutError as error:
        raise StoreBusy("all connections are in use") from error
    except exc.DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise _of_sqlite(error.orig, judge) from error
        raise _of_server(error) from error
    except sqlite3.Error as error:
        raise _of_sqlite(error, judge) from error
    except exc.SQLAlchemyError as error:
        raise StoreError(_first_line(error)) from error


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
