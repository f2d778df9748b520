"""Keys that callers may use: digests of their secrets, never the secrets."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import begin_read, begin_write
from worker.store.tables import keys


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key. ``digest`` is the SHA-256 of its secret in hex; ``max_open`` bounds its unfinished requests."""

    id: str
    digest: str
    created_at: datetime
    low_priority: bool = False
    max_open: int | None = None
    revoked_at: datetime | None = None


class KeyStore:
    """Keys by id. Revoked ones stay, so that their ids are never given to somebody else."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def all(self) -> tuple[StoredKey, ...]:
        """Every key, oldest first, revoked ones too."""
        async with begin_read(self._engine) as connection:
            rows = (await connection.execute(select(keys).order_by(keys.c.created_at, keys.c.id))).mappings().all()
        return tuple(StoredKey(**row) for row in rows)

    async def add(self, key: StoredKey) -> bool:
        """Keep a new key; False when its id is in use, or was."""
        async with begin_write(self._engine) as connection:
            if (await connection.execute(select(keys.c.id).where(keys.c.id == key.id))).first() is not None:
                return False
            values = {column.name: getattr(key, column.name) for column in keys.columns}
            await connection.execute(insert(keys).values(values))
        return True

    async def revoke(self, key_id: str, now: datetime) -> bool:
        """The key may be used no more; False when there is none that might."""
        usable = (keys.c.id == key_id, keys.c.revoked_at.is_(None))
        async with begin_write(self._engine) as connection:
            result = await connection.execute(update(keys).where(*usable).values(revoked_at=now))
        return result.rowcount == 1
