"""The uploads table; the files themselves are in a folder."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, insert, select

from db.engine import DatabaseEngine, begin_read, begin_write
from worker.store.tables import uploads


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """A complete upload: ``name`` is its file in the folder, ``file_name`` its owner's name for it,
    ``size`` in bytes."""

    name: str
    owner: str
    content_type: str
    file_name: str
    size: int
    created_at: datetime
    expires_at: datetime


class UploadStore:
    """Uploads by name."""

    def __init__(self, engine: DatabaseEngine) -> None:
        self._engine = engine

    async def add(self, upload: StoredUpload) -> None:
        """Store a complete upload."""
        values = {column.name: getattr(upload, column.name) for column in uploads.columns}
        async with begin_write(self._engine) as connection:
            await connection.execute(insert(uploads).values(values))

    async def find(self, name: str) -> StoredUpload | None:
        """The upload in this file."""
        statement = select(uploads).where(uploads.c.name == name)
        async with begin_read(self._engine) as connection:
            row = (await connection.execute(statement)).mappings().first()
        return None if row is None else StoredUpload(**row)

    async def bytes_by_owner(self) -> dict[str, int]:
        """The total size of each owner's uploads."""
        return await self._by_owner(func.sum(uploads.c.size))

    async def count_by_owner(self) -> dict[str, int]:
        """The number of each owner's uploads."""
        return await self._by_owner(func.count())

    async def names(self) -> frozenset[str]:
        """The names of all uploads' files."""
        async with begin_read(self._engine) as connection:
            return frozenset((await connection.execute(select(uploads.c.name))).scalars().all())

    async def delete_expired(self, now: datetime) -> tuple[StoredUpload, ...]:
        """Delete expired uploads; their files stay on disk."""
        # RETURNING: the caller deletes exactly the files of these rows
        statement = delete(uploads).where(uploads.c.expires_at <= now).returning(uploads)
        async with begin_write(self._engine) as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return tuple(StoredUpload(**row) for row in rows)

    async def _by_owner(self, total: ColumnElement[int]) -> dict[str, int]:
        statement = select(uploads.c.owner, total).group_by(uploads.c.owner)
        async with begin_read(self._engine) as connection:
            return {owner: int(n) for owner, n in (await connection.execute(statement)).all()}
