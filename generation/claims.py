"""Who brings which outcome: of several processes on one database each outcome has one, until it has arrived."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from generation.delivery import Delivery
from generation.job import Job, JobId
from generation.places import Platform
from generation.ports import Clock, Lease, Store

RENEWALS_PER_LEASE: Final = 3


class Claims:
    """The outcomes that this process brings. A claim ends with its step, or ``seconds`` after its last renewal: what a
    dead process held is free then. ``owner`` is the name on the claims; under the same name they are taken up at once.
    """

    def __init__(self, store: Store, owner: str, *, clock: Clock, seconds: float) -> None:
        self._store = store
        self._owner = owner
        self._clock = clock
        self._lasts = timedelta(seconds=seconds)
        self._keep_at = clock.now()

    async def due(self, platforms: frozenset[Platform], limit: int) -> list[Job]:
        """Jobs whose outcome is due and held by nobody else, the longest due first. Raises StoreError."""
        now = self._clock.now()
        owed = await self._store.owed_deliveries(now, owner=self._owner, platforms=platforms, limit=limit)
        return [job for job, _ in owed]

    async def take(self, job_id: JobId) -> Delivery | None:
        """The delivery as it is now, ours from here on; None when another was quicker, or it is not due any more."""
        async with self._store.transaction() as tx:
            if not await tx.claim_delivery(job_id, self._lease(), self._clock.now()):
                return None
            return await tx.delivery_of(job_id)

    async def settle(self, delivery: Delivery, change: Callable[[Delivery], Delivery]) -> Delivery:
        """Change the delivery as it is stored now (the first answer may have been recorded meanwhile), and let go."""
        async with self._store.transaction() as tx:
            changed = change(await tx.delivery_of(delivery.job_id) or delivery)
            await tx.save_delivery(changed)
            await tx.release_delivery(delivery.job_id, self._owner)
        return changed

    async def note(self, job_id: JobId, note: str) -> None:
        """Save a messenger's note with its delivery."""
        async with self._store.transaction() as tx:
            delivery = await tx.delivery_of(job_id)
            if delivery is not None:
                await tx.save_delivery(delivery.noted(note))

    async def keep(self) -> None:
        """Hold on to everything that is held, for as long as this is called every now and then."""
        now = self._clock.now()
        if now >= self._keep_at:
            await self._store.renew_delivery_leases(self._lease())
            self._keep_at = now + self._lasts / RENEWALS_PER_LEASE

    def _lease(self) -> Lease:
        return Lease(self._owner, self._clock.now() + self._lasts)
