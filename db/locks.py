"""Row and advisory locks on PostgreSQL. SQLite needs none: it has one writer at a time.

Locks are taken in one order (origin, server, budget, rows of jobs and deliveries), so that no two
transactions can deadlock. All of them end with the transaction.
"""

from sqlalchemy import func, select

from db.connection import DatabaseConnection
from db.dialects import insert_or
from db.schema import cleaned, servers


class Locks:
    """The locks of one transaction."""

    def __init__(self, connection: DatabaseConnection) -> None:
        self._connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"
        # a second SELECT … FOR UPDATE would be a round trip for nothing
        self._held: set[str] = set()

    async def lock_origin(self, origin: str) -> None:
        """Wait for any other transaction that adds a job for this origin, and keep others out."""
        if not self._is_sqlite:
            # an origin without a job has no row to lock
            key = func.hashtextextended(cleaned(origin), 0)
            await self._connection.execute(select(func.pg_advisory_xact_lock(key)))

    async def lock(self, *keys: str) -> None:
        """Lock the rows of these keys in ``servers``, in this order: a server's ``platform:id``, or
        :data:`generation.rules.ledger.EVERYWHERE` for the budget of all servers."""
        if self._is_sqlite:
            return
        for key in keys:
            await self._lock(key)

    async def _lock(self, key: str) -> None:
        if key in self._held:
            return
        if not await self._lock_row(key):
            # a server's first transaction makes the row; another may do so at the same moment
            await self._connection.execute(
                insert_or(self._connection.dialect.name, servers)
                .values(server=key)
                .on_conflict_do_nothing()
            )
            await self._lock_row(key)
        self._held.add(key)

    async def _lock_row(self, key: str) -> bool:
        row = select(servers).where(servers.c.server == key).with_for_update()
        return (await self._connection.execute(row)).first() is not None
