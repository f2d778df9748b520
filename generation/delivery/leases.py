"""Leases on deliveries: of several processes on one database, one holds each outcome until it has
arrived."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from generation.delivery.ready_notices import ready_notice, wants_to_be_told
from generation.domain.delivery import Delivery, DeliveryStatus
from generation.domain.job import Job, JobId
from generation.domain.refs import Platform
from generation.ports import Lease, Store, Wake
from generation.protocol.clock import Clock

RENEWALS_PER_LEASE: Final = 3
_FAR: Final = timedelta(days=7)
"""Longer than any pause between two attempts."""
_MOST: Final = 1000


async def retry_now(store: Store, platform: Platform, now: datetime) -> None:
    """Make the outcomes of a platform due that wait after a failed attempt. Raises StoreError."""
    platforms = frozenset({platform})
    # that far ahead no lease holds, so those that another process holds are found too; for them
    # nothing changes, they are due already
    waiting = await store.owed_deliveries(now + _FAR, owner="", platforms=platforms, limit=_MOST)
    for job, delivery in waiting:
        if delivery.attempts and (delivery.next_attempt_at or now) > now:
            async with store.transaction() as tx:
                stored = await tx.delivery_of(job.id)
                if stored is not None and stored.status is DeliveryStatus.OWED:
                    await tx.save_delivery(replace(stored, next_attempt_at=now))


class DeliveryLeases:
    """The outcomes that this process delivers. Every method raises StoreError.

    A claim ends with its step, or ``seconds`` after its last renewal, so that what a dead process
    held becomes free. ``owner`` is the name on the claims; a restart under the same name takes them
    up at once. ``noticed`` wakes who posts notices.
    """

    def __init__(
        self,
        store: Store,
        owner: str,
        *,
        clock: Clock,
        seconds: float,
        noticed: Wake = lambda: None,
    ) -> None:
        self._noticed = noticed
        self._store = store
        self._owner = owner
        self._clock = clock
        self._duration = timedelta(seconds=seconds)
        self._renew_at = clock.now()

    async def due(self, platforms: frozenset[Platform], limit: int) -> list[Job]:
        """Jobs whose outcome is due and held by no other process, the longest due first."""
        now = self._clock.now()
        owed = await self._store.owed_deliveries(
            now, owner=self._owner, platforms=platforms, limit=limit
        )
        return [job for job, _ in owed]

    async def claim(self, *job_ids: JobId) -> dict[JobId, Delivery]:
        """The deliveries as they are now, held by this process; without those that another process
        took first, or that are no longer due."""
        claimed: dict[JobId, Delivery] = {}
        async with self._store.transaction() as tx:
            # in one order everywhere: on PostgreSQL two processes could else wait for each other
            for job_id in sorted(job_ids):
                # claim and read in one transaction, so that the row is ours as we see it
                if await tx.claim_delivery(job_id, self._lease(), self._clock.now()):
                    delivery = await tx.delivery_of(job_id)
                    if delivery is not None:
                        claimed[job_id] = delivery
        return claimed

    async def finish(
        self,
        delivery: Delivery,
        change: Callable[[Delivery], Delivery],
        *,
        of: Job | None = None,
    ) -> Delivery:
        """Change the delivery as it is stored now, and release it; with the job that was delivered
        in ``of`` it stays due where the clip was deleted, hidden or covered meanwhile.
        Its asker is owed a notice where they want to be told that it has arrived."""
        # read before: what a transaction reads of a server it locks
        told = of is not None and await wants_to_be_told(self._store, of, self._clock.now())
        notice = None
        async with self._store.transaction() as tx:
            # the job before its delivery, as those who delete or hide it read them: on PostgreSQL
            # the two could else wait for each other
            stored = None if of is None else await tx.job(delivery.job_id)
            # the first answer may have been recorded since the delivery was claimed
            before = await tx.delivery_of(delivery.job_id) or delivery
            changed = change(before)
            if of is not None and stored is not None and not stored.looks_like(of):
                changed = changed.changed(self._clock.now(), is_private=stored.is_private)
            await tx.save_delivery(changed)
            await tx.release_delivery(delivery.job_id, self._owner)
            if of is not None and told:
                notice = ready_notice(of, before, changed, self._clock.now())
            if notice is not None:
                await tx.add_notice(notice)
        if notice is not None:
            self._noticed()
        return changed

    async def note(self, job_id: JobId, note: str) -> None:
        """Save a messenger's note with its delivery."""
        async with self._store.transaction() as tx:
            delivery = await tx.delivery_of(job_id)
            if delivery is not None:
                await tx.save_delivery(delivery.noted(note))

    async def renew(self) -> None:
        """Renew all claims, where it is time for that; call it regularly."""
        now = self._clock.now()
        if now >= self._renew_at:
            await self._store.renew_delivery_leases(self._lease())
            self._renew_at = now + self._duration / RENEWALS_PER_LEASE

    def _lease(self) -> Lease:
        return Lease(self._owner, self._clock.now(), self._duration.total_seconds())
