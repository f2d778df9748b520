"""Opens the worker's database and its stores."""

from pathlib import Path
from typing import Final, Self

from db.engine import DatabaseEngine, check, close, open_engine, upgrade
from worker.store.keys import KeyStore
from worker.store.requests import RequestStore
from worker.store.tables import VERSION_TABLE
from worker.store.uploads import UploadStore
from worker.store.webhooks import WebhookStore

MIGRATIONS: Final = Path(__file__).parents[1] / "migrations"


class WorkerDatabase:
    """An open database. All stores raise StoreError and its subclasses, or StorageFull."""

    def __init__(self, engine: DatabaseEngine) -> None:
        self._engine = engine
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
        return cls(engine)

    async def check(self) -> None:
        """Read everything, however long it takes. Raises DatabaseDamaged."""
        await check(self._engine)

    async def close(self) -> None:
        """Close every connection, after the commits under way."""
        await close(self._engine)
