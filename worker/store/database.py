"""Opens the worker's database and its stores."""

from pathlib import Path
from typing import Final, Self

from sqlalchemy import make_url, text

from db.engine import DatabaseEngine, begin_read, check, close, open_engine, upgrade
from worker.store.keys import KeyStore
from worker.store.requests import RequestStore
from worker.store.tables import VERSION_TABLE
from worker.store.uploads import UploadStore
from worker.store.webhooks import WebhookStore

MIGRATIONS: Final = Path(__file__).parents[1] / "migrations"


class WorkerDatabase:
    """An open database. All stores raise StoreError and its subclasses, or StorageFull."""

    def __init__(self, engine: DatabaseEngine, path: Path) -> None:
        self._engine = engine
        self._files = path, path.with_name(f"{path.name}-wal")
        self._unused_bytes = 0
        self.requests = RequestStore(engine)
        self.webhooks = WebhookStore(engine)
        self.keys = KeyStore(engine)
        self.uploads = UploadStore(engine)

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the database; create or migrate it first. Raises DatabaseTooNew when a newer worker
        made it."""
        engine = open_engine(url)
        try:
            await upgrade(engine, MIGRATIONS, VERSION_TABLE)
        except BaseException:
            await close(engine)
            raise
        database = cls(engine, Path(make_url(url).database or ""))
        await database.measure()
        return database

    @property
    def used_bytes(self) -> int:
        """What its rows take on disk, as of the last :meth:`measure` where rows were deleted."""
        # never less than nothing: the log shrinks at a checkpoint
        return max(0, sum(map(_size_of, self._files)) - self._unused_bytes)

    async def measure(self) -> None:
        """Find out how much of its file is unused: it does not shrink when rows are deleted."""
        async with begin_read(self._engine) as connection:
            pages = await connection.scalar(text("PRAGMA freelist_count"))
            size = await connection.scalar(text("PRAGMA page_size"))
        self._unused_bytes = pages * size

    async def check(self) -> None:
        """Read everything, however long it takes. Raises DatabaseDamaged."""
        await check(self._engine)

    async def close(self) -> None:
        """Close every connection, after the commits under way."""
        await close(self._engine)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
