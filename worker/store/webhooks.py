"""The webhooks that are owed: one for each request that ended and named a URL, until it is delivered or given up."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import begin_read, begin_write
from worker.store.tables import webhooks


@dataclass(frozen=True, slots=True)
class OwedWebhook:
    """A webhook that was tried so many times."""

    request_id: str
    attempts: int
    next_attempt_at: datetime


class WebhookStore:
    """Owed webhooks by request. They come to be in the transaction that ends their request."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def due(self, now: datetime, at_most: int) -> tuple[OwedWebhook, ...]:
        """Those whose next attempt has come, the longest overdue first."""
        statement = select(webhooks).where(webhooks.c.next_attempt_at <= now).order_by(webhooks.c.next_attempt_at)
        async with begin_read(self._engine) as connection:
            rows = (await connection.execute(statement.limit(at_most))).mappings().all()
        return tuple(OwedWebhook(**row) for row in rows)

    async def next_attempt_at(self) -> datetime | None:
        """When the next one is due; None when nothing is owed."""
        async with begin_read(self._engine) as connection:
            moment: datetime | None = (await connection.execute(select(func.min(webhooks.c.next_attempt_at)))).scalar()
        return moment

    async def postpone(self, request_id: str, attempts: int, until: datetime) -> None:
        """Not delivered; try again then."""
        statement = update(webhooks).where(webhooks.c.request_id == request_id)
        async with begin_write(self._engine) as connection:
            await connection.execute(statement.values(attempts=attempts, next_attempt_at=until))

    async def settle(self, request_id: str) -> None:
        """Delivered, or given up: nothing is owed any more."""
        async with begin_write(self._engine) as connection:
            await connection.execute(delete(webhooks).where(webhooks.c.request_id == request_id))
