"""Copies of a SQLite database: taken beside a running bot, and examined before they are trusted."""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote

import aiosqlite
from sqlalchemy import make_url

from generation.protocol.errors import StorageFull, StoreBusy, StoreError

_BUSY_SECONDS: Final = 10.0
_PROBLEMS_SHOWN: Final = 5


def sqlite_file(url: str) -> Path | None:
    """The file of a SQLite database; None for any other database, and for one in memory."""
    parsed = make_url(url)
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database not in {
        None,
        "",
        ":memory:",
    }
    return Path(str(parsed.database)) if is_file else None


async def take_snapshot(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, in one read transaction: its writers do not wait,
    and deleted rows do not come along.

    Raises StoreError, among them StorageFull and StoreBusy; ``target`` must not exist.
    """
    async with _opened(source) as connection:
        # not SQLite's backup API: in steps it starts over at every foreign write, and in one step
        # it keeps the writers waiting
        await connection.execute("VACUUM INTO ?", (str(target),))


class Snapshot:
    """A copy that nobody else uses; ``async with Snapshot.open(path) as snapshot``."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[Self]:
        """Raises StoreError, here and inside, for what is no database or is damaged."""
        async with _opened(path) as connection:
            yield cls(connection)

    async def clips(self) -> AsyncIterator[str]:
        """The keys of all finished clips."""
        query = "SELECT artifact_key FROM jobs WHERE artifact_key IS NOT NULL"
        async with self._connection.execute(query) as rows:
            async for (key,) in rows:
                yield key

    async def problems(self) -> list[str]:
        """What SQLite finds wrong with it; empty for a sound one."""
        found = [
            str(text)
            for (text,) in await self._connection.execute_fetchall(
                f"PRAGMA integrity_check({_PROBLEMS_SHOWN})"
            )
            if text != "ok"
        ]
        orphans = await self._connection.execute_fetchall("PRAGMA foreign_key_check")
        return found + [f"a row of {table} belongs to nothing" for table, *_ in orphans]


@asynccontextmanager
async def _opened(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    with _store_errors(path):
        async with aiosqlite.connect(
            f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_BUSY_SECONDS
        ) as connection:
            yield connection


@contextmanager
def _store_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        # the low byte is the primary code; the bytes above refine it
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise StorageFull(str(error)) from error
        if code == sqlite3.SQLITE_BUSY:
            raise StoreBusy(f"{path} is in use") from error
        raise StoreError(f"{path}: {error}") from error
