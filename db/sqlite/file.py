"""The file of a SQLite database: who may read it, and what to do when it cannot be used."""

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from sqlalchemy import URL

from generation.protocol.errors import DatabaseDamaged, DatabaseUnusable

_DAMAGED: Final = {
    sqlite3.SQLITE_CORRUPT: "is damaged",
    sqlite3.SQLITE_NOTADB: "is no database, or its beginning is damaged",
}
_UNUSABLE: Final = {
    sqlite3.SQLITE_READONLY: "cannot be written",
    sqlite3.SQLITE_PERM: "cannot be used",
    sqlite3.SQLITE_AUTH: "cannot be used",
}
_ADVICE: Final = (
    "Stop whatever uses it, move it away together with {name}-wal and {name}-shm, and put a backup "
    "in its place; docs/operators/configuration.md says how under “Backups”, also what to do "
    "without one."
)


class DatabaseFile:
    """The file behind a URL: made if it is missing, readable by its owner only."""

    def __init__(self, url: URL) -> None:
        """Raises DatabaseUnusable for anything that is no file, or cannot be opened."""
        self._damage: str | None = None
        self.path = Path(url.database or "")
        is_uri = "uri" in url.query
        try:
            if not is_uri:
                _make(self.path)
            with closing(sqlite3.connect(url.database or "", uri=is_uri)) as connection:
                # as SQLite reads the URI; this looks at no page of the file
                [(_, _, found)] = connection.execute("PRAGMA database_list")
                self.path = Path(found)
            self._name = str(self.path)
            self._opened = _identity(self._name)
        except (OSError, sqlite3.Error) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise DatabaseUnusable(
                f"The database file {self.path} cannot be opened: {reason}."
            ) from error

    def claim(self, version_table: str, busy_seconds: float) -> None:
        """Take other users' access to the file away, if it is empty or ours.

        Raises DatabaseUnusable when it has tables, but not ``version_table``: people mistype names
        of files, and not even its mode or its journal should change then.
        """
        with closing(sqlite3.connect(self.path, timeout=busy_seconds)) as connection:
            found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            tables = sorted(name for (name,) in found)
        if tables and version_table not in tables:
            raise DatabaseUnusable(
                f"The database file {self.path} belongs to something else: it has the tables "
                f"{', '.join(tables[:5])}, and this part of Flipbook did not make it. Nothing was "
                "changed; name another file, or move this one away."
            )
        _hide(self.path)

    def refuse_unusable(self) -> None:
        """Raise DatabaseDamaged once damage was seen: reading on would show less than there is, and
        writing on would destroy what can still be saved.

        Raise DatabaseUnusable when the path leads to no file or another one: SQLite would go on in
        the old one, whose content the system then throws away.
        """
        if self._damage is not None:
            raise DatabaseDamaged(self._damage)
        if _identity(self._name) != self._opened:
            raise DatabaseUnusable(
                f"The database file {self.path} was moved, deleted or replaced while in use, and "
                "what is written now would be lost. Stop Flipbook, put the right file there, start "
                "again."
            )

    def damaged(self, reason: str, what: str = "is damaged") -> DatabaseDamaged:
        """Remember the damage; ``reason`` is what SQLite found."""
        advice = _ADVICE.format(name=self.path.name)
        self._damage = f"The database file {self.path} {what}; it is no longer used."
        return DatabaseDamaged(f"The database file {self.path} {what} ({reason}). {advice}")

    def judge(self, error: sqlite3.Error) -> DatabaseUnusable | None:
        """What the operator has to do about an error; None for one that may pass by itself."""
        # the low byte is the primary code; the bytes above refine it
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if (what := _DAMAGED.get(code)) is not None:
            return self.damaged(str(error), what)
        if (what := _UNUSABLE.get(code)) is not None:
            return DatabaseUnusable(f"The database file {self.path} {what}: {error}.")
        return None


def _make(path: Path) -> None:
    if path.exists() and not path.is_file():
        raise IsADirectoryError("it is a folder, or no file at all")
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _identity(path: str) -> tuple[int, int] | None:
    try:
        # before every transaction: a Path would be made a text each time
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _hide(path: Path) -> None:
    """Take other users' access away. SQLite gives a new -wal and -shm the mode of the file."""
    for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        # the file may belong to another user, who then decides
        with suppress(OSError):
            if each.stat().st_mode & 0o077:
                each.chmod(0o600)
