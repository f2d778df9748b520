"""What is asked of the deliveries table, by meaning."""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, bindparam, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from db.cipher import Cipher
from db.rows import delivery_of, delivery_values, job_of
from db.schema import OWED, deliveries, jobs
from db.unreadable import Read, Unreadable, first
from generation.delivery import Delivery
from generation.errors import StaleJob
from generation.job import Job, JobId
from generation.places import MessageRef, Platform
from generation.ports import Lease

_DELIVERY: Final = select(deliveries).where(deliveries.c.job_id == bindparam("job"))
_DELIVERY_TO_CHANGE: Final = _DELIVERY.with_for_update()
_ADD: Final = insert(deliveries).inline()
_SAVE: Final = update(deliveries).where(deliveries.c.job_id == bindparam("job"))


async def delivery(connection: AsyncConnection, job_id: JobId, cipher: Cipher) -> Delivery | None:
    """The delivery of that job."""
    return await first(connection, _DELIVERY, _reading(cipher), {"job": job_id})


async def delivery_to_change(connection: AsyncConnection, job_id: JobId, cipher: Cipher) -> Delivery | None:
    """The delivery of that job, held until the transaction ends."""
    return await first(connection, _DELIVERY_TO_CHANGE, _reading(cipher), {"job": job_id})


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
    return await first(connection, shown, job_of)


async def owed_deliveries(
    connection: AsyncConnection,
    now: datetime,
    *,
    owner: str,
    platforms: frozenset[Platform],
    limit: int,
    cipher: Cipher,
    unreadable: Unreadable,
) -> list[tuple[Job, Delivery]]:
    """Outcomes that are due in the channels of these platforms and that nobody else holds, the longest due first."""
    due = (
        select(jobs, deliveries)
        .join(deliveries, deliveries.c.job_id == jobs.c.id)
        .where(_due(now), _free_for(owner, now), deliveries.c.platform.in_([p.value for p in platforms]))
        .order_by(deliveries.c.next_attempt_at, jobs.c.number)
        .limit(limit)
    )
    read = _reading(cipher)
    return await unreadable.readable(connection, due, lambda row: (job_of(row), read(row)))


async def claim(connection: AsyncConnection, job_id: JobId, lease: Lease, now: datetime) -> bool:
    """Take an outcome that is due and that nobody else holds; False when somebody does, or it has arrived since."""
    taken = update(deliveries).where(deliveries.c.job_id == job_id, _due(now), _free_for(lease.owner, now))
    held_by = {"lease_owner": lease.owner, "lease_until": lease.until}
    return (await connection.execute(taken.values(**held_by))).rowcount == 1


async def release(connection: AsyncConnection, job_id: JobId, owner: str) -> None:
    """Give an outcome back, if it is still this owner's."""
    mine = update(deliveries).where(deliveries.c.job_id == job_id, deliveries.c.lease_owner == owner)
    await connection.execute(mine.values(lease_owner=None, lease_until=None))


async def renew_leases(connection: AsyncConnection, lease: Lease) -> None:
    """Hold on to every outcome that this owner holds."""
    mine = update(deliveries).where(OWED, deliveries.c.lease_owner == lease.owner)
    await connection.execute(mine.values(lease_until=lease.until))


async def add(connection: AsyncConnection, delivery: Delivery, cipher: Cipher) -> None:
    """Insert a new job's delivery."""
    await connection.execute(_ADD, delivery_values(delivery, cipher))


async def save(connection: AsyncConnection, delivery: Delivery, cipher: Cipher) -> None:
    """Write a delivery's new state. Raises StaleJob when there is none any more."""
    values = {**delivery_values(delivery, cipher), "job": delivery.job_id}
    if (await connection.execute(_SAVE, values)).rowcount == 0:
        raise StaleJob(delivery.job_id)


def _reading(cipher: Cipher) -> Read[Delivery]:
    return lambda row: delivery_of(row, cipher)


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(OWED, deliveries.c.next_attempt_at <= now)


def _free_for(owner: str, now: datetime) -> ColumnElement[bool]:
    until = deliveries.c.lease_until
    return or_(until.is_(None), until <= now, deliveries.c.lease_owner == owner)
