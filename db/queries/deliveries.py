"""The deliveries table: every statement about it, and the methods that run it.

What a method promises is written in :mod:`generation.ports`.
"""

from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import RowMapping, and_, bindparam, insert, literal_column, or_, select, update

from db.dialects import LeaseEnd, LeaseNow, lease_parameters
from db.encryption import Cipher
from db.queries.corrupt_rows import first, first_to_change
from db.queries.mapping import (
    NO_LEASE,
    answer_values,
    delivery_from_row,
    delivery_values,
    job_from_row,
    message_values,
)
from db.queries.parts import StorePart, TransactionPart
from db.schema import OWED, deliveries, jobs
from generation.domain.delivery import Answer, Delivery, DeliveryStatus
from generation.domain.job import Job, JobId
from generation.domain.refs import MessageRef, Platform
from generation.ports import Lease
from generation.protocol.errors import StaleJob

# not "job_id": in an UPDATE, SQLAlchemy keeps the columns' names for the new values
_OF_JOB: Final = deliveries.c.job_id == bindparam("job")
_IS_DUE: Final = and_(OWED, deliveries.c.next_attempt_at <= bindparam("now"))
_IS_OWN: Final = deliveries.c.lease_owner == bindparam("owner")
_IS_FREE: Final = or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until <= LeaseNow())

_DELIVERY: Final = select(deliveries).where(_OF_JOB)
# SQLite has no FOR UPDATE and SQLAlchemy leaves it out there
_DELIVERY_TO_CHANGE: Final = _DELIVERY.with_for_update()
_JOB_OF_MESSAGE: Final = (
    select(jobs)
    .join(deliveries, deliveries.c.job_id == jobs.c.id)
    # Neither thread nor server: a reaction names no thread and a direct message has no server.
    # Message ids are unique in their channel, channel ids on their platform.
    .where(
        deliveries.c.message_id == bindparam("message"),
        deliveries.c.message_channel == bindparam("channel"),
        deliveries.c.platform == bindparam("platform"),
    )
    .order_by(jobs.c.number.desc())  # several jobs may have used one message
    .limit(1)
)
# nothing of it is in a chat, so it is anybody's who can delete the file
_DELETED_OF_TERMINAL: Final = and_(
    deliveries.c.platform == Platform.TERMINAL.value, jobs.c.deleted_at.is_not(None)
)
_IS_SERVED: Final = deliveries.c.platform.in_(bindparam("platforms", expanding=True))
_OWED: Final = (
    select(jobs, deliveries)
    .join(deliveries, deliveries.c.job_id == jobs.c.id)
    .where(
        _IS_DUE,
        or_(_IS_OWN, _IS_FREE),
        or_(_IS_SERVED, _DELETED_OF_TERMINAL),
    )
    .order_by(deliveries.c.next_attempt_at, jobs.c.number)
    .limit(bindparam("most"))
)
_INSERT: Final = insert(deliveries).inline()
_SAVE: Final = update(deliveries).where(_OF_JOB)
_SHOW_OPEN: Final = update(deliveries).where(
    _OF_JOB, deliveries.c.status == literal_column(f"'{DeliveryStatus.OPEN}'")
)
_CLAIM: Final = (
    update(deliveries)
    .where(_OF_JOB, _IS_DUE, or_(_IS_OWN, _IS_FREE))
    .values(lease_owner=bindparam("owner"), lease_until=LeaseEnd())
)
_RELEASE: Final = update(deliveries).where(_OF_JOB, _IS_OWN).values(**NO_LEASE)
_RENEW: Final = update(deliveries).where(OWED, _IS_OWN).values(lease_until=LeaseEnd())


class DeliveryStore(StorePart):
    """What the store reads of deliveries."""

    async def delivery_of(self, job_id: JobId) -> Delivery | None:
        reader = partial(delivery_from_row, cipher=self._cipher)
        async with self._read() as connection:
            return await first(connection, _DELIVERY, reader, {"job": job_id})

    async def job_of_message(self, message: MessageRef) -> Job | None:
        values = {
            "message": message.id,
            "channel": message.channel.id,
            "platform": message.channel.server.platform.value,
        }
        async with self._read() as connection:
            return await first(connection, _JOB_OF_MESSAGE, job_from_row, values)

    async def owed_deliveries(
        self, now: datetime, *, owner: str, platforms: frozenset[Platform], limit: int
    ) -> list[tuple[Job, Delivery]]:
        names = [platform.value for platform in platforms]
        values = {"now": now, "owner": owner, "platforms": names, "most": limit}
        reader = partial(_job_and_delivery, cipher=self._cipher)
        async with self._read() as connection:
            return await self._unreadable_deliveries.read_others(connection, _OWED, reader, values)

    async def renew_delivery_leases(self, lease: Lease) -> None:
        async with self._write() as connection:
            await connection.execute(_RENEW, lease_parameters(lease))


class DeliveryTransaction(TransactionPart):
    """What a transaction reads and writes of deliveries."""

    async def delivery_of(self, job_id: JobId) -> Delivery | None:
        reader = partial(delivery_from_row, cipher=self._cipher)
        return await first_to_change(self._connection, _DELIVERY_TO_CHANGE, reader, {"job": job_id})

    async def show_open_delivery(
        self, job_id: JobId, message: MessageRef, answer: Answer | None
    ) -> bool:
        # without an answer the one that was stored with the job stays
        answered = {} if answer is None else answer_values(answer, self._cipher)
        values = {**message_values(message), **answered, "job": job_id}
        return await self._change(_SHOW_OPEN, values) == 1

    async def save_delivery(self, delivery: Delivery) -> None:
        values = {**delivery_values(delivery, self._cipher), "job": delivery.job_id}
        # deleting a job deletes its delivery
        if await self._change(_SAVE, values) == 0:
            raise StaleJob(delivery.job_id)

    async def claim_delivery(self, job_id: JobId, lease: Lease, now: datetime) -> bool:
        values = {**lease_parameters(lease), "job": job_id, "now": now}
        return await self._change(_CLAIM, values) == 1

    async def release_delivery(self, job_id: JobId, owner: str) -> None:
        await self._change(_RELEASE, {"job": job_id, "owner": owner})

    async def _insert_delivery(self, delivery: Delivery) -> None:
        await self._change(_INSERT, delivery_values(delivery, self._cipher))


def _job_and_delivery(row: RowMapping, cipher: Cipher) -> tuple[Job, Delivery]:
    return job_from_row(row), delivery_from_row(row, cipher)
