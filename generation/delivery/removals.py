"""Deleting for real: the clip's file, its messages and the platform's files, until they are gone.

A deleted job's delivery is due like an outcome: so it survives a restart, is held by one process,
and is tried again while a chat is away.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from generation.delivery.leases import DeliveryLeases
from generation.domain.delivery import Delivery
from generation.domain.job import Job
from generation.domain.refs import Platform
from generation.ports import ArtifactStore, Messenger, Store, Transaction
from generation.protocol.backoff import Backoff
from generation.protocol.clock import Clock
from generation.protocol.errors import (
    ArtifactError,
    DeliveryDelayed,
    DeliveryError,
    DeliveryStepFailed,
)

REMOVED: Final = "removed"
"""The delivery step of a removal that is done."""
_MOST_TRIES: Final = 1000
"""With pauses of minutes, about a week."""


async def delete(tx: Transaction, job: Job, at: datetime) -> Job:
    """Mark an ended job as deleted, within a transaction; the relay then takes everything away.

    The row stays for the ledger and for its re-rolls. Raises IllegalTransition for a job that has
    not ended.
    """
    if job.deleted_at is not None:
        return job
    deleted = job.deleted(at)
    await tx.save_job(deleted, was=job)
    delivery = await tx.delivery_of(job.id)
    if delivery is not None:
        await tx.save_delivery(delivery.changed(at, is_private=job.is_private))
    return deleted


async def show_anew(tx: Transaction, changed: Job, *, was: Job, at: datetime) -> None:
    """Save what was decided about a clip, within a transaction; its message follows, where there is
    one."""
    if changed.looks_like(was):
        return
    await tx.save_job(changed, was=was)
    if was.channel.server.platform is Platform.TERMINAL:
        return  # its file stays as it was written, and nobody would take the delivery
    delivery = await tx.delivery_of(was.id)
    if delivery is not None and delivery.message is not None:
        await tx.save_delivery(delivery.changed(at, is_private=was.is_private))


class Removals:
    """Takes away what a deleted job has left behind."""

    def __init__(
        self,
        artifacts: ArtifactStore,
        messengers: Mapping[Platform, Messenger],
        leases: DeliveryLeases,
        store: Store,
        *,
        clock: Clock,
        retry: Backoff,
    ) -> None:
        self._artifacts = artifacts
        self._messengers = messengers
        self._leases = leases
        self._store = store
        self._clock = clock
        self._retry = retry

    async def remove(self, job: Job, delivery: Delivery) -> Delivery:
        """Remove the clip, then its messages. A delivery of a deleted job that is SENT has nothing
        left; one that is ABANDONED has a message that the chat keeps, and why."""
        try:
            await self.remove_clip(job)
            await self._retract(job, delivery)
        except DeliveryStepFailed as error:
            reason = error.reason
            return await self._leases.finish(delivery, lambda stored: stored.abandoned(reason))
        except DeliveryError as error:
            return await self._put_off(delivery, error)
        now = self._clock.now()
        return await self._leases.finish(
            delivery, lambda stored: replace(stored.sent(None, now), step=REMOVED)
        )

    async def remove_clip(self, job: Job) -> None:
        """Remove the clip's file, and note that it is gone. Raises DeliveryDelayed, StoreError."""
        if job.artifact is None:
            return
        try:
            await self._artifacts.delete(job.artifact)
        except ArtifactError as error:
            raise DeliveryDelayed("the clip cannot be removed at the moment") from error
        async with self._store.transaction() as tx:
            stored = await tx.job(job.id)
            if stored is not None:
                await tx.save_job(replace(stored, artifact=None), was=stored)

    async def _retract(self, job: Job, delivery: Delivery) -> None:
        messenger = self._messengers.get(delivery.channel.server.platform)
        # nothing was posted, or nobody here can take it away
        if messenger is not None:
            await messenger.retract(job, delivery)

    async def _put_off(self, delivery: Delivery, error: DeliveryError) -> Delivery:
        if delivery.attempts >= _MOST_TRIES:
            return await self._leases.finish(
                delivery, lambda stored: stored.abandoned(error.reason)
            )
        after = error.retry_after if isinstance(error, DeliveryDelayed) else None
        pause = self._retry.with_retry_after(delivery.attempts + 1, after)
        until = self._clock.now() + timedelta(seconds=pause)
        return await self._leases.finish(delivery, lambda stored: stored.delayed(until))
