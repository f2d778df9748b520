"""Opens the worker's database, and hands out its stores."""

from pathlib import Path
from typing import Final, Self

from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import close, open_engine, upgrade
from worker.store.keys import KeyStore
from worker.store.requests import RequestStore
from worker.store.tables import VERSION_TABLE
from worker.store.uploads import UploadStore
from worker.store.webhooks import WebhookStore

MIGRATIONS: Final = Path(__file__).parents[1] / "migrations"


class WorkerDatabase:
    """One open database. All stores raise StoreError and its children, or StorageFull, when the disk fails."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.requests = RequestStore(engine)
        self.webhooks = WebhookStore(engine)
        self.keys = KeyStore(engine)
        self.uploads = UploadStore(engine)

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the database, making or upgrading it. Raises DatabaseTooNew when a newer worker made it."""
        engine = open_engine(url)
        try:
            await upgrade(engine, MIGRATIONS, VERSION_TABLE)
        except BaseException:
            await engine.dispose()
            raise
        return cls(engine)

    async def close(self) -> None:
        """Let go of the database."""
        await close(self._engine)
