"""Who has to wait for whom on PostgreSQL. On SQLite a writer is alone from its first statement: nothing to do.

Locks are taken in one order: origin, server, budget, then rows of jobs and deliveries. Each ends with its transaction.
"""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.schema import cleaned, servers
from db.upsert import insert_or
from generation.ledger import EVERYWHERE
from generation.places import ServerRef


class Locks:
    """The locks of one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._held: set[str] = set()

    async def hold_origin(self, origin: str) -> None:
        """Of two processes that were handed the same event, the second finds what the first one adds."""
        if not self._alone():
            key = func.hashtextextended(cleaned(origin), 0)
            await self._connection.execute(select(func.pg_advisory_xact_lock(key)))

    async def hold_server(self, server: ServerRef) -> None:
        """Nobody else reads this server's limits, policy or usage in order to change or to submit."""
        await self._hold(str(server))

    async def hold_budget(self) -> None:
        """Nobody else reads what all servers have spent in order to submit."""
        await self._hold(EVERYWHERE)

    async def _hold(self, key: str) -> None:
        if self._alone() or key in self._held:
            return
        if not await self._lock_row(key):
            await self._connection.execute(
                insert_or(self._connection.dialect.name, servers).values(server=key).on_conflict_do_nothing()
            )
            await self._lock_row(key)
        self._held.add(key)

    async def _lock_row(self, key: str) -> bool:
        row = select(servers).where(servers.c.server == key).with_for_update()
        return (await self._connection.execute(row)).first() is not None

    def _alone(self) -> bool:
        return self._connection.dialect.name == "sqlite"
