"""The webhooks table: one row for each finished request with a webhook, until it is delivered or
given up."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update

from db.engine import DatabaseEngine, begin_read, begin_write
from worker.store.tables import webhooks


@dataclass(frozen=True, slots=True)
class OwedWebhook:
    """A webhook to deliver; ``attempts`` have failed so far."""

    request_id: str
    attempts: int
    next_attempt_at: datetime


class WebhookStore:
    """Webhooks to deliver, by request. :class:`worker.store.requests.RequestStore` adds them."""

    def __init__(self, engine: DatabaseEngine) -> None:
        self._engine = engine

    async def due(self, now: datetime, at_most: int) -> tuple[OwedWebhook, ...]:
        """The webhooks whose next attempt is due, the longest due first."""
        statement = (
            select(webhooks)
            .where(webhooks.c.next_attempt_at <= now)
            .order_by(webhooks.c.next_attempt_at)
        )
        async with begin_read(self._engine) as connection:
            rows = (await connection.execute(statement.limit(at_most))).mappings().all()
        return tuple(OwedWebhook(**row) for row in rows)

    async def next_attempt_at(self) -> datetime | None:
        """When the next attempt is due; None without a webhook."""
        async with begin_read(self._engine) as connection:
            # the minimum of a column with an index: SQLite reads one entry
            due: datetime | None = await connection.scalar(
                select(func.min(webhooks.c.next_attempt_at))
            )
        return due

    async def postpone(self, request_id: str, attempts: int, until: datetime) -> None:
        """Write a failed attempt: the next one is due at ``until``."""
        statement = update(webhooks).where(webhooks.c.request_id == request_id)
        async with begin_write(self._engine) as connection:
            await connection.execute(statement.values(attempts=attempts, next_attempt_at=until))

    async def delete(self, request_id: str) -> None:
        """Delete a webhook that was delivered or given up."""
        async with begin_write(self._engine) as connection:
            await connection.execute(delete(webhooks).where(webhooks.c.request_id == request_id))
