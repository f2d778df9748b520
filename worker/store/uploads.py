"""What is known of uploaded files; the files themselves lie in a folder."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import begin_read, begin_write
from worker.store.tables import uploads


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """A complete upload: ``name`` is its file in the folder, ``file_name`` what its owner calls it; size in bytes."""

    name: str
    owner: str
    content_type: str
    file_name: str
    size: int
    created_at: datetime
    expires_at: datetime


class UploadStore:
    """Uploads by name."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, upload: StoredUpload) -> None:
        """Keep a complete upload."""
        values = {column.name: getattr(upload, column.name) for column in uploads.columns}
        async with begin_write(self._engine) as connection:
            await connection.execute(insert(uploads).values(values))

    async def find(self, name: str) -> StoredUpload | None:
        """An upload by the name of its file."""
        async with begin_read(self._engine) as connection:
            row = (await connection.execute(select(uploads).where(uploads.c.name == name))).mappings().first()
        return None if row is None else StoredUpload(**row)

    async def bytes_by_owner(self) -> dict[str, int]:
        """How much each owner's uploads take together."""
        statement = select(uploads.c.owner, func.sum(uploads.c.size)).group_by(uploads.c.owner)
        async with begin_read(self._engine) as connection:
            return {owner: int(size) for owner, size in (await connection.execute(statement)).all()}

    async def count_by_owner(self) -> dict[str, int]:
        """How many uploads each owner has."""
        statement = select(uploads.c.owner, func.count()).group_by(uploads.c.owner)
        async with begin_read(self._engine) as connection:
            return {owner: int(count) for owner, count in (await connection.execute(statement)).all()}

    async def names(self) -> frozenset[str]:
        """The names of all uploads."""
        async with begin_read(self._engine) as connection:
            return frozenset((await connection.execute(select(uploads.c.name))).scalars().all())

    async def forget_expired(self, now: datetime) -> tuple[StoredUpload, ...]:
        """Drop uploads whose time is over; returns them, for their files have to go too."""
        statement = delete(uploads).where(uploads.c.expires_at <= now).returning(uploads)
        async with begin_write(self._engine) as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return tuple(StoredUpload(**row) for row in rows)
