"""From the databases' errors to ours, in one place."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import exc

from generation.protocol.errors import FlipbookError, StorageFull, StoreBusy, StoreError

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
}


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
        raise _class_of(error)(_first_line(error.orig)) from error
    except sqlite3.Error as error:
        raise _of_sqlite(error, judge) from error
    except exc.SQLAlchemyError as error:
        raise StoreError(_first_line(error)) from error


def _class_of(error: exc.DBAPIError) -> type[FlipbookError]:
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is None:  # no answer: the server cannot be reached, or psycopg itself refused
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
