"""What is asked of the deliveries table, by meaning."""

from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.cipher import Cipher
from db.rows import delivery_of, delivery_values, job_of
from db.schema import OWED, deliveries, jobs
from generation.delivery import Delivery
from generation.errors import StaleJob
from generation.job import Job, JobId
from generation.places import MessageRef, Platform

_DELIVERY: Final = select(deliveries).where(deliveries.c.job_id == bindparam("job"))
_DELIVERY_TO_CHANGE: Final = _DELIVERY.with_for_update()
_ADD: Final = insert(deliveries).inline()
_SAVE: Final = update(deliveries).where(deliveries.c.job_id == bindparam("job"))


async def delivery(connection: AsyncConnection, job_id: JobId, cipher: Cipher) -> Delivery | None:
    """The delivery of that job."""
    row = (await connection.execute(_DELIVERY, {"job": job_id})).mappings().first()
    return None if row is None else delivery_of(row, cipher)


async def delivery_to_change(connection: AsyncConnection, job_id: JobId, cipher: Cipher) -> Delivery | None:
    """The delivery of that job, held until the transaction ends."""
    row = (await connection.execute(_DELIVERY_TO_CHANGE, {"job": job_id})).mappings().first()
    return None if row is None else delivery_of(row, cipher)


async def job_of_message(connection: AsyncConnection, message: MessageRef) -> Job | None:
    """The job that a message shows. The thread is not compared (reactions do not name it), nor is the server: message
    ids are unique in their channel, channel ids on their platform, and a direct message belongs to no server."""
    shown = (
        select(jobs)
        .join(deliveries, deliveries.c.job_id == jobs.c.id)
        .where(
            deliveries.c.message_id == message.id,
            deliveries.c.message_channel == message.channel.id,
            deliveries.c.platform == message.channel.server.platform.value,
        )
        .order_by(jobs.c.number.desc())
        .limit(1)
    )
    row = (await connection.execute(shown)).mappings().first()
    return None if row is None else job_of(row)


async def owed_deliveries(
    connection: AsyncConnection, now: datetime, platforms: frozenset[Platform], limit: int, cipher: Cipher
) -> list[tuple[Job, Delivery]]:
    """Outcomes that are due in the channels of these platforms, the longest due first."""
    due = (
        select(jobs, deliveries)
        .join(deliveries, deliveries.c.job_id == jobs.c.id)
        .where(
            OWED,
            deliveries.c.next_attempt_at <= now,
            deliveries.c.platform.in_([p.value for p in platforms]),
        )
        .order_by(deliveries.c.next_attempt_at, jobs.c.number)
        .limit(limit)
    )
    rows = (await connection.execute(due)).mappings().all()
    return [(job_of(row), delivery_of(row, cipher)) for row in rows]


async def add(connection: AsyncConnection, delivery: Delivery, cipher: Cipher) -> None:
    """Insert a new job's delivery."""
    await connection.execute(_ADD, delivery_values(delivery, cipher))


async def save(connection: AsyncConnection, delivery: Delivery, cipher: Cipher) -> None:
    """Write a delivery's new state. Raises StaleJob when there is none any more."""
    values = {**delivery_values(delivery, cipher), "job": delivery.job_id}
    if (await connection.execute(_SAVE, values)).rowcount == 0:
        raise StaleJob(delivery.job_id)
