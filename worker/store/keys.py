"""API keys: digests of their secrets, never the secrets."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update

from db.engine import DatabaseEngine, begin_read, begin_write
from worker.store.tables import keys


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An API key. ``digest`` is the SHA-256 of its secret in hex, ``max_open`` the limit of its
    unfinished requests."""

    id: str
    digest: str
    created_at: datetime
    low_priority: bool = False
    max_open: int | None = None
    revoked_at: datetime | None = None


class KeyStore:
    """Keys by id. Revoked keys are kept, so that no id is used twice."""

    def __init__(self, engine: DatabaseEngine) -> None:
        self._engine = engine

    async def all(self) -> tuple[StoredKey, ...]:
        """All keys, revoked ones too, oldest first."""
        statement = select(keys).order_by(keys.c.created_at, keys.c.id)
        async with begin_read(self._engine) as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return tuple(StoredKey(**row) for row in rows)

    async def add(self, key: StoredKey) -> bool:
        """Store a new key; False when its id is or was in use."""
        same_id = select(keys.c.id).where(keys.c.id == key.id)
        values = {column.name: getattr(key, column.name) for column in keys.columns}
        async with begin_write(self._engine) as connection:
            # revoked keys count too
            if (await connection.execute(same_id)).first() is not None:
                return False
            await connection.execute(insert(keys).values(values))
        return True

    async def revoke(self, key_id: str, now: datetime) -> bool:
        """Revoke a key; False when there is no such key, or it is revoked already."""
        usable = (keys.c.id == key_id, keys.c.revoked_at.is_(None))
        async with begin_write(self._engine) as connection:
            result = await connection.execute(update(keys).where(*usable).values(revoked_at=now))
        return result.rowcount == 1
